"""Verdicts on a measured network, from causes to consequences."""

import math
from collections.abc import Callable

import keras
import numpy as np

from kerasdeep.advice import Verdict
from kerasdeep.advice.remedies import scale_rate
from kerasdeep.advice.rules import MAX_INPUT_RMS, MIN_INPUT_RMS
from kerasdeep.diagnostics import remedies
from kerasdeep.diagnostics.layer_probe import LayerProbe
from kerasdeep.diagnostics.output_check import find_unfit_output
from kerasdeep.evaluation.layer_stats import SATURATING_ACTIVATIONS, LayerTap
from kerasdeep.evaluation.thresholds import (
    COLLAPSED_ACTIVATIONS,
    DEAD_SHARE,
    EXPLODING_ACTIVATIONS,
    EXPLODING_RATIO,
    SATURATED_SHARE,
    VANISHING_RATIO,
)

SELU_DEVIATION_RANGE, MAX_SELU_MEAN, MIN_SELU_LAYERS = (0.5, 2.0), 0.5, 3
MAX_TRIAL_CHANGE, MIN_TRAINING_CHANGE = 0.3, 0.02
"""Relative changes of the weights: too much in twenty steps without progress, too little in the whole training."""


CONSEQUENCES = {
    "broken_self_normalization": {"unscaled_inputs"},
    "forward_collapse": {"dead_units", "broken_self_normalization"},
    "vanishing_gradients": {"dead_units"},
    "rate_too_high": {"exploding_gradients", "unscaled_inputs", "wrong_output"},
    "rate_too_low": {"dead_units", "forward_collapse", "vanishing_gradients", "exploding_gradients", "saturation"},
}
"""By verdict: the causes after which it is left out, as a mere consequence."""


def verdicts_from_probe(probe: LayerProbe) -> list[Verdict]:
    """Every verdict on the network itself, causes first."""
    verdicts: list[Verdict] = []
    for rule in RULES:
        verdict = rule(probe)
        names = {other.name for other in verdicts}
        if verdict and not CONSEQUENCES.get(verdict.name, set()) & names:
            verdicts.append(verdict)
    return verdicts


def _wrong_output(probe: LayerProbe) -> Verdict | None:
    problem = find_unfit_output(probe)
    if problem is None:
        return None
    layer, evidence = problem
    return Verdict("wrong_output", [layer], evidence, remedies.default_output(probe.experiment.config))


def _unscaled_inputs(probe: LayerProbe) -> Verdict | None:
    for name, values in probe.current.inputs.items():
        rms = float(np.sqrt(np.mean(np.square(values.astype(np.float64)))))
        if not MIN_INPUT_RMS <= rms <= MAX_INPUT_RMS:
            evidence = f"The input of {name} has a root mean square of {rms:.3g}; initializers expect about 1."
            return Verdict("unscaled_inputs", [name], evidence, remedies.fix_scaling(probe))
    return None


def _exploding_gradients(probe: LayerProbe) -> Verdict | None:
    layers, hidden = probe.current.layers, probe.hidden
    input_rms = max(
        (float(np.sqrt(np.mean(np.square(values, dtype=np.float64)))) for values in probe.current.inputs.values()),
        default=1,
    )
    exploded = [
        tap for tap in hidden if not layers[tap.name].deviation <= EXPLODING_ACTIVATIONS * max(input_rms, 1e-12)
    ]
    ratio = probe.gradient_ratio(_current_moment(probe))
    if exploded:
        name = exploded[0].name
        evidence = f"The activations of {name} deviate by {layers[name].deviation:.2g}, the input by {input_rms:.2g}"
        evidence += f"; the loss is {probe.current.loss:.2g}."
        return Verdict("exploding_gradients", _layer_names(exploded), evidence, remedies.fix_exploding(probe))
    if not math.isfinite(probe.current.loss) or (ratio is not None and ratio > EXPLODING_RATIO):
        evidence = f"The loss is {probe.current.loss:.2g}"
        if ratio is not None:
            evidence += f", the gradient of {hidden[0].name} {ratio:.2g} times that of {hidden[-1].name}"
        return Verdict("exploding_gradients", _layer_names(hidden[:1]), f"{evidence}.", remedies.fix_exploding(probe))
    return None


def _dead_units(probe: LayerProbe) -> Verdict | None:
    layers = probe.current.layers
    dead_taps = [tap for tap in probe.hidden if (layers[tap.name].dead or 0.0) >= DEAD_SHARE]
    if not dead_taps:
        return None
    share = max(layers[tap.name].dead or 0.0 for tap in dead_taps)
    evidence = (
        f"{share:.0%} of the units of {_layer_range(dead_taps)} give zero for every row, so no gradient passes them."
    )
    bias = _mean_bias(dead_taps[0])
    if bias is not None and bias < -1:
        evidence += f" Their biases are about {bias:.2g}: remove what sets them."
    return Verdict("dead_units", _layer_names(dead_taps), evidence, remedies.fix_dead_units())


def _saturation(probe: LayerProbe) -> Verdict | None:
    layers = probe.current.layers
    saturated_taps = [tap for tap in probe.hidden if (layers[tap.name].saturated or 0.0) >= SATURATED_SHARE]
    if not saturated_taps:
        return None
    share = max(layers[tap.name].saturated or 0.0 for tap in saturated_taps)
    evidence = f"{share:.0%} of the outputs of {_layer_range(saturated_taps)} lie at the floor or ceiling of "
    evidence += f"{saturated_taps[0].activation}, "
    return Verdict(
        "saturation",
        _layer_names(saturated_taps),
        evidence + "where its slope vanishes.",
        remedies.fix_saturation(probe),
    )


def _vanishing_gradients(probe: LayerProbe) -> Verdict | None:
    ratio = probe.gradient_ratio(_current_moment(probe))
    if ratio is None or not ratio < VANISHING_RATIO:
        return None
    hidden, layers = probe.hidden, probe.current.layers
    vanished = [tap for tap in hidden if layers[tap.name].gradient < VANISHING_RATIO * layers[hidden[-1].name].gradient]
    evidence = f"The gradient of {hidden[0].name} is {layers[hidden[0].name].gradient:.2g}, {ratio:.1g} times that of "
    evidence += f"{hidden[-1].name}: the lower layers do not learn."
    saturating = any(tap.activation in SATURATING_ACTIVATIONS for tap in hidden)
    return Verdict("vanishing_gradients", _layer_names(vanished), evidence, remedies.fix_vanishing(saturating))


def _broken_self_normalization(probe: LayerProbe) -> Verdict | None:
    selu = [tap for tap in probe.hidden if tap.activation == "selu"]
    if len(selu) < MIN_SELU_LAYERS:
        return None
    last = probe.current.layers[selu[-1].name]
    low, high = SELU_DEVIATION_RANGE
    if low <= last.deviation <= high and abs(last.mean) <= MAX_SELU_MEAN:
        return None
    evidence = f"Behind {len(selu)} SELU layers the activations have mean {last.mean:.2g} and deviation "
    evidence += f"{last.deviation:.2g}; self-normalization keeps them near 0 and 1 (Klambauer et al. 2017)."
    return Verdict("broken_self_normalization", [selu[-1].name], evidence, remedies.fix_self_normalization(probe))


def _forward_collapse(probe: LayerProbe) -> Verdict | None:
    hidden, layers = probe.hidden, probe.current.layers
    first_typical = layers[hidden[0].name].typical if hidden else 0.0
    collapsed = [tap for tap in hidden if layers[tap.name].typical < COLLAPSED_ACTIVATIONS * first_typical]
    if not collapsed:
        return None
    evidence = f"A typical row's activations shrink from {first_typical:.2g} in {hidden[0].name} to "
    evidence += f"{layers[collapsed[-1].name].typical:.2g} in {collapsed[-1].name}: the output hardly sees the input."
    return Verdict("forward_collapse", _layer_names(collapsed), evidence, remedies.fix_forward_collapse(probe))


def _rate_too_high(probe: LayerProbe) -> Verdict | None:
    steps = probe.steps
    if steps is None:
        return None
    after, initial_loss = probe.stats_by_moment.get("after"), probe.current.loss
    steps_text = f"{len(steps.losses)} steps at the rate {steps.mean_rate:.2g}"
    remedy = scale_rate(probe.experiment.config, 0.1)
    if after is None:
        return Verdict("rate_too_high", [], f"After {steps_text} the loss is no longer finite.", remedy)
    if steps.kernel_change > MAX_TRIAL_CHANGE and (
        after.loss > 0.9 * initial_loss or max(steps.losses) > 2 * steps.losses[0]
    ):
        evidence = (
            f"In {steps_text} the weights moved by {steps.kernel_change:.0%} of their size, and the loss went from "
        )
        return Verdict("rate_too_high", [], f"{evidence}{initial_loss:.3g} to {after.loss:.3g}.", remedy)
    return None


def _rate_too_low(probe: LayerProbe) -> Verdict | None:
    steps, after = probe.steps, probe.stats_by_moment.get("after")
    if steps is None or after is None or not steps.mean_rate:
        return None
    ratios = [stats.update_ratio for stats in after.layers.values() if stats.update_ratio is not None]
    expected_change = max(ratios, default=math.inf) * steps.planned_steps * steps.peak_rate / steps.mean_rate
    if expected_change >= MIN_TRAINING_CHANGE or expected_change == 0:
        return None
    evidence = (
        f"A step changes the weights by {max(ratios):.1g} of their size, so all {steps.planned_steps:,} planned steps "
    )
    evidence += f"together by at most {expected_change:.1g}."
    return Verdict(
        "rate_too_low", [], evidence, scale_rate(probe.experiment.config, 10 ** math.ceil(-math.log10(expected_change)))
    )


RULES: tuple[Callable[[LayerProbe], Verdict | None], ...] = (
    *(_wrong_output, _unscaled_inputs, _exploding_gradients, _dead_units, _saturation),
    *(_vanishing_gradients, _broken_self_normalization, _forward_collapse, _rate_too_high, _rate_too_low),
)


def _current_moment(probe: LayerProbe) -> str:
    return next(iter(probe.stats_by_moment))


def _layer_names(taps: list[LayerTap]) -> list[str]:
    return [tap.name for tap in taps]


def _layer_range(taps: list[LayerTap]) -> str:
    return taps[0].name if len(taps) == 1 else f"{taps[0].name} to {taps[-1].name}"


def _mean_bias(tap: LayerTap) -> float | None:
    bias = getattr(tap.layer, "bias", None)
    return None if bias is None else float(np.mean(keras.ops.convert_to_numpy(bias)))
