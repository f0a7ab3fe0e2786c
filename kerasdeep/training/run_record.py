"""What the run directory says of a run: how it began, how its phases stand, and its result."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from typing import Any

from kerasdeep import modeling
from kerasdeep.backends.runtime import describe_environment
from kerasdeep.config import resolved
from kerasdeep.config.load import LoadedConfig
from kerasdeep.config.root import Config
from kerasdeep.errors import Interrupted, Pruned
from kerasdeep.experiment import Experiment
from kerasdeep.runs import RunDir, facts, training_facts, write_json, write_text
from kerasdeep.training import failures, results
from kerasdeep.training.trainer import Trainer


class RunRecord:
    """Keeps `result.json` and the facts of the phases; `rows` is the history so far, which grows.

    `earlier` are facts of phases, by name, that ended before the run was resumed.
    """

    def __init__(self, run: RunDir, trainer: Trainer, rows: list[dict[str, Any]]) -> None:
        self.run, self._trainer, self._rows = run, trainer, rows
        earlier = {stage.name: stage.raw for stage in facts.read_fact(run, list[training_facts.StageFact]) or ()}
        self._stages = [
            (earlier.get(plan.name) if plan.index < trainer.phase.index else None) or results.stage_fact(plan, shape)
            for plan, shape in zip(trainer.plans, trainer.feature_shapes, strict=True)
        ]

    def write_stages(self) -> None:
        phase = self._trainer.phase
        self._stages[phase.index] = results.stage_fact(phase.plan, self._trainer.feature_shapes[phase.index], phase)
        self.run.write_fact("stages", self._stages)

    def _best_epoch(self) -> int | None:
        """The epoch whose weights the run leaves; 0 for those that it began with."""
        for stage in reversed(self._stages):
            if stage["best_epoch"] is None:
                break
            if stage["best_epoch"] >= stage["first_epoch"]:
                return int(stage["best_epoch"])
            if stage is self._stages[0]:
                return 0
        return self._rows[-1]["epoch"] if self._rows else None

    def write(self, status: str, **extra: Any) -> None:
        """The run's result so far, and how its phases stand; `extra` brings metrics, or the error."""
        self.write_stages()
        experiment, last_row = self._trainer.experiment, self._rows[-1] if self._rows else None
        self.run.write_result(
            {
                "name": experiment.config.name,
                "status": status,
                "metrics": {},
                "baseline": {},
                "intervals": {},
                "best_epoch": self._best_epoch(),
                "epochs": last_row["epoch"] if last_row else 0,
                "seconds": round(sum(row["seconds"] for row in self._rows), 3),
                "parameters": experiment.model.count_params(),
                "seed": experiment.config.seed,
                **extra,
            }
        )

    @contextmanager
    def status(self) -> Iterator[None]:
        """The run counts as running while the block lasts; what became of it is written when it ends badly."""
        self._try_write("running")
        try:
            yield
        except (Interrupted, KeyboardInterrupt):
            self._try_write("interrupted")
            raise Interrupted(f"Interrupted. Go on with: kerasdeep train {self.run.path} --resume") from None
        except Pruned:
            self._try_write("pruned")
            raise
        except Exception as error:
            failure = failures.classify_run_error(error, self.run, self._trainer.experiment.config)
            self._try_write("failed", error=str(failure or error))
            if failure is None:
                raise
            raise failure from error

    def _try_write(self, status: str, **extra: Any) -> None:
        # A full disk must not hide the error that it caused; without a lock, `running` reads as interrupted.
        with suppress(OSError):
            self.write(status, **extra)


def write_start(run: RunDir, loaded: LoadedConfig, trainer: Trainer) -> None:
    """What is known of a new run before it trains."""
    experiment = trainer.experiment
    loaded.copy_to(run.config)
    write_json(run.environment, environment(experiment))
    run.write_fact("data", experiment.dataset.profile)
    run.write_fact("network", modeling.describe_network(experiment.model, experiment.planned_layers))
    if experiment.pretrained_log:
        run.write_fact("pretrained", experiment.pretrained_log)
    run.write_fact("engine", results.engine_fact(trainer.phase, experiment))
    experiment.dataset.preprocessing.save(run.preprocessing_npz, run.preprocessing_json)


def write_resolved(run: RunDir, experiment: Experiment) -> None:
    """The configuration with every default, and with the compilation and threads that were chosen."""
    config: Config = experiment.config
    runtime = replace(config.runtime, compile=experiment.compile_decision.choice, threads=experiment.runtime.threads)
    write_text(run.resolved, resolved.resolved_yaml(replace(config, runtime=runtime)))


def environment(experiment: Experiment) -> dict[str, Any]:
    """`environment.json`: versions, machine, and the hash of the data."""
    return {**describe_environment(experiment.runtime), "data_hash": experiment.data_hash}
