"""Whether the output layers can express the labels."""

from typing import Any

import numpy as np

from kerasdeep import modeling
from kerasdeep.config.lowering.planned import Head
from kerasdeep.diagnostics.layer_probe import LayerProbe
from kerasdeep.tasks import TASKS, Task

ACTIVATION_RANGES = {
    "relu": (0.0, np.inf),
    "relu6": (0.0, 6.0),
    "sigmoid": (0.0, 1.0),
    "hard_sigmoid": (0.0, 1.0),
    "softmax": (0.0, 1.0),
    "softplus": (0.0, np.inf),
    "exponential": (0.0, np.inf),
    "tanh": (-1.0, 1.0),
    "softsign": (-1.0, 1.0),
    "elu": (-1.0, np.inf),
    "selu": (-1.7581, np.inf),
}
MAX_SHARE_OUTSIDE = 0.01
"""The share of targets that may lie outside the range of the output."""
PROBABILITY_LOSSES = ("SparseCategoricalCrossentropy", "CategoricalCrossentropy", "BinaryCrossentropy")


def find_unfit_output(probe: LayerProbe) -> tuple[str, str] | None:
    """The first output layer that cannot express its labels, and why; None where all can."""
    dataset, config = probe.experiment.dataset, probe.experiment.config
    heads = modeling.output_heads(dataset)
    losses = modeling.build_losses(config.loss, heads, 0.0)
    tensors = probe.experiment.model.output
    for head in heads:
        tensor = tensors[head.name] if isinstance(tensors, dict) else tensors
        tap = next((tap for tap in probe.taps if tap.output is tensor), None)
        if tap is None:
            continue
        y = dataset.train.y[head.name] if isinstance(dataset.train.y, dict) else dataset.train.y
        loss = losses[head.name] if isinstance(losses, dict) else losses
        outputs = probe.current.outputs[tap.name].astype(np.float64)
        problem = _output_problem(head, tap.activation, loss, np.asarray(y), outputs)
        if problem:
            return tap.name, problem
    return None


def _output_problem(head: Head, activation: str, loss: Any, y: np.ndarray, outputs: np.ndarray) -> str | None:
    task = TASKS[head.kind]
    if task.predicts_numbers:
        return _range_problem(activation, y)
    if outputs.shape[-1] == 1 and activation == "softmax":
        return "Softmax over a single unit is always 1."
    loss = getattr(loss, "loss", loss)  # out of the wrapper that makes one-hot targets
    if type(loss).__name__ not in PROBABILITY_LOSSES:
        return None
    if getattr(loss, "from_logits", False) or _are_probabilities(outputs, task):
        return None
    expectation = "that are positive and sum to 1" if _is_distribution(task) else "between 0 and 1"
    low, high = outputs.min(), outputs.max()
    return f"The loss expects probabilities {expectation}; {activation} ranges from {low:.2g} to {high:.2g}."


def _is_distribution(task: Task) -> bool:
    return task.has_classes and task.unit_per_class


def _are_probabilities(outputs: np.ndarray, task: Task) -> bool:
    if not np.isfinite(outputs).all():
        return True  # a network that explodes says nothing about its output layer
    inside = bool((outputs >= -1e-3).all() and (outputs <= 1 + 1e-3).all())
    return inside and (not _is_distribution(task) or bool((np.abs(outputs.sum(axis=-1) - 1) < 1e-2).all()))


def _range_problem(activation: str, y: np.ndarray) -> str | None:
    low, high = ACTIVATION_RANGES.get(activation, (-np.inf, np.inf))
    share = float(((y < low) | (y > high)).mean())
    if share <= MAX_SHARE_OUTSIDE:
        return None
    span = f"{low:g} to {high:g}" if np.isfinite(high) else f"{low:g} and more"
    return f"{activation} ranges over {span}, but {share:.0%} of the targets (as scaled) lie outside."
