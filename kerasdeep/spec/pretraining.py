"""`stages: [{pretrain: …}]`: what the body of the network learns before the stages that train it for its task.

Each kind of pretraining puts other layers on the body and gives it other answers to learn; the body's layers are
handed on by name. Sources: stacked and greedy autoencoders (Bengio et al. 2007), denoising (Vincent et al. 2008),
rotations (Gidaris et al. 2018), two towers on pairs (Bromley et al. 1993).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from kerasdeep.catalog import Choice
from kerasdeep.spec.data import Data
from kerasdeep.spec.settings import Section, key_of, setting, settings

if TYPE_CHECKING:
    from kerasdeep.spec.experiment import Spec

_OF_THE_SOURCE = (
    *("format", "target", "classes", "per_class", "limit", "labelled", "validation", "test", "class_weight"),
)
"""Settings that belong to one source, so that another one does not inherit them."""
_UNTIL = "The last layer that learns here and is handed on; null takes the one in front of the output."


@dataclass(frozen=True, kw_only=True)
class OtherData(Data):
    """The run's own data but for what is written here; with another source, its rows and parts start anew."""

    source: str | None = setting("str|null", None, "Null takes the run's own source.")


@dataclass(frozen=True, kw_only=True)
class Noise(Section):
    """What a denoising autoencoder's input goes through: exactly one of the two."""

    ONE_OF = True

    gaussian: float | None = setting("float|null", None, "Deviation of noise that is added.", minimum=0.0)
    dropout: float | None = setting(
        "float|null", None, "Share of the inputs that is zeroed.", minimum=0.0, maximum=0.99
    )


@dataclass(frozen=True, kw_only=True)
class Kind(Section):
    """What every kind of pretraining has."""

    until: str | None = setting("str|null", None, _UNTIL)
    data: OtherData | None = setting(OtherData, None, "Keys of `data` that differ; null: the run's own data.")


@dataclass(frozen=True, kw_only=True)
class Autoencoder(Kind):
    """The body encodes, its mirror image decodes: what comes out shall be what went in."""

    SHORTHAND = (("'stacked'|'tied'|'greedy'|'denoising'", "style"),)

    style: str = setting(
        "'stacked'|'tied'|'greedy'|'denoising'",
        "stacked",
        "All at once; with the encoder's kernels transposed; layer by layer; from a noisy input.",
    )
    noise: Noise | None = setting(Noise, None, "Of the denoising style; null: dropout of one half.")
    loss: Choice = setting(
        "loss", Choice("loss", "MeanSquaredError", {}), "Between what went in and what came out."
    )
    output_activation: str = setting(
        "'linear'|'sigmoid'", "linear", "Of the decoder's last layer; sigmoid for inputs between 0 and 1."
    )
    rates: list[float] | None = setting(
        "list[float]|null", None, "Learning rate of each layer's turn in the greedy style; null: the stage's."
    )


@dataclass(frozen=True, kw_only=True)
class Pairs(Kind):
    """Two rows, a tower each: do they belong to the same class? The first tower is the body."""

    shared: bool = setting(
        "bool", False, "One tower for both rows; false gives the second one weights of its own."
    )
    units: int = setting("int", 10, "Hidden units of the layer that joins the towers.", minimum=1)


@dataclass(frozen=True, kw_only=True)
class Rotation(Kind):
    """Pictures turned by 0, 90, 180 or 270 degrees: by how much?"""


@dataclass(frozen=True, kw_only=True)
class Masked(Kind):
    """A table's features from the others: some are hidden at random, and the loss is taken on those alone."""

    rate: float = setting("float", 0.15, "Share of the features that is hidden.", minimum=0.01, maximum=0.9)


@dataclass(frozen=True, kw_only=True)
class Supervised(Kind):
    """Other labels, with a head of their own: other classes, another target column, another source."""

    task: str = setting("'auto'|'binary'|'multiclass'|'regression'", "auto", "What is predicted here.")


WITHOUT_LABELS = (Autoencoder, Masked, Rotation)
"""What can be learned from rows that carry no label."""


@dataclass(frozen=True, kw_only=True)
class Pretrain(Section):
    """What the stage learns instead of the network's own task: exactly one of these."""

    ONE_OF = True

    autoencoder: Autoencoder | None = setting(Autoencoder, None, "To give back what went in.")
    pairs: Pairs | None = setting(Pairs, None, "Whether two rows belong to the same class.")
    rotation: Rotation | None = setting(Rotation, None, "By how much a picture was turned.")
    masked: Masked | None = setting(Masked, None, "The hidden features of a table's row.")
    supervised: Supervised | None = setting(Supervised, None, "Other labels.")

    @property
    def kinds(self) -> dict[str, Kind]:
        """What is stated, by name; a checked file states one."""
        stated = {key_of(entry): getattr(self, entry.name) for entry in settings(Pretrain)}
        return {name: kind for name, kind in stated.items() if kind is not None}

    @property
    def name(self) -> str:
        return next(iter(self.kinds))

    @property
    def kind(self) -> Kind:
        return self.kinds[self.name]

    def with_kind(self, kind: Kind) -> Pretrain:
        return replace(self, **{self.name: kind})


def filled(section: Pretrain, top: Data) -> Pretrain:
    """The section with everything that it leaves to the run's own data, or to its style, filled in."""
    if len(section.kinds) != 1:
        return section
    kind = section.kind
    if kind.data is not None:
        kind = replace(kind, data=_filled_data(kind.data, top))
    if isinstance(kind, Autoencoder) and kind.style == "denoising" and kind.noise is None:
        kind = replace(kind, noise=Noise(dropout=0.5))
    return section.with_kind(kind)


def _filled_data(section: OtherData, top: Data) -> OtherData:
    other = section.source not in (None, top.source)
    changes, marks = {}, dict(section.marks)
    for entry in settings(Data):
        key = key_of(entry)
        own = section.mark(key) is not None and not (key == "source" and section.source is None)
        if own or (other and key in _OF_THE_SOURCE):
            continue
        changes[entry.name] = getattr(top, entry.name)
        if top.mark(key):
            marks[key] = top.marks[key]
    if section.mark("target") and "drop" in changes:
        # What the run keeps from its features may be what this stage predicts.
        changes["drop"] = [column for column in top.drop if column not in (section.target or ())]
    return replace(section, **changes, marks=marks)


def data_of(section: Pretrain, top: Data) -> Data:
    """What the stage learns from."""
    return section.kind.data or top


def taught(section: Pretrain, spec: Spec) -> dict[str, Any]:
    """Data, task, loss, metrics and regularization as a pretraining stage sees them."""
    kind, data = section.kind, data_of(section, spec.data)
    plain = replace(spec.regularization, label_smoothing=0.0)
    changes = {"data": data, "task": "auto", "loss": "auto", "metrics": "auto", "regularization": plain}
    if isinstance(kind, Autoencoder):
        return {**changes, "loss": kind.loss, "metrics": [], "data": replace(data, augmentation=[])}
    if isinstance(kind, Masked):
        return {**changes, "metrics": [], "data": replace(data, augmentation=[])}
    if isinstance(kind, Pairs):
        return {**changes, "data": replace(data, augmentation=[])}
    if isinstance(kind, Supervised):
        return {**changes, "task": kind.task, "regularization": spec.regularization}
    return changes
