"""What differs in the configurations of variants."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from kerasdeep.report import configuration
from kerasdeep.run_dir import RunDir

LAYERS = "network.layers"
_ASIDE = ("seed", "name", "description", "runtime.threads", "runtime.compile")
_DEFAULT = "default"


def between(runs: Mapping[str, RunDir]) -> list[dict[str, Any]]:
    """A row for each setting that is not the same in all: `setting`, and `values` by variant, each on one line."""
    told = {name: _told(run) for name, run in runs.items()}
    rows = []
    for key in dict.fromkeys(key for found in told.values() for key in found):
        values = {name: found.get(key, _DEFAULT) for name, found in told.items()}
        if len(set(values.values())) > 1 and key not in _ASIDE:
            rows.append({"setting": key, "values": values})
    return rows


def _told(run: RunDir) -> dict[str, str]:
    """The settings that the run has otherwise than the defaults, and its layers."""
    spec = configuration.read(run.resolved.read_text(encoding="utf-8"))
    if spec is None:
        return {}
    layers = configuration.spelled(spec.network.layers)
    return {LAYERS: layers} | {item.setting: item.value for item in configuration.differences(spec)}
