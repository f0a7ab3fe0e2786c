"""`training:` how long, in batches of what size, and when to stop."""

from dataclasses import dataclass

from kerasdeep.catalog.types import Duration
from kerasdeep.config.schema import Section, setting


@dataclass(frozen=True, kw_only=True)
class EarlyStoppingConfig(Section):
    """Stops when the watched metric no longer improves, and restores the best epoch's weights."""

    SHORTHAND = (("int", "patience"),)

    monitor: str = setting("str", "val_loss", "The column of history.csv that is watched.")
    patience: int = setting("int", 10, "Epochs without improvement before training stops.", minimum=0)
    min_delta: float = setting("float", 0.0, "The least change that counts as an improvement.", minimum=0.0)
    mode: str = setting("'auto'|'min'|'max'", "auto", "Whether less or more is better; auto knows Keras's metrics.")
    start_from_epoch: int = setting("int", 0, "Epochs to wait before watching.", minimum=0)
    restore_best_weights: bool = setting("bool", True, "Keep the best epoch's weights, not the last's.")
    include_start: bool = setting(
        "bool", False, "The weights that training begins with count as an epoch that may be the best."
    )


@dataclass(frozen=True, kw_only=True)
class CheckpointConfig(Section):
    """When the run is saved so that it can be resumed exactly; the last two are kept."""

    SHORTHAND = (("duration", "every"),)

    every: Duration = setting(
        "duration", Duration(1, "epochs"), "`5 epochs`, `2000 steps` or `10 minutes` between two."
    )


@dataclass(frozen=True, kw_only=True)
class TrainingConfig(Section):
    """How long the network is trained, and how often its state is saved."""

    epochs: int = setting("int", 20, "Passes over the training rows.", minimum=1, affects="length")
    batch_size: int = setting("int", 32, "Rows in one step.", minimum=1)
    shuffle: bool = setting("bool", True, "A new order each epoch, which follows from seed and epoch alone.")
    early_stopping: EarlyStoppingConfig | None = setting(
        EarlyStoppingConfig, None, "Stop early; null trains every epoch."
    )
    schedule_epochs: int | None = setting(
        "int|null", None, "Epochs that the schedule is planned over; null: all of them.", minimum=1, affects="length"
    )
    when_extended: str = setting(
        "'hold'|'stretch'",
        "hold",
        "The schedule of a run that is resumed with other epochs: hold it as planned, or stretch it over all epochs.",
        affects="length",
    )
    checkpoint: CheckpointConfig = setting(CheckpointConfig, doc="How often the run is saved.", affects="nothing")
    watch: Duration | str | None = setting(
        "'auto'|duration|null",
        "auto",
        "How often signal, gradients and updates of each layer are measured, at epoch ends; auto: in 5 % of the time.",
        affects="nothing",
    )
