"""What a run directory says, read once: every file may be missing, the report is written from what there is."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from kerasdeep import yaml_nodes
from kerasdeep.errors import InputError
from kerasdeep.report.formatting import is_number
from kerasdeep.runs import RunDir

NON_METRIC_COLUMNS = {"stage", "epoch", "loss", "data_loss", "momentum", "seconds", "examples_per_second"}
MAPPING_FACTS = ("evaluation", "samples", "network", "data", "engine", "health", "weights", "lr_find")
SPLIT_PRIORITY = ("test", "validation", "train")
METRIC_PREFIXES = {"test": "test_", "validation": "val_", "train": ""}


@dataclass(frozen=True)
class RunFacts:
    """One run as its files tell it. A missing file is an empty mapping, list or text."""

    path: str
    result: dict[str, Any] = field(default_factory=dict)
    history: list[dict[str, Any]] = field(default_factory=list)
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
    def headline_split(self) -> str | None:
        """The part that the headline speaks of: held-out rows before validation rows before training rows."""
        splits = self.evaluation.get("parts") or {}
        return next((split for split in SPLIT_PRIORITY if split in splits), None)

    @property
    def headline_evaluation(self) -> dict[str, Any]:
        return (self.evaluation.get("parts") or {}).get(self.headline_split) or {}

    @property
    def planned_epochs(self) -> int | None:
        """Epochs over all stages; those of the configuration where a run did not get to write its stages."""
        epochs = [stage.get("epochs") for stage in self.stages] or [self.setting("training", "epochs")]
        return sum(map(int, epochs)) if all(str(n).isdecimal() for n in epochs) else None

    @property
    def best_row(self) -> int | None:
        """Which row of the history the saved model is from."""
        epoch = self.result.get("best_epoch")
        matching_rows = [number for number, row in enumerate(self.history) if row.get("epoch") == epoch]
        return matching_rows[-1] if epoch is not None and matching_rows else None

    def column(self, name: str) -> list[float | None]:
        return [row.get(name) for row in self.history]

    @property
    def columns(self) -> list[str]:
        """The history's columns in their order."""
        return list(dict.fromkeys(name for row in self.history for name in row))

    def has_values(self, name: str) -> bool:
        return any(is_number(row.get(name)) for row in self.history)

    @property
    def loss_columns(self) -> tuple[str, str]:
        """The columns to compare: the loss on data alone where it was recorded."""
        name = "data_loss" if self.has_values("data_loss") else "loss"
        return name, f"val_{name}"

    @property
    def metrics(self) -> list[str]:
        """Metrics in the history, without the loss, in the order in which they were recorded."""
        names = dict.fromkeys(name.removeprefix("val_") for name in self.columns)
        candidates = [name for name in names if name not in NON_METRIC_COLUMNS and not name.startswith("learning_rate")]
        return [name for name in candidates if self.has_values(name) or self.has_values(f"val_{name}")]

    @property
    def first_non_finite_row(self) -> int | None:
        """The first row whose loss is no number any more."""
        losses = [(row.get("loss"), row.get("val_loss")) for row in self.history]
        broken = (n for n, pair in enumerate(losses) if any(v is not None and not math.isfinite(v) for v in pair))
        return next(broken, None)

    def setting(self, *keys: str) -> str | None:
        """The text of one value in `resolved.yaml`; None where it is null, a collection or not there."""
        try:
            node: Any = yaml_nodes.parse_yaml(self.resolved, "resolved.yaml")
        except InputError:
            return None
        for key in keys:
            node = node.get(key) if isinstance(node, yaml_nodes.Mapping) else None
        return None if not isinstance(node, yaml_nodes.Scalar) or node.is_null else node.text

    @property
    def restores_best(self) -> bool:
        """Whether the configuration goes back to the best epoch's weights."""
        return self.setting("training", "early_stopping", "restore_best_weights") == "true"


def read(run: RunDir) -> RunFacts:
    """Everything in the run directory that a report speaks of."""
    try:
        result = run.read_result()
    except InputError:
        result = {}
    return RunFacts(
        path=str(run.path),
        result=result,
        history=_history_rows(run),
        **{name: _typed_or_empty(run.read_fact(name), dict) for name in MAPPING_FACTS},
        **{
            name: [item for item in _typed_or_empty(run.read_fact(name), list) if isinstance(item, dict)]
            for name in ("stages", "reconstructions")
        },
        environment=_typed_or_empty(_read_json(run.environment), dict),
        config=_read_text(run.config),
        resolved=_read_text(run.resolved),
    )


def by_keras_name(facts: RunFacts, kind: str) -> dict[str, Any]:
    """`metrics`, `intervals` or `baseline` of all parts by Keras's names, from the evaluation and the result."""
    splits = facts.evaluation.get("parts") or {}
    from_evaluation = {
        f"{METRIC_PREFIXES.get(split, '')}{name}": value
        for split in splits
        for name, value in (splits[split].get(kind) or {}).items()
    }
    return from_evaluation | (facts.result.get(kind) or {})


def held_out_metrics(facts: RunFacts) -> list[str]:
    """The metrics of held-out parts, without the part's prefix."""
    held_out = [name for name in by_keras_name(facts, "metrics") if name.startswith(("val_", "test_"))]
    return list(dict.fromkeys(name.removeprefix("val_").removeprefix("test_") for name in held_out))


def _history_rows(run: RunDir) -> list[dict[str, Any]]:
    try:
        return run.history.rows()
    except (OSError, ValueError):  # a crash can leave half a row behind
        return []


def _typed_or_empty(value: Any, expected_type: type) -> Any:
    return value if isinstance(value, expected_type) else expected_type()


def _read_json(path: Path) -> Any:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None


def _read_text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, ValueError):
        return ""
