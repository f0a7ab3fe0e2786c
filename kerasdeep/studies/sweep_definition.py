"""What a sweep is before anything is searched, and how its trials are ranked."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from kerasdeep.config import LoadedConfig, Overrides
from kerasdeep.config.sections.sweep import SweepConfig
from kerasdeep.config.sweep_space import Values, parse_goal
from kerasdeep.runs import SweepDir
from kerasdeep.studies.trial import Source


@dataclass(frozen=True)
class Sweep:
    """A file's sweep, checked.

    Attributes:
        out: The folder for run directories.
        command: How to go on with it.
    """

    name: str
    loaded: LoadedConfig
    section: SweepConfig
    source: Source
    overrides: Overrides
    folder: SweepDir
    out: Path
    command: str

    @property
    def goal(self) -> str:
        return parse_goal(self.section.goal)[0]

    @property
    def direction(self) -> str:
        return parse_goal(self.section.goal)[1]

    @property
    def trials(self) -> int:
        """Those of the whole study: a grid has no more than its combinations."""
        if self.section.sampler != "grid":
            return self.section.trials
        return min(self.section.trials, math.prod(len(one.choices or ()) for one in self.loaded.space))

    @property
    def seed(self) -> int:
        return self.loaded.config.seed

    @property
    def planned_epochs(self) -> int:
        """Epochs of a trial that is not pruned."""
        config = self.loaded.config
        return sum(stage.epochs or config.training.epochs for stage in config.stages) or config.training.epochs

    def overrides_with(self, values: Values, flags: Mapping[str, str] | None = None) -> Overrides:
        """What makes a trial of the file: the values of a space, and other settings as YAML."""
        sets = [*self.overrides.sets, *(f"{path}={json.dumps(value)}" for path, value in values.items())]
        settings = {"sweep": "null", **(flags or {})}
        return replace(
            self.overrides, sets=sets, flags={**self.overrides.flags, **{k: ("sweep", v) for k, v in settings.items()}}
        )


def ranked(rows: list[dict[str, Any]], direction: str) -> list[dict[str, Any]]:
    """The completed trials, the best first."""
    completed = [row for row in rows if row["status"] == "completed" and row["goal"] is not None]
    return sorted(completed, key=lambda row: row["goal"], reverse=direction == "maximize")
