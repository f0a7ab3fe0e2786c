"""The story of `lr-find`: data, network, range test, suggestions, and the one to take."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from kerasdeep import build
from kerasdeep.catalog import Choice
from kerasdeep.errors import InputError, Mark, RunFailed
from kerasdeep.probes import suggestions
from kerasdeep.probes.range_test import range_test
from kerasdeep.probes.rate_setting import rate_setting
from kerasdeep.probes.subject import look_at, without_xla
from kerasdeep.spec.experiment import Spec
from kerasdeep.spec.load import Loaded
from kerasdeep.spec.rates import MOMENTUM, moves_momentum

FEWEST, MOST = 100, 500
"""Steps of a test that nobody set: one epoch within these bounds."""


@dataclass(frozen=True)
class Found:
    """`suggestion` is the rate for `setting`, chosen by the rule `recommended` because of `why`.

    `suggestions` has every rule's rate; `curve` the rate, loss and smoothed loss of every step; `current` what the
    file says now; `stopped` why the test ended; `notes` what a person should know about this curve.
    """

    suggestion: float
    recommended: str
    why: str
    suggestions: dict[str, float]
    setting: str | None
    current: float | None
    stopped: str
    notes: list[str]
    curve: dict[str, list[float]]


def find(
    loaded: Loaded,
    lowest: float,
    highest: float,
    steps: int | None,
    say: Callable[[str], None] | None,
    tell: Callable[[int, int], None] | None,
) -> Found:
    """`kerasdeep.probes.lr_find` says what is done and raised."""
    spec = loaded.spec
    if not 0 < lowest < highest:
        raise InputError(
            f"the range goes from {lowest:g} to {highest:g}. Expected 0 < --from < --to.", "usage", Mark("--from")
        )
    setting = rate_setting(spec)
    optimizer = optimizer_of_the_test(spec)
    subject = look_at(spec, say)
    build.compile_model(subject.model, spec, subject.dataset, 1, 1, optimizer, schedule=None)
    without_xla(subject.model)
    count = steps or min(MOST, max(FEWEST, subject.steps_per_epoch))
    sweep = range_test(subject.model, subject.batches(), lowest, highest, count, tell)
    reading = suggestions.read(sweep.rates, sweep.losses) if len(sweep.losses) > 2 else None
    if reading is None or not reading.suggestions:
        raise RunFailed(_no_fall(sweep.stopped, reading is None or reading.lowest_at_start, lowest))
    recommended, why = _recommend(setting is not None and setting.is_peak)
    notes = []
    if reading.lowest_at_end and sweep.stopped == "end":
        notes.append(f"The loss still fell at {highest:g}: try a wider range with --to {100 * highest:g}.")
    if spec.stages:
        notes.append("All layers were trained at once; stages inherit this rate where they set none of their own.")
    return Found(
        suggestion=reading.suggestions[recommended],
        recommended=recommended,
        why=why,
        suggestions=reading.suggestions,
        setting=setting.dotted if setting else None,
        current=setting.value if setting else None,
        stopped=sweep.stopped,
        notes=notes,
        curve={
            "rate": sweep.rates.tolist(),
            "loss": sweep.losses.tolist(),
            "smoothed": reading.smoothed.tolist(),
        },
    )


def optimizer_of_the_test(spec: Spec) -> Choice:
    """The optimizer of the test; under a cycle of momentum, with the momentum of the cycle's top."""
    choice = spec.optimizer
    if choice.name == "MultiOptimizer":
        message = "MultiOptimizer has several rates. Run lr-find with one optimizer: --set optimizer=Nadam."
        raise InputError(message, "several-rates", choice.mark)
    if moves_momentum(spec.schedule) and choice.name in MOMENTUM:
        return choice.replace(**{MOMENTUM[choice.name]: min(spec.schedule.value("momentum"))})
    return choice


def _recommend(is_peak: bool) -> tuple[str, str]:
    if is_peak:
        why = (
            "a cycle is at its top for a moment only, so the highest rate before the loss turns up is right for it"
        )
        return "edge", why
    why = "the rate is held for long, so it keeps a factor of ten from where the loss turns up"
    return "minimum_tenth", why


def _no_fall(stopped: str, at_start: bool, lowest: float) -> str:
    if stopped != "end" and at_start:
        return f"The loss only rose, from the rate {lowest:g} on. Begin lower: --from {lowest / 1000:g}."
    return "No rate made the loss fall. See why: kerasdeep diagnose CONFIG."
