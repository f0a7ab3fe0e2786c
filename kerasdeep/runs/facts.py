"""The facts of a run: one dataclass for each file that is read back.

`read_fact` returns a checked dataclass, None where the run has no such file, or raises an InputError that names the
file and what is wrong with it. Numbers that were not finite were written as null.
"""

from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from kerasdeep.errors import InputError, Problem
from kerasdeep.runs import checked
from kerasdeep.runs.checked import RAW, json_key
from kerasdeep.runs.checked import parse as parse_fact
from kerasdeep.runs.layout import ComparisonDir, RunDir, SweepDir, list_runs
from kerasdeep.tasks import TASKS

F = TypeVar("F")

Metrics = dict[str, float | None]
Intervals = dict[str, tuple[float | None, float | None] | None]
"""A metric's 95 % interval; None where there is none."""
Features = dict[str, str | float | bool | None]


@dataclass(frozen=True, slots=True)
class OpponentFact:
    """One of scikit-learn's estimators on the rows of the run; `rows` are those it was fitted on."""

    name: str
    metrics: Metrics
    rows: int
    seconds: float | None = None


@dataclass(frozen=True, slots=True)
class OpponentVerdict:
    """The network against the best of its opponents on one target; `winner` is None without a clear difference."""

    sentence: str
    winner: str | None = None


@dataclass(frozen=True, slots=True)
class ResultFact:
    """`result.json`; `epochs` are those that were finished.

    `status` is completed, failed, interrupted, running or pruned: ended early by a sweep.
    """

    name: str = ""
    status: str = "interrupted"
    run: str = ""
    task: str | None = None
    error: str | None = None
    metrics: Metrics = field(default_factory=dict)
    baseline: Metrics = field(default_factory=dict)
    intervals: Intervals = field(default_factory=dict)
    opponents: list[OpponentFact] = field(default_factory=list)
    verdict: list[OpponentVerdict] = field(default_factory=list)
    best_epoch: int | None = None
    epochs: int | None = None
    seconds: float | None = None
    parameters: int | None = None
    seed: int | None = None
    raw: dict[str, object] = field(default_factory=dict, metadata=RAW)


@dataclass(frozen=True, slots=True)
class EnvironmentFact:
    """`environment.json`: what the run was trained with. `threads` and `data_hash` are needed to resume it."""

    versions: dict[str, str | None] = field(default_factory=dict)
    device: str | None = None
    threads: int | str | None = None
    data_hash: str | None = None
    raw: dict[str, object] = field(default_factory=dict, metadata=RAW)


@dataclass(frozen=True, slots=True)
class EngineFact:
    compile: str | None = None
    raw: dict[str, object] = field(default_factory=dict, metadata=RAW)


# How good the predictions are


@dataclass(frozen=True, slots=True)
class CalibrationBin:
    """Rows whose confidence is in `low` … `high`: their mean confidence and the share predicted correctly."""

    low: float
    high: float
    confidence: float
    accuracy: float
    rows: int


@dataclass(frozen=True, slots=True)
class ClassScores:
    class_name: str = field(metadata=json_key("class"))
    support: int = 0
    precision: float | None = None
    recall: float | None = None
    f1: float | None = None
    roc_auc: float | None = None
    pr_auc: float | None = None
    threshold: float | None = None


@dataclass(frozen=True, slots=True)
class ConfusedPair:
    """How many rows of class `actual` were predicted to be `predicted`."""

    actual: str
    predicted: str
    count: int


@dataclass(frozen=True, slots=True)
class ValuePairs:
    actual: list[float | None]
    predicted: list[float | None]


@dataclass(frozen=True, slots=True)
class PredictionInterval:
    """The share of the rows within an interval that should hold `nominal` of them, and its mean width."""

    nominal: float
    coverage: float
    width: float | None = None
    interval: tuple[float | None, float | None] | None = None
    calibrated: bool = False


@dataclass(frozen=True, slots=True)
class ThresholdFact:
    """The probability above which `positive` is predicted, and each metric of it at thresholds from 0 to 1."""

    value: float
    positive: str
    chosen: bool = False
    curve: dict[str, list[float | None]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class TargetMetrics:
    """One target on one part. `confusion[actual][predicted]` counts rows, in the order of `classes`."""

    target: str
    kind: str
    metrics: Metrics
    baseline: Metrics = field(default_factory=dict)
    intervals: Intervals = field(default_factory=dict)
    classes: list[str] = field(default_factory=list)
    confusion: list[list[int]] | None = None
    confused: list[ConfusedPair] = field(default_factory=list)
    per_class: list[ClassScores] = field(default_factory=list)
    calibration: list[CalibrationBin] = field(default_factory=list)
    pairs: ValuePairs | None = None
    most_certain: Metrics | None = None
    prediction_intervals: list[PredictionInterval] = field(default_factory=list)
    threshold: ThresholdFact | None = None

    def __post_init__(self) -> None:
        n = len(self.classes)
        if self.confusion and (len(self.confusion) != n or any(len(row) != n for row in self.confusion)):
            raise ValueError(f"should have a `confusion` of {n} rows and columns, one for each class")


@dataclass(frozen=True, slots=True)
class PartMetrics:
    """One part (test, validation or train); `metrics`, `baseline` and `intervals` are of all targets together."""

    rows: int
    targets: list[TargetMetrics]
    metrics: Metrics = field(default_factory=dict)
    baseline: Metrics = field(default_factory=dict)
    intervals: Intervals = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class EvaluationFact:
    parts: dict[str, PartMetrics]


@dataclass(frozen=True, slots=True)
class Mistake:
    """`image` is a PNG as a data URL; where there is none, `features` has the row's values by name."""

    row: int | str | None
    actual: str | float | None
    predicted: str | float | None
    target: str = ""
    confidence: float | None = None
    image: str | None = None
    features: Features | None = None


@dataclass(frozen=True, slots=True)
class SamplesFact:
    mistakes: list[Mistake]
    part: str | None = None


@dataclass(frozen=True, slots=True)
class ReconstructedRow:
    """What went into an autoencoder and what came out: two images, or `features` and `reconstructed`."""

    row: int | str | None
    error: float | None = None
    input: str | None = None
    output: str | None = None
    features: Features | None = None
    reconstructed: Features | None = None


@dataclass(frozen=True, slots=True)
class Reconstruction:
    stage: str
    rows: list[ReconstructedRow]
    raw: dict[str, object] = field(default_factory=dict, metadata=RAW)


# The data


@dataclass(frozen=True, slots=True)
class Summary:
    mean: float | None
    std: float | None = None
    min: float | None = None
    max: float | None = None


@dataclass(frozen=True, slots=True)
class TargetProfile:
    """`counts` has the rows of each class by part; a numeric target has a `summary` of the training rows."""

    name: str
    kind: str
    classes: list[str] = field(default_factory=list)
    counts: dict[str, list[int]] = field(default_factory=dict)
    summary: Summary | None = None
    weighted_counts: list[float] | None = None
    weighted_mean: float | None = None
    frequencies: list[float] = field(default_factory=list)
    quantiles: list[float] = field(default_factory=list)

    def __post_init__(self) -> None:
        if any(len(counts) != len(self.classes) for counts in self.counts.values()):
            raise ValueError(f"should have `counts` of {len(self.classes)} numbers, one for each class")
        if self.kind not in TASKS:
            raise ValueError(f"should have a `kind` among {', '.join(TASKS)}, not {self.kind[:40]}")
        if "train" not in self.counts and self.summary is None:
            raise ValueError("should have `counts` of the training rows, or a `summary` of their numbers")
        baseline = TASKS[self.kind].baseline
        if baseline == "label_frequencies" and len(self.frequencies) != len(self.classes):
            raise ValueError(f"should have `frequencies` of {len(self.classes)} numbers, one for each label")
        if baseline == "quantiles" and not self.quantiles:
            raise ValueError("should have `quantiles` of the training rows")


@dataclass(frozen=True, slots=True)
class FeatureProfile:
    name: str
    kind: str = ""
    missing: int | None = None
    unreadable: int = 0
    unseen: int = 0
    clipped: int = 0
    unique: int | None = None
    mean: float | None = None
    std: float | None = None
    min: float | None = None
    max: float | None = None


@dataclass(frozen=True, slots=True)
class DroppedColumn:
    name: str
    reason: str


@dataclass(frozen=True, slots=True)
class DataFact:
    """Held-out rows by pair of parts: `duplicates` have inputs that are in the training data, `shared_groups` belong to
    a group that is, `not_later` are not later than all of it; None where that was not checked."""

    rows: dict[str, int]
    targets: list[TargetProfile]
    source: str = ""
    format: str = ""
    hash: str | None = None
    input_shapes: dict[str, list[int | None]] = field(default_factory=dict)
    features: list[FeatureProfile] = field(default_factory=list)
    left_out: list[DroppedColumn] = field(default_factory=list)
    scaling: str | None = None
    duplicates: dict[str, int] | None = None
    shared_groups: dict[str, int] | None = None
    not_later: dict[str, int] | None = None
    warnings: list[str] = field(default_factory=list)


# The network and its training


@dataclass(frozen=True, slots=True)
class LayerSummary:
    name: str
    class_name: str = field(metadata=json_key("class"))
    output_shape: list[int | None] = field(default_factory=list)
    parameters: int = 0
    trainable: bool = True
    settings: str = ""


@dataclass(frozen=True, slots=True)
class NetworkFact:
    layers: list[LayerSummary]
    parameters: int
    trainable: int = 0
    non_trainable: int = 0


@dataclass(frozen=True, slots=True)
class RateCheck:
    """`applied` is the multiple of the learning rate that the group `layers` had at the stage's last step."""

    layers: str
    applied: float


@dataclass(frozen=True, slots=True)
class FreezeCheck:
    """After a stage: `frozen` tensors compared, those that `moved`, those `trained`, and trained ones in no group."""

    frozen: int
    trained: int
    moved: list[str] = field(default_factory=list)
    outside: list[str] = field(default_factory=list)
    groups: list[RateCheck] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class StageFact:
    """`stopped` is planned, early or interrupted; `raw` is what a resumed run writes again."""

    name: str
    epochs: int
    train: str = ""
    best_epoch: int | None = None
    steps: int | None = None
    stopped: str | None = None
    proof: FreezeCheck | None = None
    raw: dict[str, object] = field(default_factory=dict, metadata=RAW)


@dataclass(frozen=True, slots=True)
class HistogramFact:
    edges: list[float]
    counts: list[float]

    def __post_init__(self) -> None:
        if self.counts and len(self.edges) != len(self.counts) + 1:
            raise ValueError("should have one edge more than counts")


@dataclass(frozen=True, slots=True)
class KernelFact:
    """A saved kernel. Norms are Euclidean, `small` and `zero` are shares of its `size` entries."""

    name: str
    hidden: bool
    size: int
    norm: float | None
    largest_unit_norm: float | None
    small: float | None
    zero: float | None
    histogram: HistogramFact | None = None


@dataclass(frozen=True, slots=True)
class WeightsFact:
    layers: list[KernelFact]


@dataclass(frozen=True, slots=True)
class LayerReading:
    """`evaluation.layer_stats.LayerStats` says what the numbers are."""

    mean: float | None = None
    deviation: float | None = None
    typical: float | None = None
    dead: float | None = None
    saturated: float | None = None
    gradient: float | None = None
    norm: float | None = None
    update_ratio: float | None = None


@dataclass(frozen=True, slots=True)
class HealthReading:
    stage: str
    epoch: int
    loss: float | None
    seconds: float
    layers: dict[str, LayerReading]


@dataclass(frozen=True, slots=True)
class MonitoredLayer:
    name: str
    class_name: str = field(metadata=json_key("class"))
    activation: str | None
    output: bool


@dataclass(frozen=True, slots=True)
class HealthFact:
    """What was read in each layer while the run trained, and histograms of the last gradients by kernel."""

    layers: list[MonitoredLayer]
    readings: list[HealthReading]
    rows: int = 0
    gradients: dict[str, HistogramFact | None] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class LrCurve:
    rate: list[float]
    smoothed: list[float | None]

    def __post_init__(self) -> None:
        if len(self.rate) != len(self.smoothed) or any(rate <= 0 for rate in self.rate):
            raise ValueError("should have as many rates as losses, and only positive rates")


@dataclass(frozen=True, slots=True)
class LrFindFact:
    curve: LrCurve
    suggestion: float | None = None
    current: float | None = None


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


MeasuredFact = dict[str, dict[str, float | str | None]]
"""What `expect` had measured after training, by family and metric."""

FACT_FILES: dict[object, str] = {
    ResultFact: "result.json",
    EnvironmentFact: "environment.json",
    EvaluationFact: "facts/evaluation.json",
    SamplesFact: "facts/samples.json",
    DataFact: "facts/data.json",
    NetworkFact: "facts/network.json",
    EngineFact: "facts/engine.json",
    list[StageFact]: "facts/stages.json",
    list[Reconstruction]: "facts/reconstructions.json",
    HealthFact: "facts/health.json",
    WeightsFact: "facts/weights.json",
    LrFindFact: "facts/lr_find.json",
    MeasuredFact: "facts/measured.json",
}


def read_fact(run: RunDir, kind: type[F]) -> F | None:
    """The fact of that kind; None where the run has none. Raises InputError where its file is not what it should be."""
    path = run.path / FACT_FILES[kind]
    return checked.read(kind, path) if path.exists() else None


def read_result(run: RunDir) -> ResultFact:
    """`result.json`, with the status as it is now. Raises InputError when the directory holds no sound result."""
    return parse_fact(ResultFact, run.read_result(), run.result)


def read_results(out: str | Path) -> tuple[list[ResultFact], list[Problem]]:
    """The result of every run in `out`, and what is wrong with those that cannot be read."""
    results: list[ResultFact] = []
    problems: list[Problem] = []
    for run in list_runs(out):
        try:
            results.append(read_result(run))
        except InputError as error:
            problems += error.problems
    return results, problems


def read_sweep(folder: SweepDir) -> SweepFact:
    """`study.json`. Raises InputError when it is missing or not what it should be."""
    return checked.read(SweepFact, folder.facts)


def read_comparison(folder: ComparisonDir) -> ComparisonFact:
    """`comparison.json`. Raises InputError when it is missing or not what it should be."""
    return checked.read(ComparisonFact, folder.facts)
