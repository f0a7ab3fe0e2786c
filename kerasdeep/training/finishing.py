"""The end of a run: the model as saved, its evaluation, and the result; also of a run that did not get there."""

from __future__ import annotations

from collections.abc import Collection
from contextlib import nullcontext
from typing import Any

import keras

from kerasdeep.build import selection
from kerasdeep.catalog import dump
from kerasdeep.data import Dataset
from kerasdeep.measuring import weights
from kerasdeep.measuring.evaluation import PREFIX, evaluate
from kerasdeep.measuring.reconstructions import chosen, reconstructions
from kerasdeep.run_dir import RunDir, atomic
from kerasdeep.runtime import Runtime, quiet_start
from kerasdeep.spec.experiment import Spec
from kerasdeep.training.compilation import Compilation
from kerasdeep.training.stage import Stage, with_data_loss


def save_model(model: keras.Model, run: RunDir) -> None:
    """Write `model.keras` without compile state: optimizers are the checkpoints' business, and Keras restores
    some of them wrongly without a word."""
    bare = keras.Model(model.input, model.output, name=model.name)  # the same layers, never compiled
    # Keras imports TensorFlow for this, where it is installed, on every backend.
    quiet = nullcontext() if keras.config.backend() == "tensorflow" else quiet_start()
    with atomic(run.model) as temporary, quiet:
        bare.save(temporary)


def write_weights(model: keras.Model, run: RunDir, heads: Collection[str]) -> None:
    """The fact that describes the kernels of the model as saved; `heads` names its output layers."""
    run.write_fact("weights", weights.describe(selection.leaves(model), heads))


def evaluate_run(run: RunDir, spec: Spec, dataset: Dataset, stage: Stage) -> dict[str, Any]:
    """Measure the model on what it was not trained on; write the facts, return the result's part of it."""
    engine, losses, predictions = stage.engine, {}, {}
    parts = {name: part for name, part in dataset.parts.items() if name != "train"} or {"train": dataset.train}
    for name, part in parts.items():
        placed = stage.validation if name == "validation" else engine.place(part.x, part.y)
        figures = with_data_loss(engine.evaluate(placed) or {}, stage.heads)
        losses |= {PREFIX[name] + key: value for key, value in figures.items()}
        predictions[name] = engine.predict(placed[0])
    found = evaluate(dataset, predictions, spec.report.examples)
    run.write_fact("evaluation", found.evaluation)
    run.write_fact("samples", found.samples)
    return {"metrics": {**losses, **found.metrics}, "baseline": found.baseline, "intervals": found.intervals}


def write_reconstructions(run: RunDir, stage: Stage) -> None:
    """What an autoencoder gives back for a few held-out rows, kept with those of the stages before it."""
    lesson = stage.part.lesson
    if not lesson.reconstructs or lesson.below is not None:
        return
    part = lesson.dataset.validation or lesson.dataset.train
    rows = chosen(part)
    shown = reconstructions(part, rows, stage.engine.predict(part.x[rows]), lesson.dataset.preprocessing)
    before = [told for told in run.read_fact("reconstructions") or () if told["stage"] != stage.name]
    run.write_fact("reconstructions", [*before, {"stage": stage.name, "rows": shown}])


def write_result(
    run: RunDir, spec: Spec, status: str, rows: list[dict[str, Any]], stages: list[Stage], **more: Any
) -> None:
    """`result.json` for any status; `more` brings metrics, or the error."""
    run.write_result(
        {
            "name": spec.name,
            "status": status,
            "metrics": {},
            "baseline": {},
            "intervals": {},
            "best_epoch": _best_epoch(stages[-1]) or (rows[-1]["epoch"] if rows else None),
            "epochs": rows[-1]["epoch"] if rows else 0,
            "seconds": round(sum(row["seconds"] for row in rows), 3),
            "parameters": stages[-1].part.lesson.model.count_params(),
            "seed": spec.seed,
            **more,
        }
    )


def stages_fact(stages: list[Stage], status: str) -> list[dict[str, Any]]:
    """Every stage as `facts/stages.json` holds it; those that ended before a resume as they were told then."""
    return [stage.told or _stage_fact(stage, status) for stage in stages]


def _stage_fact(stage: Stage, status: str) -> dict[str, Any]:
    ended = "planned" if stage.proof or status == "completed" else "interrupted"
    spec = stage.part.spec
    kind = stage.part.lesson.kind
    return {
        "name": stage.name,
        "train": stage.part.said,
        **({"pretrain": kind, "handed": stage.handed} if kind else {}),
        **({"cached": stage.features} if stage.features else {}),
        "first_epoch": stage.first_epoch + 1,
        "epochs": stage.epochs,
        "best_epoch": _best_epoch(stage),
        "optimizer": dump(spec.optimizer),
        "schedule": dump(spec.schedule),
        "steps": stage.steps_per_epoch * stage.epochs,
        "stopped": "early" if stage.stopped_early else ended,
        "proof": stage.proof,
    }


def _best_epoch(stage: Stage) -> int | None:
    """The epoch, counted through the run from 1, whose weights the stage leaves; None when it is the last."""
    stopping = stage.early_stopping
    return None if stopping is None or stopping.kept_epoch is None else stage.first_epoch + stopping.kept_epoch + 1


def engine_fact(stage: Stage, machine: Runtime, choice: Compilation) -> dict[str, Any]:
    return {
        "backend": machine.backend,
        "device": machine.device,
        "compile": choice.choice,
        "reason": choice.reason,
        "chunk": min(stage.engine.training_pace.steps, stage.steps_per_epoch),
        "stream": stage.part.lesson.dataset.profile.get("stream"),
        "threads": machine.threads,
        "devices": machine.devices,
        "processes": machine.processes,
        "steps_per_epoch": stage.steps_per_epoch,
        "precision": machine.precision,
    }
