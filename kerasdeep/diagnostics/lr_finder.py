"""Finds a learning rate: a range test on the experiment's network and data, and the rates it suggests."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from kerasdeep import modeling
from kerasdeep.backends.runtime import RuntimeContext
from kerasdeep.catalog import Choice
from kerasdeep.catalog.traits import MOMENTUM_ARGUMENTS
from kerasdeep.config.load import LoadedConfig
from kerasdeep.config.optimizer_rules import moves_momentum
from kerasdeep.config.rate_setting import RateSetting, find_rate_setting
from kerasdeep.config.root import Config
from kerasdeep.data.types import DataSplit
from kerasdeep.diagnostics import lr_rules
from kerasdeep.diagnostics.layer_probe import disable_xla
from kerasdeep.diagnostics.range_test import range_test
from kerasdeep.diagnostics.rate_comparison import RateComparison, compare_rates
from kerasdeep.errors import InputError, RunFailed, SourceLocation
from kerasdeep.evaluation.layer_stats import Batch
from kerasdeep.experiment import Experiment, prepare
from kerasdeep.modeling.schedules import StageLength, build_learning_rate

MIN_STEPS, MAX_STEPS = 100, 500
"""Steps of a test that nobody set: one epoch within these bounds."""
COMPARED, COMPARED_SHARE, MAX_COMPARED = 2, 0.25, 1000
"""Two rates are compared over a share of the planned steps: at least so many times those of the test, at most this."""
SMALL_HELD_OUT, HELD_OUT_SHARE = 500, 1 / 3
"""Fewer validation rows do not tell two rates apart: they are then compared on this share of the training rows."""


@dataclass(frozen=True)
class LrFindResult:
    """`suggestion` is the rate for `setting`, chosen by the rule `recommended` because of `why`.

    `suggestions` has every rule's rate; `curve` the rate, loss and smoothed loss of every step; `current` the rate
    in the file; `stopped` why the test ended; `notes` what a person should know about this curve; `comparison` what
    both rates lead to, where that was asked for and both are known.
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
    comparison: RateComparison | None = None

    @property
    def may_replace_current(self) -> bool:
        """Whether the suggestion may be written over the rate in the file: not unless it was clearly better."""
        return self.comparison is None or self.comparison.verdict == "better"


def find_learning_rate(
    loaded: LoadedConfig,
    runtime: RuntimeContext,
    rate_range: tuple[float, float],
    steps: int | None,
    say: Callable[[str], None] | None,
    on_step: Callable[[int, int], None] | None,
    compare: bool,
) -> LrFindResult:
    """See `kerasdeep.diagnostics.lr_find`."""
    config, (lowest, highest) = loaded.config, rate_range
    if not 0 < lowest < highest < float("inf"):
        raise InputError(
            f"the range goes from {lowest:g} to {highest:g}. Expected 0 < --from < --to, both finite.",
            "usage",
            SourceLocation("--from"),
        )
    setting = find_rate_setting(config)
    optimizer = range_test_optimizer(config)
    experiment = prepare(config, runtime, say, network_only=True)
    modeling.compile_model(experiment.model, config, experiment.dataset, 1, 1, optimizer, schedule=None)
    disable_xla(experiment.model)
    count = steps or min(MAX_STEPS, max(MIN_STEPS, experiment.steps_per_epoch))
    test_result = range_test(experiment.model, experiment.batches(), lowest, highest, count, on_step)
    analysis = lr_rules.analyze_curve(test_result.rates, test_result.losses) if len(test_result.losses) > 2 else None
    if analysis is None or not analysis.suggestions:
        raise RunFailed(_no_fall_message(test_result.stopped, analysis, lowest))
    recommended, why = _recommended_rule(setting is not None and setting.is_peak)
    notes = []
    if analysis.lowest_at_end and test_result.stopped == "end":
        notes.append(f"The loss still fell at {highest:g}: try a wider range with --to {100 * highest:g}.")
    if config.stages:
        notes.append("All layers were trained at once; stages inherit this rate where they set none of their own.")
    suggestion, comparison = analysis.suggestions[recommended], None
    if compare and setting and setting.value and setting.value != suggestion:
        planned = max(1, config.training.epochs * experiment.steps_per_epoch)
        compared = min(planned, max(COMPARED * count, min(MAX_COMPARED, int(COMPARED_SHARE * planned))))
        rates = [planned_rates(config, setting, rate, compared) for rate in (setting.value, suggestion)]
        comparison = compare_rates(experiment.model, *rows_to_compare_on(experiment), *rates)
    return LrFindResult(
        suggestion=suggestion,
        recommended=recommended,
        why=why,
        suggestions=analysis.suggestions,
        setting=setting.dotted if setting else None,
        current=setting.value if setting else None,
        stopped=test_result.stopped,
        notes=notes,
        curve={
            "rate": test_result.rates.tolist(),
            "loss": test_result.losses.tolist(),
            "smoothed": analysis.smoothed.tolist(),
        },
        comparison=comparison,
    )


def range_test_optimizer(config: Config) -> Choice:
    """The optimizer of the test; under a cycle of momentum, with the momentum of the cycle's top."""
    choice = config.optimizer
    if choice.name == "MultiOptimizer":
        message = "MultiOptimizer has several rates. Run lr-find with one optimizer: --set optimizer=Nadam."
        raise InputError(message, "several-rates", choice.location)
    if moves_momentum(config.schedule) and choice.name in MOMENTUM_ARGUMENTS:
        return choice.replace(**{MOMENTUM_ARGUMENTS[choice.name]: min(config.schedule.value("momentum"))})
    return choice


def _recommended_rule(is_peak: bool) -> tuple[str, str]:
    if is_peak:
        why = "a cycle is at its top for a moment only, so the highest rate before the loss turns up is right for it"
        return "edge", why
    why = "the rate is held for long, so it keeps a factor of ten from where the loss turns up"
    return "minimum_tenth", why


def rows_to_compare_on(experiment: Experiment) -> tuple[Callable[[], Iterator[Batch]], DataSplit, np.ndarray]:
    """Begins batches to train on; and a part with those of its rows to judge by, which are in no batch."""
    train, validation = experiment.dataset.train, experiment.dataset.validation
    held_out = int(HELD_OUT_SHARE * len(train))
    if validation is not None and len(validation) >= min(SMALL_HELD_OUT, held_out):
        return experiment.batches, validation, np.arange(len(validation))
    order = np.random.default_rng(0).permutation(len(train))
    size = min(experiment.config.training.batch_size, len(train) - held_out)
    return lambda: experiment.batches(size, order[held_out:]), train, order[:held_out]


def planned_rates(config: Config, setting: RateSetting, rate: float, steps: int) -> list[float]:
    """The rate of every step of a training of so many steps, by the schedule of `config` with `rate` as its setting."""
    if config.schedule is None:
        return [rate] * steps
    schedule, base_rate = config.schedule, rate
    if setting.path[0] == "schedule":
        schedule = _with_argument(schedule, setting.path[2:], rate)
    length = StageLength(steps / config.training.epochs, steps)
    found = build_learning_rate(schedule, base_rate, length)
    return [float(found(step)) for step in range(steps)] if callable(found) else [found] * steps


def _with_argument(choice: Choice, path: tuple[str, ...], value: float) -> Choice:
    """`choice` with another value at the end of `path`: an argument, or one, its choice's name, its argument."""
    name, *rest = path
    return choice.replace(**{name: _with_argument(choice.arguments[name], tuple(rest[1:]), value) if rest else value})


def _no_fall_message(stopped: str, analysis: lr_rules.CurveAnalysis | None, lowest: float) -> str:
    if stopped != "end" and (analysis is None or analysis.lowest_at_start):
        return f"The loss only rose, from the rate {lowest:g} on. Begin lower: --from {lowest / 1000:g}."
    if analysis is not None and analysis.is_noisy:
        return (
            "The loss scatters more from batch to batch than it falls: too noisy for a suggestion. Keep the rate, or "
            "try more --steps or a larger training.batch_size."
        )
    return "No rate made the loss fall. See why: kerasdeep diagnose CONFIG."
