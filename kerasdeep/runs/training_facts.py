"""The facts of a run about its network and its training; `facts` reads them."""

from dataclasses import dataclass, field

from kerasdeep.runs.checked import RAW, json_key


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
