"""The whole file: every section of one experiment."""

from dataclasses import dataclass
from typing import Any

from kerasdeep.catalog import Choice
from kerasdeep.config.schema import ListOf, Section, setting
from kerasdeep.config.sections.data import DataConfig
from kerasdeep.config.sections.network import NetworkConfig
from kerasdeep.config.sections.pretrained import (
    PRETRAINED_LAYER,
    PretrainedConfig,
    application_as_pretrained,
    as_layer,
    from_layer,
    is_body,
)
from kerasdeep.config.sections.regularization import RegularizationConfig
from kerasdeep.config.sections.runtime import ReportConfig, RuntimeConfig
from kerasdeep.config.sections.stages import StageConfig
from kerasdeep.config.sections.sweep import SweepConfig
from kerasdeep.config.sections.threshold import ThresholdConfig
from kerasdeep.config.sections.training import TrainingConfig
from kerasdeep.tasks import setting_type


@dataclass(frozen=True, kw_only=True)
class Config(Section):
    """One file is one experiment."""

    version: int = setting("int", 1, "The version of this language.", minimum=1, maximum=1)
    name: str | None = setting(
        "str|null", None, "Names the run directory; the file's name where not stated.", affects="nothing"
    )
    description: str = setting("str", "", "One sentence for people; it heads the report.", affects="nothing")
    extends: list[str] | str | None = setting(
        "list[str]|str|null",
        None,
        "Files that this one starts from: a shipped name or a path relative to this file.",
        affects="loading",
    )
    seed: int = setting("int", 0, "Initialization, dropout, row order and augmentation.", minimum=0)
    task: str | dict[str, Any] = setting(
        setting_type(), "auto", "What is predicted; auto looks at the target. With options: {quantile: {levels: […]}}."
    )
    data: DataConfig = setting(DataConfig, doc="What to learn from: at least `source`.")
    network: NetworkConfig = setting(NetworkConfig, doc="What to train: a list of layers.")
    pretrained: PretrainedConfig | None = setting(
        PretrainedConfig, None, "Pretrained layers: the body in front of `Output`, or weights by name."
    )
    activation: Choice = setting("activation|layer", Choice("activation", "relu", {}), "Of every hidden layer.")
    initializer: str | Choice = setting(
        "'auto'|initializer", "auto", "Of every kernel; auto is He, LeCun or Glorot, by activation."
    )
    regularization: RegularizationConfig = setting(RegularizationConfig, doc="")
    optimizer: Choice = setting(
        "optimizer", Choice("optimizer", "Nadam", {"learning_rate": 1e-3}), "How the weights are updated."
    )
    schedule: Choice | None = setting("schedule|null", None, "How the learning rate changes; null keeps it constant.")
    loss: Any = setting("'auto'|loss|map[loss]", "auto", "auto follows the task; a mapping gives each output its own.")
    metrics: Any = setting(
        "'auto'|list[metric]|map[list[metric]]", "auto", "auto follows the task; a mapping for several outputs."
    )
    threshold: ThresholdConfig | None = setting(
        ThresholdConfig, None, "Above which probability a prediction is yes, for two classes or labels; null: one half."
    )
    training: TrainingConfig = setting(TrainingConfig, doc="")
    stages: list[StageConfig] = setting(ListOf(StageConfig), [], "A run in several parts; empty: one part, all layers.")
    runtime: RuntimeConfig = setting(RuntimeConfig, doc="")
    report: ReportConfig = setting(ReportConfig, doc="", affects="nothing")
    variants: dict[str, Any] = setting(
        "map[any]", {}, "Named overrides; `--variant NAME` trains one of them.", affects="loading"
    )
    profiles: dict[str, Any] = setting(
        "map[any]", {}, "Named overrides; `--profile NAME` applies one of them.", affects="loading"
    )
    expect: list[str] = setting("list[str]", [], "Claims that `compare` judges.", affects="loading")
    sweep: SweepConfig | None = setting(
        SweepConfig, None, "What `kerasdeep sweep` searches, and by which goal.", affects="loading"
    )
    allow: list[str] = setting("list[str]", [], "Names of warnings that are accepted.", affects="nothing")

    @property
    def pretrained_sources(self) -> list[PretrainedConfig]:
        """Where layers come from: `network.application`, `pretrained`, and every layer `Pretrained`."""
        section = application_as_pretrained(self.network) or self.pretrained
        layers = [from_layer(layer) for layer in self.network.layers if layer.name == PRETRAINED_LAYER]
        return [*([section] if section else []), *layers]

    @property
    def weights_by_name(self) -> PretrainedConfig | None:
        """What `pretrained` gives to layers of the network by their names; None where it is a body, or nothing."""
        section = self.pretrained
        return section if section and not is_body(section, self.network.layers) else None

    @property
    def layers_with_body(self) -> list[Choice]:
        """The network's layers, behind the body that `network.application` or `pretrained` puts in front of them."""
        section = application_as_pretrained(self.network) or self.pretrained
        is_front = section is not None and section is not self.weights_by_name
        return [*([as_layer(section)] if section and is_front else []), *self.network.layers]
