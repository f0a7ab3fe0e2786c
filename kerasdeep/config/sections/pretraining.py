"""`stages: [{pretrain: …}]`: what the body of the network learns before the stages that train it for its task.

Each kind of pretraining puts other layers on the body and trains them on other targets; the body's layers are reused
by name. Sources: stacked and greedy autoencoders (Bengio et al. 2007), denoising (Vincent et al. 2008),
rotations (Gidaris et al. 2018), two towers on pairs (Bromley et al. 1993).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from kerasdeep.catalog import Choice
from kerasdeep.config.schema import Section, setting, settings_of
from kerasdeep.config.sections.data import DataConfig
from kerasdeep.tasks import setting_type

_SOURCE_SPECIFIC_KEYS = (
    *("format", "target", "classes", "per_class", "limit", "labelled", "validation", "test", "class_weight"),
    *("group", "time", "weight", "window"),
)
"""Settings that belong to one source, so that another one does not inherit them."""
_UNTIL_DOC = "The last layer that is pretrained and reused; null takes the one in front of the output."


@dataclass(frozen=True, kw_only=True)
class PretrainDataConfig(DataConfig):
    """The run's own data but for what is written here; with another source, its rows and parts start anew."""

    source: str = setting("str|null", None, "Null takes the run's own source.")


@dataclass(frozen=True, kw_only=True)
class NoiseConfig(Section):
    """The noise on a denoising autoencoder's input: exactly one of the two."""

    ONE_OF = True

    gaussian: float | None = setting("float|null", None, "Deviation of noise that is added.", minimum=0.0)
    dropout: float | None = setting(
        "float|null", None, "Share of the inputs that is zeroed.", minimum=0.0, maximum=0.99
    )


@dataclass(frozen=True, kw_only=True)
class PretextConfig(Section):
    """What every kind of pretraining has."""

    until: str | None = setting("str|null", None, _UNTIL_DOC)
    data: PretrainDataConfig | None = setting(
        PretrainDataConfig, None, "Keys of `data` that differ; null: the run's own data."
    )


@dataclass(frozen=True, kw_only=True)
class AutoencoderConfig(PretextConfig):
    """The body encodes, its mirror image decodes: its target is its input."""

    SHORTHAND = (("'stacked'|'tied'|'greedy'|'denoising'", "style"),)

    style: str = setting(
        "'stacked'|'tied'|'greedy'|'denoising'",
        "stacked",
        "All at once; with the encoder's kernels transposed; layer by layer; from a noisy input.",
    )
    noise: NoiseConfig | None = setting(NoiseConfig, None, "Of the denoising style; null: dropout of one half.")
    loss: Choice = setting("loss", Choice("loss", "MeanSquaredError", {}), "Between input and reconstruction.")
    output_activation: str = setting(
        "'linear'|'sigmoid'", "linear", "Of the decoder's last layer; sigmoid for inputs between 0 and 1."
    )
    rates: list[float] | None = setting(
        "list[float]|null", None, "Learning rate of each layer's turn in the greedy style; null: the stage's."
    )


@dataclass(frozen=True, kw_only=True)
class PairsConfig(PretextConfig):
    """Two rows, a tower each: do they belong to the same class? The first tower is the body."""

    shared: bool = setting("bool", False, "One tower for both rows; false gives the second one weights of its own.")
    units: int = setting("int", 10, "Hidden units of the layer that joins the towers.", minimum=1)


@dataclass(frozen=True, kw_only=True)
class RotationConfig(PretextConfig):
    """Pictures turned by 0, 90, 180 or 270 degrees: by how much?"""


@dataclass(frozen=True, kw_only=True)
class MaskedConfig(PretextConfig):
    """A table's features from the others: some are hidden at random, and the loss is taken on those alone."""

    rate: float = setting("float", 0.15, "Share of the features that is hidden.", minimum=0.01, maximum=0.9)


@dataclass(frozen=True, kw_only=True)
class SupervisedConfig(PretextConfig):
    """Other labels, with a head of their own: other classes, another target column, another source."""

    task: str | dict[str, Any] = setting(setting_type(), "auto", "What is predicted here.")


LABEL_FREE_PRETEXTS = (AutoencoderConfig, MaskedConfig, RotationConfig)
"""What can be learned from rows that carry no label."""


@dataclass(frozen=True, kw_only=True)
class PretrainConfig(Section):
    """What the stage learns instead of the network's own task: exactly one of these."""

    ONE_OF = True

    autoencoder: AutoencoderConfig | None = setting(AutoencoderConfig, None, "To reconstruct the input.")
    pairs: PairsConfig | None = setting(PairsConfig, None, "Whether two rows belong to the same class.")
    rotation: RotationConfig | None = setting(RotationConfig, None, "By how much a picture was turned.")
    masked: MaskedConfig | None = setting(MaskedConfig, None, "The hidden features of a table's row.")
    supervised: SupervisedConfig | None = setting(SupervisedConfig, None, "Other labels.")

    @property
    def kinds(self) -> dict[str, PretextConfig]:
        """What is stated, by name; a checked file states one."""
        stated = {key: getattr(self, key) for key in settings_of(PretrainConfig)}
        return {name: kind for name, kind in stated.items() if kind is not None}

    @property
    def name(self) -> str:
        return next(iter(self.kinds))

    @property
    def kind(self) -> PretextConfig:
        return self.kinds[self.name]

    def with_kind(self, kind: PretextConfig) -> PretrainConfig:
        changes: dict[str, Any] = {self.name: kind}
        return replace(self, **changes)


def with_run_defaults(section: PretrainConfig, run_data: DataConfig) -> PretrainConfig:
    """The section with everything that it leaves to the run's own data, or to its style, filled in."""
    if len(section.kinds) != 1:
        return section
    kind = section.kind
    if kind.data is not None:
        kind = replace(kind, data=_data_with_run_defaults(kind.data, run_data))
    if isinstance(kind, AutoencoderConfig) and kind.style == "denoising" and kind.noise is None:
        kind = replace(kind, noise=NoiseConfig(dropout=0.5))
    return section.with_kind(kind)


def _data_with_run_defaults(section: PretrainDataConfig, run_data: DataConfig) -> PretrainDataConfig:
    has_other_source = section.source not in (None, run_data.source)
    changes, locations = {}, dict(section.locations)
    for key in settings_of(DataConfig):
        is_written = section.location(key) is not None and not (key == "source" and section.source is None)
        if is_written or (has_other_source and key in _SOURCE_SPECIFIC_KEYS):
            continue
        changes[key] = getattr(run_data, key)
        if run_data.location(key):
            locations[key] = run_data.locations[key]
    if section.location("target") and "drop" in changes:
        # What the run keeps from its features may be what this stage predicts.
        changes["drop"] = [column for column in run_data.drop if column not in (section.target or ())]
    return replace(section, **changes, locations=locations)


def pretrain_data(section: PretrainConfig, run_data: DataConfig) -> DataConfig:
    """What the stage learns from."""
    return section.kind.data or run_data
