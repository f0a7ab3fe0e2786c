"""What a finished run says about how it went."""
# ruff: noqa: RUF009  # defaults of frozen dataclasses can be shared

import math
from collections.abc import Sequence
from dataclasses import dataclass

from kerasdeep.config.root import Config
from kerasdeep.runs import RunDir, facts
from kerasdeep.runs.facts import DataFact, EvaluationFact, ResultFact
from kerasdeep.runs.training_facts import NetworkFact, StageFact

HistoryRow = dict[str, float | str | None]


@dataclass(frozen=True)
class RunEvidence:
    """A run's configuration, its epochs and its facts; a fact that the run has not is empty."""

    config: Config
    history: Sequence[HistoryRow] = ()
    result: ResultFact = ResultFact()
    data: DataFact = DataFact({}, [])
    network: NetworkFact = NetworkFact([], 0)
    evaluation: EvaluationFact = EvaluationFact({})
    stages: Sequence[StageFact] = ()

    @property
    def losses(self) -> tuple[list[float], list[float]]:
        """Training and validation loss of the last stage by epoch, without penalties where they were recorded.

        Epochs in which either is missing or not finite are left out.
        """
        rows = [row for row in self.history if row.get("stage") == self.history[-1].get("stage")]
        name = "data_loss" if rows and rows[-1].get("data_loss") is not None else "loss"
        pairs = [(_finite(row.get(name)), _finite(row.get(f"val_{name}"))) for row in rows]
        known = [(train, held_out) for train, held_out in pairs if train is not None and held_out is not None]
        return [train for train, _ in known], [held_out for _, held_out in known]


def read_evidence(run: RunDir, config: Config) -> RunEvidence:
    """Of a run directory. Raises InputError where one of its files is damaged."""
    return RunEvidence(
        config,
        run.history.rows(),
        facts.read_result(run),
        facts.read_fact(run, DataFact) or DataFact({}, []),
        facts.read_fact(run, NetworkFact) or NetworkFact([], 0),
        facts.read_fact(run, EvaluationFact) or EvaluationFact({}),
        facts.read_fact(run, list[StageFact]) or (),
    )


def _finite(value: object) -> float | None:
    return value if isinstance(value, int | float) and math.isfinite(value) else None
