"""What a run directory says, read once: every file may be missing, the report is written from what there is."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from kerasdeep import source
from kerasdeep.errors import InputError
from kerasdeep.report.numbers import is_number
from kerasdeep.run_dir import RunDir

NOT_METRICS = {"stage", "epoch", "loss", "data_loss", "momentum", "seconds", "examples_per_second"}
MAPPINGS = ("evaluation", "samples", "network", "data", "engine", "health", "weights", "lr_find")
PARTS = ("test", "validation", "train")
PREFIX = {"test": "test_", "validation": "val_", "train": ""}


@dataclass(frozen=True)
class Facts:
    """One run as its files tell it. A missing file is an empty mapping, list or text."""

    path: str
    result: dict[str, Any] = field(default_factory=dict)
    rows: list[dict[str, Any]] = field(default_factory=list)
    evaluation: dict[str, Any] = field(default_factory=dict)
    samples: dict[str, Any] = field(default_factory=dict)
    network: dict[str, Any] = field(default_factory=dict)
    data: dict[str, Any] = field(default_factory=dict)
    stages: list[dict[str, Any]] = field(default_factory=list)
    reconstructions: list[dict[str, Any]] = field(default_factory=list)
    engine: dict[str, Any] = field(default_factory=dict)
    health: dict[str, Any] = field(default_factory=dict)
    weights: dict[str, Any] = field(default_factory=dict)
    lr_find: dict[str, Any] = field(default_factory=dict)
    environment: dict[str, Any] = field(default_factory=dict)
    config: str = ""
    resolved: str = ""

    @property
    def name(self) -> str:
        return str(self.result.get("name") or Path(self.path).name)

    @property
    def status(self) -> str:
        return self.result.get("status") or "interrupted"

    @property
    def part(self) -> str | None:
        """The part that the headline speaks of: held-out rows before validation rows before training rows."""
        parts = self.evaluation.get("parts") or {}
        return next((part for part in PARTS if part in parts), None)

    @property
    def evaluated(self) -> dict[str, Any]:
        return (self.evaluation.get("parts") or {}).get(self.part) or {}

    @property
    def planned(self) -> int | None:
        """Epochs over all stages; those of the configuration where a run did not get to write its stages."""
        epochs = [stage.get("epochs") for stage in self.stages] or [self.setting("training", "epochs")]
        return sum(map(int, epochs)) if all(str(n).isdecimal() for n in epochs) else None

    @property
    def best(self) -> int | None:
        """Which row of the history the saved model is from."""
        epoch = self.result.get("best_epoch")
        found = [number for number, row in enumerate(self.rows) if row.get("epoch") == epoch]
        return found[-1] if epoch is not None and found else None

    def column(self, name: str) -> list[float | None]:
        return [row.get(name) for row in self.rows]

    @property
    def columns(self) -> list[str]:
        """The history's columns in their order."""
        return list(dict.fromkeys(name for row in self.rows for name in row))

    def has(self, name: str) -> bool:
        return any(is_number(row.get(name)) for row in self.rows)

    @property
    def losses(self) -> tuple[str, str]:
        """The columns to compare: the loss on data alone where it was recorded."""
        name = "data_loss" if self.has("data_loss") else "loss"
        return name, f"val_{name}"

    @property
    def metrics(self) -> list[str]:
        """Metrics in the history, without the loss, in the order in which they were recorded."""
        names = dict.fromkeys(name.removeprefix("val_") for name in self.columns)
        found = [name for name in names if name not in NOT_METRICS and not name.startswith("learning_rate")]
        return [name for name in found if self.has(name) or self.has(f"val_{name}")]

    @property
    def not_finite(self) -> int | None:
        """The first row whose loss is no number any more."""
        losses = [(row.get("loss"), row.get("val_loss")) for row in self.rows]
        broken = (n for n, pair in enumerate(losses) if any(v is not None and not math.isfinite(v) for v in pair))
        return next(broken, None)

    def setting(self, *keys: str) -> str | None:
        """The text of one value in `resolved.yaml`; None where it is null, a collection or not there."""
        try:
            node: Any = source.parse(self.resolved, "resolved.yaml")
        except InputError:
            return None
        for key in keys:
            node = node.get(key) if isinstance(node, source.Mapping) else None
        return None if not isinstance(node, source.Scalar) or node.is_null else node.text

    @property
    def restores_best(self) -> bool:
        """Whether the configuration goes back to the best epoch's weights."""
        return self.setting("training", "early_stopping", "restore_best_weights") == "true"


def read(run: RunDir) -> Facts:
    """Everything in the run directory that a report speaks of."""
    try:
        result = run.read_result()
    except InputError:
        result = {}
    return Facts(
        path=str(run.path),
        result=result,
        rows=_rows(run),
        **{name: _of(run.read_fact(name), dict) for name in MAPPINGS},
        **{
            name: [one for one in _of(run.read_fact(name), list) if isinstance(one, dict)]
            for name in ("stages", "reconstructions")
        },
        environment=_of(_json(run.environment), dict),
        config=_text(run.config),
        resolved=_text(run.resolved),
    )


def by_name(facts: Facts, kind: str) -> dict[str, Any]:
    """`metrics`, `intervals` or `baseline` of all parts by Keras's names, from the evaluation and the result."""
    parts = facts.evaluation.get("parts") or {}
    measured = {
        f"{PREFIX.get(part, '')}{name}": value
        for part in parts
        for name, value in (parts[part].get(kind) or {}).items()
    }
    return measured | (facts.result.get(kind) or {})


def metric_names(facts: Facts) -> list[str]:
    """The metrics of held-out parts, without the part's prefix."""
    held = [name for name in by_name(facts, "metrics") if name.startswith(("val_", "test_"))]
    return list(dict.fromkeys(name.removeprefix("val_").removeprefix("test_") for name in held))


def _rows(run: RunDir) -> list[dict[str, Any]]:
    try:
        return run.history.rows()
    except (OSError, ValueError):  # a crash can leave half a row behind
        return []


def _of(value: Any, kind: type) -> Any:
    return value if isinstance(value, kind) else kind()


def _json(path: Path) -> Any:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, ValueError):
        return ""
