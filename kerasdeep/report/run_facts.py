"""A run as the report sees it: its checked facts, its history and its configuration."""
# ruff: noqa: RUF009  # defaults of frozen dataclasses can be shared

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property, partial
from pathlib import Path
from typing import TypeVar

from kerasdeep import metric_names, yaml_nodes
from kerasdeep.config.load import parse_resolved
from kerasdeep.config.root import Config
from kerasdeep.errors import InputError
from kerasdeep.formatting import is_number
from kerasdeep.runs import RunDir, facts
from kerasdeep.runs.facts import (
    AugmentedPicture,
    DataFact,
    EngineFact,
    EnvironmentFact,
    EvaluationFact,
    PartMetrics,
    Reconstruction,
    ResultFact,
    SamplesFact,
)
from kerasdeep.runs.training_facts import HealthFact, LrCurve, LrFindFact, NetworkFact, StageFact, WeightsFact

NON_METRIC_COLUMNS = {"stage", "epoch", "loss", "data_loss", "momentum", "seconds", "examples_per_second"}
FACT_KINDS: dict[str, type] = {
    "evaluation": EvaluationFact,
    "samples": SamplesFact,
    "network": NetworkFact,
    "data": DataFact,
    "stages": list[StageFact],
    "reconstructions": list[Reconstruction],
    "augmentation": list[AugmentedPicture],
    "engine": EngineFact,
    "health": HealthFact,
    "weights": WeightsFact,
    "lr_find": LrFindFact,
    "environment": EnvironmentFact,
}
HistoryRow = dict[str, float | str | None]
T = TypeVar("T")


@dataclass(frozen=True)
class RunFacts:
    """One run. A fact that the run has not is empty; `left_out` says of unsound ones what is wrong, by name."""

    path: str
    result: ResultFact = ResultFact()
    history: Sequence[HistoryRow] = ()
    evaluation: EvaluationFact = EvaluationFact({})
    samples: SamplesFact = SamplesFact([])
    network: NetworkFact = NetworkFact([], 0)
    data: DataFact = DataFact({}, [])
    stages: Sequence[StageFact] = ()
    reconstructions: Sequence[Reconstruction] = ()
    augmentation: Sequence[AugmentedPicture] = ()
    engine: EngineFact = EngineFact()
    health: HealthFact = HealthFact([], [])
    weights: WeightsFact = WeightsFact([])
    lr_find: LrFindFact = LrFindFact(LrCurve([], []))
    environment: EnvironmentFact = EnvironmentFact()
    config: str = ""
    resolved: str = ""
    left_out: dict[str, str] = field(default_factory=dict)

    @property
    def absent(self) -> set[str]:
        """The names of facts that the run has not, or that were left out."""
        return {name for name in FACT_KINDS if getattr(self, name) == getattr(RunFacts, name)}

    @property
    def name(self) -> str:
        return self.result.name or Path(self.path).name

    @property
    def status(self) -> str:
        return self.result.status

    @property
    def headline_split(self) -> str:
        """The part of the data that the headline is about: test rows before validation rows before training rows."""
        return next((split for split in metric_names.PREFIXES if split in self.evaluation.parts), "train")

    @property
    def headline_part(self) -> PartMetrics:
        return self.evaluation.parts.get(self.headline_split) or PartMetrics(0, [])

    @property
    def planned_epochs(self) -> int | None:
        """Epochs over all stages; those of the configuration where a run did not get to write its stages."""
        if self.stages:
            return sum(stage.epochs for stage in self.stages)
        epochs = self.setting("training", "epochs") or ""
        return int(epochs) if epochs.isdecimal() else None

    @property
    def best_row(self) -> int | None:
        """Which row of the history the saved model is from."""
        epoch = self.result.best_epoch
        matching_rows = [number for number, row in enumerate(self.history) if row.get("epoch") == epoch]
        return matching_rows[-1] if epoch is not None and matching_rows else None

    def column(self, name: str) -> list[float | None]:
        return [value if is_number(value := row.get(name)) else None for row in self.history]

    @cached_property
    def columns(self) -> list[str]:
        """The history's columns in their order."""
        return list(dict.fromkeys(name for row in self.history for name in row))

    def has_values(self, name: str) -> bool:
        return any(value is not None for value in self.column(name))

    @property
    def loss_columns(self) -> tuple[str, str]:
        """The columns to compare: the loss on the data alone where it was recorded."""
        name = "data_loss" if self.has_values("data_loss") else "loss"
        return name, f"val_{name}"

    @cached_property
    def metrics(self) -> list[str]:
        """Metrics in the history, without the loss, in the order in which they were recorded."""
        names = dict.fromkeys(name.removeprefix("val_") for name in self.columns)
        candidates = [name for name in names if name not in NON_METRIC_COLUMNS and not name.startswith("learning_rate")]
        return [name for name in candidates if self.has_values(name) or self.has_values(f"val_{name}")]

    @property
    def first_non_finite_row(self) -> int | None:
        """The first row whose loss is not finite."""
        losses = [(row.get("loss"), row.get("val_loss")) for row in self.history]
        broken = (
            n for n, pair in enumerate(losses) if any(isinstance(v, float) and not math.isfinite(v) for v in pair)
        )
        return next(broken, None)

    @cached_property
    def parsed_config(self) -> Config | None:
        """What `resolved.yaml` says; None where this version cannot read it."""
        return parse_resolved(self.resolved)

    @cached_property
    def _resolved_node(self) -> object:
        try:
            return yaml_nodes.parse_yaml(self.resolved, "resolved.yaml")
        except InputError:
            return None

    def setting(self, *keys: str) -> str | None:
        """The text of one value in `resolved.yaml`; None where it is null, a collection or not there."""
        node = self._resolved_node
        for key in keys:
            node = node.get(key) if isinstance(node, yaml_nodes.Mapping) else None
        return None if not isinstance(node, yaml_nodes.Scalar) or node.is_null else node.text

    @property
    def restores_best(self) -> bool:
        """Whether early stopping goes back to the best epoch's weights, at the end of the last stage."""
        config = self.parsed_config
        if config is not None and config.stages:
            stopping = config.stages[-1].early_stopping
            return stopping is not None and stopping.restore_best_weights
        return self.setting("training", "early_stopping", "restore_best_weights") == "true"


def read(run: RunDir) -> RunFacts:
    """All that the report shows. What is missing stays empty, what is unsound is left out and named."""
    values: dict[str, object] = {}
    left_out: dict[str, str] = {}
    readers: dict[str, Callable[[], object]] = {
        **{name: partial(facts.read_fact, run, kind) for name, kind in FACT_KINDS.items()},
        "result": lambda: facts.read_result(run) if run.result.exists() else None,
        "history": run.history.rows,
        "config": lambda: run.read_config() if run.config.exists() else None,
        "resolved": lambda: run.read_resolved() if run.resolved.exists() else None,
    }
    for name, reader in readers.items():
        try:
            values[name] = reader()
        except FileNotFoundError:
            pass
        except InputError as error:
            left_out[name] = str(error)
        except (OSError, ValueError) as error:
            left_out[name] = f"{run.path}: {name} cannot be read ({error})."
    return RunFacts(str(run.path), **{k: v for k, v in values.items() if v is not None}, left_out=left_out)  # type: ignore[arg-type]


def by_keras_name(run: RunFacts, values_of: Callable[[PartMetrics | ResultFact], Mapping[str, T]]) -> dict[str, T]:
    """Values of all parts by Keras's names, from the evaluation and the result."""
    from_evaluation = {
        f"{metric_names.PREFIXES.get(split, '')}{name}": value
        for split, part in run.evaluation.parts.items()
        for name, value in values_of(part).items()
    }
    return {**from_evaluation, **values_of(run.result)}
