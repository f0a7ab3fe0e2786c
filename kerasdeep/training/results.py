"""The end of a run: the model as saved, its evaluation, and the result; also of a run that did not get there."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import keras

from kerasdeep.backends import current_backend
from kerasdeep.backends.runtime import RuntimeContext
from kerasdeep.catalog import to_plain
from kerasdeep.config.root import Config
from kerasdeep.data import Dataset
from kerasdeep.engine.compile_policy import CompileDecision
from kerasdeep.evaluation import weight_stats
from kerasdeep.evaluation.baseline import constant_predictions
from kerasdeep.evaluation.prediction_metrics import METRIC_PREFIX, evaluate
from kerasdeep.evaluation.reconstructions import example_rows, reconstruction_examples
from kerasdeep.evaluation.worst_predictions import mistakes
from kerasdeep.modeling import freezing
from kerasdeep.runs import RunDir, atomic_write
from kerasdeep.training.phase import PhaseState, with_data_loss


def save_model(model: keras.Model, run: RunDir) -> None:
    """Write `model.keras` without compile state: optimizers are the checkpoints' business, and Keras restores
    some of them wrongly without a word."""
    bare = keras.Model(model.input, model.output, name=model.name)  # the same layers, never compiled
    with atomic_write(run.model) as temporary, current_backend().quiet_saving():
        bare.save(temporary)


def write_weights_fact(model: keras.Model, run: RunDir, head_layers: Collection[str]) -> None:
    """The fact that describes the kernels of the model as saved; `heads` names its output layers."""
    run.write_fact("weights", weight_stats.describe_weights(freezing.leaf_layers(model), head_layers))


def evaluate_run(run: RunDir, config: Config, dataset: Dataset, phase: PhaseState) -> dict[str, Any]:
    """Measure the model on what it was not trained on; write the facts, return the result's part of it."""
    engine, losses, outputs, splits = phase.engine, {}, {}, dataset.held_out
    for name, split in splits.items():
        device_data = phase.validation if name == "validation" else engine.to_device(split.x, split.y)
        split_losses = with_data_loss(engine.evaluate(device_data) or {}, phase.output_heads)
        losses |= {METRIC_PREFIX[name] + key: value for key, value in split_losses.items()}
        outputs[name] = engine.predict(device_data[0])
    labels, constant = (
        {name: split.y for name, split in splits.items()},
        constant_predictions(dataset.preprocessing, dataset.train.y),
    )
    result = evaluate(dataset.preprocessing, labels, outputs, constant)
    run.write_fact("evaluation", result.evaluation)
    run.write_fact("samples", mistakes(dataset, result.targets, config.report.examples))
    return {"metrics": {**losses, **result.metrics}, "baseline": result.baseline, "intervals": result.intervals}


def write_reconstructions(run: RunDir, phase: PhaseState) -> None:
    """What an autoencoder gives back for a few held-out rows, kept with those of the stages before it."""
    objective = phase.plan.objective
    if not objective.is_autoencoder or objective.frozen_base is not None:
        return
    split = objective.dataset.validation or objective.dataset.train
    row_indices = example_rows(split)
    reconstructed = reconstruction_examples(
        split, row_indices, phase.engine.predict(split.x[row_indices]), objective.dataset.preprocessing
    )
    earlier_entries = [entry for entry in run.read_fact("reconstructions") or () if entry["stage"] != phase.name]
    run.write_fact("reconstructions", [*earlier_entries, {"stage": phase.name, "rows": reconstructed}])


def write_result(
    run: RunDir, config: Config, status: str, history_rows: list[dict[str, Any]], phases: list[PhaseState], **extra: Any
) -> None:
    """`result.json` for any status; `more` brings metrics, or the error."""
    run.write_result(
        {
            "name": config.name,
            "status": status,
            "metrics": {},
            "baseline": {},
            "intervals": {},
            "best_epoch": _best_epoch(phases[-1]) or (history_rows[-1]["epoch"] if history_rows else None),
            "epochs": history_rows[-1]["epoch"] if history_rows else 0,
            "seconds": round(sum(row["seconds"] for row in history_rows), 3),
            "parameters": phases[-1].plan.objective.model.count_params(),
            "seed": config.seed,
            **extra,
        }
    )


def stages_fact(phases: list[PhaseState], status: str) -> list[dict[str, Any]]:
    """Every stage as `facts/stages.json` holds it; those that ended before a resume as they were told then."""
    return [phase.resumed_fact or _phase_fact(phase, status) for phase in phases]


def _phase_fact(phase: PhaseState, status: str) -> dict[str, Any]:
    stop_reason = "planned" if phase.check_result or status == "completed" else "interrupted"
    config = phase.plan.config
    kind = phase.plan.objective.kind
    return {
        "name": phase.name,
        "train": phase.plan.train_description,
        **({"pretrain": kind, "handed": phase.transfer_log} if kind else {}),
        **({"cached": phase.feature_shape} if phase.feature_shape else {}),
        "first_epoch": phase.first_epoch + 1,
        "epochs": phase.epochs,
        "best_epoch": _best_epoch(phase),
        "optimizer": to_plain(config.optimizer),
        "schedule": to_plain(config.schedule),
        "steps": phase.steps_per_epoch * phase.epochs,
        "stopped": "early" if phase.stopped_early else stop_reason,
        "proof": phase.check_result,
    }


def _best_epoch(phase: PhaseState) -> int | None:
    """The epoch, counted through the run from 1, whose weights the stage leaves; None when it is the last."""
    early_stopping = phase.early_stopping
    return (
        None
        if early_stopping is None or early_stopping.restored_epoch is None
        else phase.first_epoch + early_stopping.restored_epoch + 1
    )


def engine_fact(phase: PhaseState, machine: RuntimeContext, compile_decision: CompileDecision) -> dict[str, Any]:
    return {
        "backend": machine.backend,
        "device": machine.device,
        "compile": compile_decision.choice,
        "reason": compile_decision.reason,
        "chunk": min(phase.engine.training_sizer.steps_per_call, phase.steps_per_epoch),
        "stream": phase.plan.objective.dataset.profile.get("stream"),
        "threads": machine.threads,
        "devices": machine.devices,
        "processes": machine.processes,
        "steps_per_epoch": phase.steps_per_epoch,
        "precision": machine.precision,
    }
