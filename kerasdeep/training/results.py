"""The end of a run: the model as saved, its evaluation, and the result; also of a run that did not get there."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import keras

from kerasdeep.backends import current_backend
from kerasdeep.catalog import to_plain
from kerasdeep.evaluation import weight_stats
from kerasdeep.evaluation.baseline import constant_predictions
from kerasdeep.evaluation.calibration import calibrated
from kerasdeep.evaluation.prediction_metrics import evaluate
from kerasdeep.evaluation.reconstructions import example_rows, reconstruction_examples
from kerasdeep.evaluation.types import TargetEvaluation
from kerasdeep.evaluation.worst_predictions import mistakes
from kerasdeep.experiment import Experiment
from kerasdeep.metric_names import PREFIXES
from kerasdeep.modeling import freezing
from kerasdeep.runs import RunDir, atomic_write, facts
from kerasdeep.training.augmentation_preview import augmented_pictures
from kerasdeep.training.callbacks.early_stopping import EarlyStopping
from kerasdeep.training.callbacks.freeze_check import FreezeCheck
from kerasdeep.training.phase import PhaseState, with_data_loss
from kerasdeep.training.phase_plan import PhasePlan


def save_model(model: keras.Model, run: RunDir) -> None:
    """Write `model.keras` without compile state: optimizers are the checkpoints' business, and Keras restores
    some of them wrongly without a word."""
    bare = keras.Model(model.input, model.output, name=model.name)  # the same layers, never compiled
    with atomic_write(run.model) as temporary, current_backend().quiet_saving():
        bare.save(temporary)


def write_weights_fact(model: keras.Model, run: RunDir, head_layers: Collection[str]) -> None:
    """The fact that describes the kernels of the model as saved; `head_layers` are its outputs."""
    run.write_fact("weights", weight_stats.describe_weights(freezing.leaf_layers(model), head_layers))


def evaluate_run(run: RunDir, experiment: Experiment, phase: PhaseState, epochs: int) -> dict[str, Any]:
    """Measures the model on what it was not trained on, and its opponents, which may cost a part of its `epochs`.

    Writes the facts and returns the result's part of it.
    """
    dataset, engine, splits = experiment.dataset, phase.engine, experiment.dataset.held_out
    losses: dict[str, float] = {}
    outputs = {}
    for name, split in splits.items():
        device_data = phase.validation if name == "validation" else engine.to_device(split.x, split.y, split.weight)
        split_losses = with_data_loss(engine.evaluate(device_data) or {}, phase.output_heads)
        losses |= {PREFIXES[name] + key: value for key, value in split_losses.items()}
        outputs[name] = engine.predict(device_data[0])
    labels, weights = ({name: getattr(split, key) for name, split in splits.items()} for key in ("y", "weight"))
    assert dataset.train.y is not None  # training rows have labels
    constant = constant_predictions(dataset.preprocessing, dataset.train.y, dataset.train.weight)
    preprocessing = dataset.preprocessing
    settings = experiment.config.threshold
    if "validation" in outputs or (settings and settings.value is not None):
        part = "validation" if "validation" in outputs else next(iter(outputs))
        preprocessing = calibrated(preprocessing, outputs[part], labels[part], weights[part], settings)
        preprocessing.save(run.preprocessing_npz, run.preprocessing_json)
    result = evaluate(preprocessing, labels, outputs, constant, weights=weights)
    run.write_fact("evaluation", result.evaluation)
    run.write_fact("samples", mistakes(dataset, result.targets, experiment.config.report.examples))
    measured = {"metrics": {**losses, **result.metrics}, "baseline": result.baseline, "intervals": result.intervals}
    return measured | _opponents(experiment, result.targets, epochs)


def _opponents(experiment: Experiment, targets: dict[str, list[TargetEvaluation]], epochs: int) -> dict[str, Any]:
    """What scikit-learn makes of a table's rows; nothing for other data, or where the configuration leaves it out."""
    if experiment.dataset.preprocessing.kind != "table" or not experiment.config.report.opponents:
        return {}
    from kerasdeep.evaluation import opponents  # a second that other runs do without

    steps = epochs * experiment.steps_per_epoch
    work = opponents.TrainingWork(steps, steps * experiment.config.training.batch_size, experiment.model.count_params())
    return opponents.measure_opponents(experiment.dataset, targets, work, experiment.config.threshold)


def write_augmentation(run: RunDir, experiment: Experiment) -> None:
    """How the augmentation changes a few training pictures, where there is any."""
    if pictures := augmented_pictures(experiment.config, experiment.dataset):
        run.write_fact("augmentation", pictures)


def write_reconstructions(run: RunDir, phase: PhaseState) -> None:
    """How an autoencoder reconstructs a few held-out rows, kept with those of the phases before it."""
    objective = phase.plan.objective
    if not objective.is_autoencoder or objective.frozen_base is not None:
        return
    split = objective.dataset.validation or objective.dataset.train
    row_indices = example_rows(split)
    reconstructed = reconstruction_examples(
        split, row_indices, phase.engine.predict(split.only_x[row_indices]), objective.dataset.preprocessing
    )
    earlier = facts.read_fact(run, list[facts.Reconstruction]) or ()
    earlier_entries = [entry.raw for entry in earlier if entry.stage != phase.name]
    run.write_fact("reconstructions", [*earlier_entries, {"stage": phase.name, "rows": reconstructed}])


def stage_fact(plan: PhasePlan, feature_shape: list[int] | None, phase: PhaseState | None = None) -> dict[str, Any]:
    """A phase as `facts/stages.json` holds it; `phase` is its state, once it was begun.

    The best epoch is the one, counted through the run from 1, whose weights the phase leaves; None for the last. It is
    the epoch before the phase where that made nothing better.
    """
    callbacks = phase.callbacks if phase else {}
    early_stopping, freeze_check = callbacks.get("early_stopping"), callbacks.get("freeze_check")
    restored_epoch = early_stopping.restored_epoch if isinstance(early_stopping, EarlyStopping) else None
    check_result = freeze_check.result if isinstance(freeze_check, FreezeCheck) else None
    first_epoch, config, kind = phase.first_epoch if phase else 0, plan.config, plan.objective.kind
    return {
        "name": plan.name,
        "train": plan.train_description,
        **({"pretrain": kind, "handed": phase.transfer_log if phase else []} if kind else {}),
        **({"cached": feature_shape} if feature_shape else {}),
        "first_epoch": first_epoch + 1,
        "epochs": plan.epochs,
        "best_epoch": None if restored_epoch is None else first_epoch + restored_epoch + 1,
        "optimizer": to_plain(config.optimizer),
        "schedule": to_plain(config.schedule),
        "steps": plan.steps,
        "stopped": "early" if phase and phase.stopped_early else "planned" if check_result else "interrupted",
        "proof": check_result,
    }


def engine_fact(phase: PhaseState, experiment: Experiment) -> dict[str, Any]:
    machine, compile_decision = experiment.runtime, experiment.compile_decision
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
