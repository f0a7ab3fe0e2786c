"""The settings in which variants differ."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from kerasdeep.config.load import parse_resolved
from kerasdeep.config.root import Config
from kerasdeep.config.schema import effect_of
from kerasdeep.report import config_summary
from kerasdeep.runs import RunDir
from kerasdeep.studies.reuse import SETTLED_PER_RUN

LAYERS_KEY = "network.layers"
_DEFAULT = "default"


def changed_settings(runs: Mapping[str, RunDir]) -> list[dict[str, Any]]:
    """One row per setting that differs: `setting`, and `values` by variant, each on one line."""
    settings_by_variant = {name: _changed_from_defaults(run) for name, run in runs.items()}
    rows = []
    for key in dict.fromkeys(key for settings in settings_by_variant.values() for key in settings):
        values = {name: settings.get(key, _DEFAULT) for name, settings in settings_by_variant.items()}
        ignored = key in SETTLED_PER_RUN or effect_of(Config, key) in ("machine", "nothing")
        if len(set(values.values())) > 1 and not ignored:
            rows.append({"setting": key, "values": values})
    return rows


def _changed_from_defaults(run: RunDir) -> dict[str, str]:
    """The settings of a run that differ from the defaults, and its layers."""
    config = parse_resolved(run.read_resolved())
    if config is None:
        return {}
    layers = config_summary.format_value(config.network.layers)
    return {LAYERS_KEY: layers} | {
        item.setting: item.value for item in config_summary.differences_from_defaults(config)
    }
