"""The facts of a comparison (`comparison.json`) and of a sweep (`study.json`)."""

from dataclasses import dataclass, field

from kerasdeep.runs import checked
from kerasdeep.runs.checked import RAW
from kerasdeep.runs.facts import Metrics
from kerasdeep.runs.layout import ComparisonDir, SweepDir

# A comparison of runs


@dataclass(frozen=True, slots=True)
class SeedMean:
    """Mean and standard deviation over the `n` seeds that have the metric."""

    mean: float | None
    std: float | None
    n: int


@dataclass(frozen=True, slots=True)
class VariantFact:
    """One variant. `runs`, `statuses` and each of `values` go by `seeds`; `curves` are means by epoch."""

    name: str
    seeds: list[int]
    runs: list[str]
    statuses: list[str]
    metrics: dict[str, SeedMean]
    costs: dict[str, SeedMean]
    curves: dict[str, list[float | None]]
    values: dict[str, list[float | None]] = field(default_factory=dict)
    headline: str | None = None
    folds: list[int] = field(default_factory=list)

    def __post_init__(self) -> None:
        if not len(self.seeds) == len(self.runs) == len(self.statuses):
            raise ValueError("should have one run and one status for each seed")


@dataclass(frozen=True, slots=True)
class PairedDifference:
    """The mean difference to variant `against` over common seeds, with its interval where there are two or more."""

    metric: str
    variant: str
    against: str
    difference: float | None
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True, slots=True)
class VerdictFact:
    """Which variant is best by `metric`, `difference` ahead of the `second`; `tied` may be as good as it.

    `verdict` is better or no_clear_difference.
    """

    verdict: str
    metric: str
    best: str
    second: str
    difference: float | None = None
    low: float | None = None
    high: float | None = None
    tied: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class ClaimFact:
    """`figures` are the means that the claim names; `why` says what was missing."""

    claim: str
    met: bool
    figures: Metrics
    why: str | None = None


@dataclass(frozen=True, slots=True)
class ChangedSetting:
    """A setting's value by variant."""

    setting: str
    values: dict[str, str]


@dataclass(frozen=True, slots=True)
class ComparisonFact:
    """`comparison.json`."""

    name: str
    variants: list[VariantFact]
    description: str = ""
    command: str = ""
    verdict: VerdictFact | None = None
    folds: int | None = None
    paired: list[PairedDifference] = field(default_factory=list)
    differences: list[ChangedSetting] = field(default_factory=list)
    expect: list[ClaimFact] = field(default_factory=list)
    less_is_better: list[str] = field(default_factory=list)
    raw: dict[str, object] = field(default_factory=dict, metadata=RAW)


# A sweep


@dataclass(frozen=True, slots=True)
class SweepTrial:
    """A trial that began: `status` is completed, pruned, failed or running; `error` says why it failed."""

    number: int
    status: str
    parameters: dict[str, object]
    goal: float | None = None
    run: str | None = None
    epochs: int | None = None
    error: str | None = None


@dataclass(frozen=True, slots=True)
class ParameterFact:
    """What was searched: `choices`, or a range."""

    choices: list[object] | None = None
    low: float | None = None
    high: float | None = None
    log: bool = False


@dataclass(frozen=True, slots=True)
class Interval:
    difference: float | None = None
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True, slots=True)
class CandidateFact:
    """A trial on fresh seeds: its goal in the search, and over the `n` seeds; `paired` against the file as written."""

    number: int
    search: float | None = None
    mean: float | None = None
    std: float | None = None
    n: int = 0
    paired: Interval | None = None


@dataclass(frozen=True, slots=True)
class ConfirmFact:
    """`verdict` on trial `best` is better, no_clear_difference or worse, at the intervals' `confidence`."""

    verdict: str
    best: int
    file: SeedMean
    candidates: list[CandidateFact]
    confidence: float = 0.95
    seeds: list[int] = field(default_factory=list)
    fresh_rows: bool = False


@dataclass(frozen=True, slots=True)
class SweepFact:
    """`study.json`; `wanted` are the trials of the whole study, `epochs` those of a trial to its end."""

    name: str
    goal: str
    direction: str
    trials: list[SweepTrial]
    parameters: dict[str, ParameterFact]
    wanted: int = 0
    epochs: int | None = None
    importances: dict[str, float] = field(default_factory=dict)
    best: int | None = None
    confirm: ConfirmFact | None = None
    config: str | None = None
    study: str | None = None
    description: str = ""
    command: str = ""
    raw: dict[str, object] = field(default_factory=dict, metadata=RAW)


def read_sweep(folder: SweepDir) -> SweepFact:
    """`study.json`. Raises InputError when it is missing or not what it should be."""
    return checked.read(SweepFact, folder.facts)


def read_comparison(folder: ComparisonDir) -> ComparisonFact:
    """`comparison.json`. Raises InputError when it is missing or not what it should be."""
    return checked.read(ComparisonFact, folder.facts)
