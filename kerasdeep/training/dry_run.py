"""`plan`: prepares a training like `train`, stops before its first step, and describes it.

Nothing as large as the network is put into memory: its variables are declared and never filled, so that a plan
also tells that a network would not fit.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from itertools import accumulate
from typing import Any

import keras
import numpy as np

from kerasdeep import modeling
from kerasdeep.backends import keras_private
from kerasdeep.backends.runtime import RuntimeContext
from kerasdeep.catalog import to_plain
from kerasdeep.config.load import LoadedConfig
from kerasdeep.config.provenance import value_origins
from kerasdeep.custom_objects import MomentumScheduleMixin
from kerasdeep.engine import memory
from kerasdeep.engine.engine import TARGET_CHUNK_SECONDS, evaluation_batch_size, shortest_float
from kerasdeep.engine.memory import MemoryEstimate
from kerasdeep.experiment import prepare
from kerasdeep.keras_names import written_name
from kerasdeep.modeling import freezing
from kerasdeep.modeling.optimizer import default_optimizer
from kerasdeep.modeling.shape_only import shape_only_variables
from kerasdeep.training.callbacks import check_monitors
from kerasdeep.training.phase import compile_phase
from kerasdeep.training.phase_plan import PhasePlan, plan_phases

MAX_CURVE_POINTS = 60


def make_plan(
    loaded: LoadedConfig, machine: RuntimeContext, say: Callable[[str], None] | None = None
) -> dict[str, Any]:
    """The plan as plain data; `kerasdeep.training.plan` says what it holds and what is raised."""
    try:
        return _build_plan(loaded, machine, say)
    finally:
        # Keras remembers variables without values, and would fill them at its next opportunity.
        keras.utils.clear_session(free_memory=False)


def _build_plan(loaded: LoadedConfig, machine: RuntimeContext, say: Callable[[str], None] | None) -> dict[str, Any]:
    config = loaded.config
    experiment = prepare(config, machine, say, shape_only=True)
    dataset, model = experiment.dataset, experiment.model
    problems = [*loaded.warnings, *experiment.warnings]
    network_summary = modeling.describe_network(model, experiment.planned_layers)
    compile_decision = experiment.compile_decision
    phase_summaries, memory_estimates = [], []
    for phase_plan in plan_phases(experiment):
        phase_summary, memory_estimate = _plan_phase(phase_plan, machine, experiment.reading_bytes)
        phase_summaries.append(phase_summary)
        memory_estimates.append(memory_estimate)
    largest_estimate = max(memory_estimates, key=lambda memory_estimate: memory_estimate.peak)
    return {
        "name": config.name,
        "config": str(loaded.path),
        "source": config.data.source,
        "rows": dataset.profile["rows"],
        "columns": {column["name"]: column["kind"] for column in dataset.profile["features"]},
        "input_shapes": {written_name(name): list(shape) for name, shape in dataset.input_shapes.items()},
        "targets": [asdict(target) for target in dataset.targets],
        **network_summary,
        "stages": phase_summaries,
        "epochs": sum(phase_summary["epochs"] for phase_summary in phase_summaries),
        "batch_size": config.training.batch_size,
        "evaluation_batch": evaluation_batch_size(model),
        "steps_per_epoch": modeling.steps_per_epoch(config, dataset),
        "steps": sum(phase_summary["steps"] for phase_summary in phase_summaries),
        "rates": _join_rate_curves(phase_summaries),
        "compile": {"choice": compile_decision.choice, "reason": compile_decision.reason},
        "chunk": _chunk_decision(config.runtime.chunk),
        "stream": dataset.profile["stream"],
        "backend": machine.backend,
        "device": machine.device,
        "precision": machine.precision,
        "threads": machine.threads,
        "memory_bytes": largest_estimate.peak,
        "memory": {
            "fullest": largest_estimate.peak_phase,
            "parts": largest_estimate.components,
            "phases": largest_estimate.phases,
        },
        "warnings": [problem.as_dict() for problem in problems if problem.name not in config.allow],
        "origins": {origin.path: {"value": origin.value, "from": origin.source} for origin in value_origins(loaded)},
    }


def _chunk_decision(setting: str | int) -> dict[str, Any]:
    """How many steps a compiled call runs, and why."""
    if setting == "auto":
        return {"choice": "auto", "reason": f"as many steps a call as take about {TARGET_CHUNK_SECONDS:g} s"}
    return {"choice": setting, "reason": f"{setting} steps a call, set by runtime.chunk"}


def _plan_phase(plan: PhasePlan, machine: RuntimeContext, reading_bytes: int) -> tuple[dict[str, Any], MemoryEstimate]:
    """What the stage trains, for how long and how fast; and what it needs."""
    config, objective, steps = plan.config, plan.objective, plan.steps
    model, trainable_as_built = objective.model, objective.trainable_as_built
    phase = compile_phase(plan)
    optimizer = phase.model.optimizer
    slots = memory.optimizer_slots_per_parameter(optimizer, model.trainable_variables)
    with shape_only_variables():
        keras_private.build_variables(phase.model, phase.example_batch())
        check_monitors(config, phase.history_columns(phase.model.get_metrics_result()))
    early_stopping = config.training.early_stopping
    estimate = memory.estimate(
        model,
        objective.dataset,
        config.training.batch_size,
        slots=slots,
        device=machine.device,
        keeps_best_weights=early_stopping is not None and early_stopping.restore_best_weights,
        reading_bytes=reading_bytes,
    )
    summary = {
        "name": plan.name,
        "train": plan.train_description,
        "pretrain": objective.kind or None,
        "steps_per_epoch": plan.steps_per_epoch,
        "trainable": memory.count_parameters(model.trainable_variables),
        "epochs": plan.epochs,
        "steps": steps,
        "optimizer": to_plain(config.optimizer),
        "schedule": to_plain(config.schedule),
        "rates": rate_curve(optimizer, steps),
        "factors": {selector: factor for selector, (factor, _) in plan.rate_factors.items()},
    }
    freezing.set_trainable(model, trainable_as_built.keys(), trainable_as_built)
    return summary, estimate


def _join_rate_curves(phase_summaries: list[dict[str, Any]]) -> dict[str, Any]:
    """The curves of all stages one after the other, their steps counted through the run."""
    starts = [0, *accumulate(phase_summary["steps"] for phase_summary in phase_summaries)]
    curves = [(start, phase_summary["rates"]) for start, phase_summary in zip(starts, phase_summaries, strict=False)]
    momenta = [value for _, rates in curves for value in rates["momentum"] or [None] * len(rates["steps"])]
    return {
        "steps": [start + step for start, rates in curves for step in rates["steps"]],
        "learning_rate": [value for _, rates in curves for value in rates["learning_rate"]],
        "momentum": momenta if any(value is not None for value in momenta) else None,
    }


def rate_curve(optimizer: keras.optimizers.Optimizer, steps: int) -> dict[str, Any]:
    """Learning rate and momentum before the steps listed: {"steps", "learning_rate", "momentum"}.

    `momentum` is None for an optimizer without one. A rate that reacts to results is shown as it starts.
    """
    inner = default_optimizer(optimizer)
    accumulation_steps = inner.gradient_accumulation_steps or 1
    points = sorted({round(point) for point in np.linspace(0, max(0, steps - 1), MAX_CURVE_POINTS)})
    rate = keras_private.learning_rate(inner)
    if isinstance(rate, keras.optimizers.schedules.LearningRateSchedule):
        rates = [shortest_float(rate(step)) for step in points]
    else:
        rates = [shortest_float(rate)] * len(points)
    if isinstance(inner, MomentumScheduleMixin):
        updates = [step // accumulation_steps for step in points]
        momenta: list[float] | None = [shortest_float(inner.momentum_schedule(update)) for update in updates]
    else:
        fixed = modeling.last_momentum(optimizer)
        momenta = None if fixed is None else [shortest_float(fixed)] * len(points)
    return {"steps": points, "learning_rate": rates, "momentum": momenta}
