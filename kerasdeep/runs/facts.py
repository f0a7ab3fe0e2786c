"""The facts of a run: one dataclass for each file that is read back; those of training are in `training_facts`.

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
from kerasdeep.runs.layout import RunDir, list_runs
from kerasdeep.runs.training_facts import HealthFact, LrFindFact, NetworkFact, StageFact, WeightsFact
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
    """One target on one part. `confusion[actual][predicted]` counts rows, in the order of `classes`. Of forecasts,
    `steps` has the metrics of each step, and `forecasts` a few windows."""

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
    steps: list[Metrics] = field(default_factory=list)
    forecasts: list[ValuePairs] = field(default_factory=list)

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
class AugmentedPicture:
    """A training picture and random views of it, all as data URLs."""

    row: int | str | None
    picture: str
    views: list[str]


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
    a group that is, `not_later` are not later than all of it; None where that was not checked. `input_rms` is the root
    mean square of each input of numbers, as the network gets it."""

    rows: dict[str, int]
    targets: list[TargetProfile]
    source: str = ""
    format: str = ""
    hash: str | None = None
    input_shapes: dict[str, list[int | None]] = field(default_factory=dict)
    features: list[FeatureProfile] = field(default_factory=list)
    left_out: list[DroppedColumn] = field(default_factory=list)
    rows_left_out: int = 0
    scaling: str | None = None
    input_rms: dict[str, float] = field(default_factory=dict)
    duplicates: dict[str, int] | None = None
    shared_groups: dict[str, int] | None = None
    not_later: dict[str, int] | None = None
    warnings: list[str] = field(default_factory=list)


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
    list[AugmentedPicture]: "facts/augmentation.json",
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
