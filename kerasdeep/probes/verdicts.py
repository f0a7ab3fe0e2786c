"""From readings to names for what is wrong, in the order from cause to consequence."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import keras
import numpy as np

from kerasdeep.measuring.limits import COLLAPSED, DEAD, EXPLODED, GROWN, SATURATED, VANISHED
from kerasdeep.measuring.signals import SATURATING, Site
from kerasdeep.probes import remedies
from kerasdeep.probes.examining import Examination
from kerasdeep.probes.outputs import unfit_output

LARGE_INPUT, SMALL_INPUT = 4.0, 1e-2
"""Root mean square of what feeds the first kernel; 0.3 to 1 when scaled."""
SELU_DEVIATION, SELU_MEAN, SELU_LAYERS = (0.5, 2.0), 0.5, 3
FAR, LITTLE = 0.3, 0.02
"""How far weights go: too far in twenty steps that gain nothing, too little in the whole plan."""


@dataclass(frozen=True)
class Verdict:
    """`layers` it is seen in, `evidence` in a sentence with figures, `remedy` as YAML that can be pasted."""

    name: str
    layers: list[str]
    evidence: str
    remedy: str


CONSEQUENCES = {
    "broken_self_normalization": {"unscaled_inputs"},
    "forward_collapse": {"dead_units", "broken_self_normalization"},
    "vanishing_gradients": {"dead_units"},
    "rate_too_high": {"exploding_gradients", "unscaled_inputs", "wrong_output"},
    "rate_too_low": {"dead_units", "forward_collapse", "vanishing_gradients", "exploding_gradients", "saturation"},
}
"""What needs no name of its own where one of its causes has been named."""


def of(found: Examination) -> list[Verdict]:
    """Every verdict on the network itself, causes first."""
    given: list[Verdict] = []
    for rule in RULES:
        verdict = rule(found)
        names = {other.name for other in given}
        if verdict and not CONSEQUENCES.get(verdict.name, set()) & names:
            given.append(verdict)
    return given


def _wrong_output(found: Examination) -> Verdict | None:
    problem = unfit_output(found)
    if problem is None:
        return None
    layer, evidence = problem
    return Verdict("wrong_output", [layer], evidence, remedies.plain_output(found.subject.spec))


def _unscaled_inputs(found: Examination) -> Verdict | None:
    for name, fed in found.first.fed.items():
        size = float(np.sqrt(np.mean(np.square(fed.astype(np.float64)))))
        if not SMALL_INPUT <= size <= LARGE_INPUT:
            evidence = f"What feeds {name} has a root mean square of {size:.3g}; initializers expect about 1."
            return Verdict("unscaled_inputs", [name], evidence, remedies.scaling(found))
    return None


def _exploding(found: Examination) -> Verdict | None:
    signals, hidden = found.first.signals, found.hidden
    fed = max(
        (float(np.sqrt(np.mean(np.square(one, dtype=np.float64)))) for one in found.first.fed.values()), default=1
    )
    large = [site for site in hidden if not signals[site.name].deviation <= GROWN * max(fed, 1e-12)]
    ratio = found.gradient_ratio(_moment(found))
    if large:
        name = large[0].name
        evidence = f"The activations of {name} deviate by {signals[name].deviation:.2g}, the input by {fed:.2g}"
        evidence += f"; the loss is {found.first.loss:.2g}."
        return Verdict("exploding_gradients", _names(large), evidence, remedies.calmer(found))
    if not math.isfinite(found.first.loss) or (ratio is not None and ratio > EXPLODED):
        evidence = f"The loss is {found.first.loss:.2g}"
        if ratio is not None:
            evidence += f", the gradient of {hidden[0].name} {ratio:.2g} times that of {hidden[-1].name}"
        return Verdict("exploding_gradients", _names(hidden[:1]), f"{evidence}.", remedies.calmer(found))
    return None


def _dead(found: Examination) -> Verdict | None:
    signals = found.first.signals
    dead = [site for site in found.hidden if (signals[site.name].dead or 0.0) >= DEAD]
    if not dead:
        return None
    share = max(signals[site.name].dead or 0.0 for site in dead)
    evidence = f"{share:.0%} of the units of {_listed(dead)} give zero for every row, so no gradient passes them."
    bias = _bias(dead[0])
    if bias is not None and bias < -1:
        evidence += f" Their biases are about {bias:.2g}: remove what sets them."
    return Verdict("dead_units", _names(dead), evidence, remedies.living())


def _saturation(found: Examination) -> Verdict | None:
    signals = found.first.signals
    full = [site for site in found.hidden if (signals[site.name].saturated or 0.0) >= SATURATED]
    if not full:
        return None
    share = max(signals[site.name].saturated or 0.0 for site in full)
    evidence = (
        f"{share:.0%} of the outputs of {_listed(full)} lie at the floor or ceiling of {full[0].activation}, "
    )
    return Verdict("saturation", _names(full), evidence + "where its slope vanishes.", remedies.unsaturated(found))


def _vanishing(found: Examination) -> Verdict | None:
    ratio = found.gradient_ratio(_moment(found))
    if ratio is None or not ratio < VANISHED:
        return None
    hidden, signals = found.hidden, found.first.signals
    weak = [site for site in hidden if signals[site.name].gradient < VANISHED * signals[hidden[-1].name].gradient]
    evidence = (
        f"The gradient of {hidden[0].name} is {signals[hidden[0].name].gradient:.2g}, {ratio:.1g} times that of "
    )
    evidence += f"{hidden[-1].name}: the lower layers do not learn."
    saturating = any(site.activation in SATURATING for site in hidden)
    return Verdict("vanishing_gradients", _names(weak), evidence, remedies.passing(saturating))


def _broken_self_normalization(found: Examination) -> Verdict | None:
    selu = [site for site in found.hidden if site.activation == "selu"]
    if len(selu) < SELU_LAYERS:
        return None
    last = found.first.signals[selu[-1].name]
    low, high = SELU_DEVIATION
    if low <= last.deviation <= high and abs(last.mean) <= SELU_MEAN:
        return None
    evidence = f"Behind {len(selu)} SELU layers the activations have mean {last.mean:.2g} and deviation "
    evidence += f"{last.deviation:.2g}; self-normalization keeps them near 0 and 1 (Klambauer et al. 2017)."
    return Verdict("broken_self_normalization", [selu[-1].name], evidence, remedies.self_normalizing(found))


def _forward_collapse(found: Examination) -> Verdict | None:
    hidden, signals = found.hidden, found.first.signals
    start = signals[hidden[0].name].typical if hidden else 0.0
    small = [site for site in hidden if signals[site.name].typical < COLLAPSED * start]
    if not small:
        return None
    evidence = f"A typical row's activations shrink from {start:.2g} in {hidden[0].name} to "
    evidence += f"{signals[small[-1].name].typical:.2g} in {small[-1].name}: the output hardly sees the input."
    return Verdict("forward_collapse", _names(small), evidence, remedies.carrying(found))


def _rate_too_high(found: Examination) -> Verdict | None:
    steps = found.steps
    if steps is None:
        return None
    after, before = found.readings.get("after"), found.first.loss
    taken = f"{len(steps.losses)} steps at the rate {steps.rate:.2g}"
    remedy = remedies.rate(found.subject.spec, 0.1)
    if after is None:
        return Verdict("rate_too_high", [], f"After {taken} the loss is no longer finite.", remedy)
    if steps.moved > FAR and (after.loss > 0.9 * before or max(steps.losses) > 2 * steps.losses[0]):
        evidence = f"In {taken} the weights moved by {steps.moved:.0%} of their size, and the loss went from "
        return Verdict("rate_too_high", [], f"{evidence}{before:.3g} to {after.loss:.3g}.", remedy)
    return None


def _rate_too_low(found: Examination) -> Verdict | None:
    steps, after = found.steps, found.readings.get("after")
    if steps is None or after is None or not steps.rate:
        return None
    ratios = [signal.update_ratio for signal in after.signals.values() if signal.update_ratio is not None]
    reach = max(ratios, default=math.inf) * steps.planned * steps.peak / steps.rate
    if reach >= LITTLE or reach == 0:
        return None
    evidence = (
        f"A step changes the weights by {max(ratios):.1g} of their size, so all {steps.planned:,} planned steps "
    )
    evidence += f"together by at most {reach:.1g}."
    return Verdict(
        "rate_too_low", [], evidence, remedies.rate(found.subject.spec, 10 ** math.ceil(-math.log10(reach)))
    )


RULES: tuple[Callable[[Examination], Verdict | None], ...] = (
    _wrong_output,
    _unscaled_inputs,
    _exploding,
    _dead,
    _saturation,
    _vanishing,
    _broken_self_normalization,
    _forward_collapse,
    _rate_too_high,
    _rate_too_low,
)


def _moment(found: Examination) -> str:
    return next(iter(found.readings))


def _names(sites: list[Site]) -> list[str]:
    return [site.name for site in sites]


def _listed(sites: list[Site]) -> str:
    return sites[0].name if len(sites) == 1 else f"{sites[0].name} to {sites[-1].name}"


def _bias(site: Site) -> float | None:
    bias = getattr(site.layer, "bias", None)
    return None if bias is None else float(np.mean(keras.ops.convert_to_numpy(bias)))
