"""The rules: what a run's history and facts say went wrong, causes first.

Every rule gives one verdict or none. Those after which a figure would only be a consequence come later.
"""

import math
from collections.abc import Callable
from itertools import pairwise

from kerasdeep.advice import remedies
from kerasdeep.advice.run_evidence import RunEvidence
from kerasdeep.advice.verdict import Verdict
from kerasdeep.formatting import number, percent

MAX_INPUT_RMS, MIN_INPUT_RMS = 4.0, 1e-2
"""Root mean square of what feeds the first kernel; 0.3 to 1 when scaled."""
RESCALING_LAYERS = {"BatchNormalization", "Embedding", "LayerNormalization", "Normalization", "Rescaling"}
MANY_TIMES, TOO_MANY_TIMES = 10.0, 100.0
"""More than so many times the usual rate is high, less than one so many-th of it low; and too high in any case."""
RISING_SHARE = 0.1
"""The share of epochs in which the training loss rises where the rate is high and steps are too large."""
HARDLY = 0.95
"""A loss at the end over the first epoch's, from which on nothing was learned."""
OVERFIT_RATIO = 1.05
"""Held-out loss at the end over its best, while the training loss still fell."""
STILL_FALLING, SHARE_OF_FALL = 0.05, 0.1
"""By how much the last fifth of the epochs lowered the best held-out loss of those before it, as a share of it, or of
the whole fall where that counts as one (`HARDLY`)."""
MIN_GAIN_OVER_BASELINE = 0.02
"""Accuracy or R² above the baseline that counts as nothing."""
IMBALANCE = 5
"""How many times as many rows the commonest class has as the rarest."""
MIN_FOUND = 0.9
"""The share of a rare class that is found, from which on nothing need be done about it."""


CAUSES_FIRST = (
    *("wrong_output", "unscaled_inputs", "exploding_gradients", "rate_too_high", "rate_too_low", "dead_units"),
    *("saturation", "vanishing_gradients", "broken_self_normalization", "forward_collapse", "frozen_layers"),
    *("imbalanced_classes", "overfitting", "underfitting"),
)
"""The verdicts in the order in which their settings are to be tried."""


def find_verdicts(run: RunEvidence) -> list[Verdict]:
    """Of a run that ended; the settings of the first are those to try first."""
    return [verdict for rule in RULES if (verdict := rule(run))]


def _unscaled_inputs(run: RunEvidence) -> Verdict | None:
    if run.config.pretrained_sources or run.config.data.scaling not in ("none", "auto"):
        return None
    for layer in run.network.layers:
        if layer.class_name in RESCALING_LAYERS:
            return None
        if layer.parameters:
            break
    for name, rms in run.data.input_rms.items():
        if not MIN_INPUT_RMS <= rms <= MAX_INPUT_RMS:
            evidence = f"The root mean square of {name} is {number(rms, 3)}; initializers expect about 1."
            ranks = (len(shape) for shape in run.data.input_shapes.values())
            overrides = remedies.scale_inputs(ranks, run.config.activation.name == "selu")
            return Verdict("unscaled_inputs", [], evidence, overrides)
    return None


def _rate_too_high(run: RunEvidence) -> Verdict | None:
    losses = [loss for row in run.history if isinstance(loss := row.get("loss"), int | float)]
    if not losses:
        return None
    evidence = f"The training loss went from {losses[0]:.3g} in the first epoch to {losses[-1]:.3g} in the last."
    if not math.isfinite(losses[-1]) or losses[-1] > 1.1 * losses[0] + 1e-9:
        return Verdict("rate_too_high", [], evidence, remedies.lower_rate(run.config))
    rate = remedies.rate_of(run.config)
    if rate is None or rate.value <= MANY_TIMES * rate.usual:
        return None
    rises = sum(later > earlier for earlier, later in pairwise(losses))
    jumps = rises and rises >= RISING_SHARE * (len(losses) - 1)
    if not (jumps or _learned_nothing(run) or rate.value > TOO_MANY_TIMES * rate.usual):
        return None
    if rises:
        evidence += f" It rose in {rises} of {len(losses)} epochs."
    evidence += f" The rate is {rate.value:g}; {rate.usual:g} is usual."
    return Verdict("rate_too_high", [], evidence, remedies.lower_rate(run.config))


def _rate_too_low(run: RunEvidence) -> Verdict | None:
    rate = remedies.rate_of(run.config)
    if rate is None or rate.value * MANY_TIMES > rate.usual * (1 + 1e-9) or run.config.pretrained_sources:
        return None
    train, _ = run.losses
    if not train or not (_learned_nothing(run) or _still_falls(run)):
        return None
    evidence = f"The training loss only went from {train[0]:.3g} to {train[-1]:.3g} at the rate {rate.value:g}; "
    return Verdict("rate_too_low", [], f"{evidence}{rate.usual:g} is usual.", {rate.path: rate.usual})


def _imbalanced_classes(run: RunEvidence) -> Verdict | None:
    config = run.config
    if config.data.class_weight is not None or config.threshold is not None or len(run.data.targets) != 1:
        return None
    target, part = run.data.targets[0], run.evaluation.parts.get("validation")
    counts = target.counts.get("train", [0])
    if (
        target.kind not in ("binary", "multiclass")
        or min(counts) * IMBALANCE > max(counts)
        or not (part and part.targets)
    ):
        return None
    rare = target.classes[counts.index(min(counts))]
    found = next((row.recall for row in part.targets[0].per_class if row.class_name == rare), None)
    if found is None or found >= MIN_FOUND:
        return None
    evidence = f"{rare} has {min(counts):,} of {sum(counts):,} training rows, and {percent(found)} of it are found."
    by_threshold = target.kind == "binary" and counts.index(min(counts)) == 1
    overrides = {"threshold": "f1"} if by_threshold else {"data.class_weight": "balanced"}
    return Verdict("imbalanced_classes", [], evidence, overrides)


def _frozen_layers(run: RunEvidence) -> Verdict | None:
    stages = run.config.stages
    if not stages or any(stage.pretrain or stage.train == "all" or "all" in list(stage.train) for stage in stages):
        return None
    if not run.config.pretrained_sources:
        return None
    tried = ", ".join(str(stage.train) for stage in stages)
    last = stages[-1]
    rate = remedies.rate_of(run.config)
    unfrozen = {"name": "all", "train": ["all", "!norms"], "epochs": last.epochs or run.config.training.epochs}
    if rate:
        unfrozen["optimizer"] = {last.optimizer.name: {"learning_rate": float(f"{rate.value / 10:.2g}")}}
    return Verdict(
        "frozen_layers", [], f"Only {tried} of the network was trained.", {f"stages.{len(stages)}": unfrozen}
    )


def _overfitting(run: RunEvidence) -> Verdict | None:
    train, held_out = run.losses
    last_section = run.config.stages[-1] if run.config.stages else run.config.training
    if len(held_out) < 3 or last_section.early_stopping:  # which kept the best epoch
        return None
    best = min(range(len(held_out)), key=held_out.__getitem__)
    if held_out[-1] <= held_out[best] * OVERFIT_RATIO or train[-1] >= 0.95 * train[best]:
        return None
    if held_out[-1] < 1.2 * train[-1]:
        return None
    evidence = (
        f"Since epoch {best + 1} the validation loss rose from {held_out[best]:.3g} to {held_out[-1]:.3g}, while "
    )
    evidence += f"the training loss fell from {train[best]:.3g} to {train[-1]:.3g}."
    monitor = "val_accuracy" if run.history[-1].get("val_accuracy") is not None else "val_loss"
    return Verdict("overfitting", [], evidence, remedies.hold_back(run.config, monitor))


def _underfitting(run: RunEvidence) -> Verdict | None:
    if len(run.history) == 1:
        return Verdict("underfitting", [], "Only one epoch was trained.", remedies.train_longer(run.config))
    if _still_falls(run):
        before, last = _before_and_in_the_last_fifth(run)
        evidence = f"In the last {len(last)} of {len(before) + len(last)} epochs the validation loss still fell from "
        evidence += f"{min(before):.3g} to {min(last):.3g}."
        return Verdict("underfitting", [], evidence, remedies.train_longer(run.config))
    gain = _gain_over_baseline(run)
    if gain is None or gain[1] - gain[2] >= MIN_GAIN_OVER_BASELINE:
        return None
    evidence = "{} is {:.3g}; always giving the same answer has {:.3g}.".format(*gain)
    return Verdict("underfitting", [], evidence, remedies.loosen(run.config))


RULES: tuple[Callable[[RunEvidence], Verdict | None], ...] = (
    *(_unscaled_inputs, _rate_too_high, _rate_too_low, _frozen_layers, _imbalanced_classes),
    *(_overfitting, _underfitting),
)


def _learned_nothing(run: RunEvidence) -> bool:
    """Whether the training loss hardly fell, or the result is no better than one answer for all."""
    train, _ = run.losses
    gain = _gain_over_baseline(run)
    no_better = gain is not None and gain[1] - gain[2] < MIN_GAIN_OVER_BASELINE
    return no_better or (len(train) > 1 and train[-1] > HARDLY * train[0])


def _still_falls(run: RunEvidence) -> bool:
    before, last = _before_and_in_the_last_fifth(run)
    if not before or min(before) <= 0:
        return False
    late_fall, fall = min(before) - min(last), before[0] - min(last)
    share = SHARE_OF_FALL * fall if fall > (1 - HARDLY) * before[0] else math.inf
    return late_fall >= min(STILL_FALLING * min(before), share)


def _before_and_in_the_last_fifth(run: RunEvidence) -> tuple[list[float], list[float]]:
    """Validation losses; none where there are less than two."""
    _, held_out = run.losses
    count = max(1, len(held_out) // 5)
    return held_out[:-count], held_out[-count:]


def _gain_over_baseline(run: RunEvidence) -> tuple[str, float, float] | None:
    """A headline metric's name, the network's and the baseline's."""
    for name in ("val_accuracy", "test_accuracy", "val_r2_score", "test_r2_score"):
        value, baseline = run.result.metrics.get(name), run.result.baseline.get(name)
        if value is not None and baseline is not None:
            return name, value, baseline
    return None
