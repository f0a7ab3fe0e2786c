"""`regularization:` what keeps a network from overfitting."""

from dataclasses import dataclass

from kerasdeep.catalog.types import Duration
from kerasdeep.config.schema import Section, setting


@dataclass(frozen=True, kw_only=True)
class DropoutConfig(Section):
    """Dropout after hidden Dense layers (Srivastava et al. 2014); alpha dropout where the activation is SELU."""

    SHORTHAND = (("float", "rate"),)

    rate: float = setting("float", doc="Share of units that is zeroed at each step.", minimum=0.0, maximum=0.99)
    input: bool = setting("bool", False, "Also drop input features.")


@dataclass(frozen=True, kw_only=True)
class BatchNormConfig(Section):
    """Batch normalization of every hidden Dense and Conv layer (Ioffe & Szegedy 2015)."""

    SHORTHAND = (("'before'|'after'", "placement"),)

    placement: str = setting("'before'|'after'", "before", "Before or after the activation.")
    input: bool = setting("bool", False, "Also normalize the input, in front of the first layer.")
    momentum: float = setting("float", 0.99, "Of the moving mean and variance.", minimum=0.0, maximum=1.0)
    epsilon: float = setting("float", 1e-3, "Added to the variance before the root.", minimum=0.0)


@dataclass(frozen=True, kw_only=True)
class PruningConfig(Section):
    """Sets the smallest weights of every kernel to zero, for good, more of them at the end of each epoch.

    The share, or the size below which a weight counts as small, rises from 0 at `from` to its full value at
    `until`, fast at first (Zhu & Gupta 2017). Acts in the last stage, on the kernels that it trains.
    """

    SHORTHAND = (("float", "share"),)

    share: float = setting(
        "float", 0.8, "Share of each kernel's weights that end as zeros.", minimum=0.0, maximum=0.999
    )
    below: float | None = setting(
        "float|null", None, "Instead of a share: weights smaller than this end as zeros.", minimum=0.0
    )
    from_: Duration = setting("duration", Duration(30, "%"), "When the first weights are set to zero.")
    until: Duration = setting("duration", Duration(80, "%"), "When the last ones are; the others are trained further.")


@dataclass(frozen=True, kw_only=True)
class RegularizationConfig(Section):
    """Defaults for all layers; a layer's own setting takes precedence."""

    l1: float = setting(
        "float", 0.0, "l1 · Σ|w| on kernels of Dense and Conv layers, the output's included.", minimum=0.0
    )
    l2: float = setting(
        "float", 0.0, "l2 · Σw² on kernels of Dense and Conv layers, the output's included.", minimum=0.0
    )
    dropout: DropoutConfig | None = setting(DropoutConfig, None, "Dropout after hidden Dense layers.")
    max_norm: float | None = setting(
        "float|null", None, "Largest norm of a hidden unit's incoming weights.", minimum=1e-6
    )
    batch_norm: BatchNormConfig | None = setting(BatchNormConfig, None, "Batch normalization of hidden layers.")
    pruning: PruningConfig | None = setting(
        PruningConfig, None, "Smallest weights of every kernel set to zero, for good."
    )
    weight_decay: float | None = setting(
        "float|null", None, "The optimizer's own weight decay, biases and norms excluded.", minimum=0.0
    )
    input_noise: float | None = setting(
        "float|null", None, "Deviation of Gaussian noise added to the input while training.", minimum=0.0
    )
    label_smoothing: float = setting(
        "float", 0.0, "Share of the label's probability spread over all classes.", minimum=0.0, maximum=0.99
    )
