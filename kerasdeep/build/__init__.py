"""From a checked spec to Keras objects: one file per noun."""

from kerasdeep.build.compile import compile_model, data_loss, features_of, heads_of
from kerasdeep.build.create import create
from kerasdeep.build.experiment import all_losses, network_of, sample_weights, steps_per_epoch
from kerasdeep.build.losses import losses
from kerasdeep.build.metrics import metrics
from kerasdeep.build.network import describe, model
from kerasdeep.build.optimizer import applied_momentum, applied_rate, optimizer

__all__ = [
    "all_losses",
    "applied_momentum",
    "applied_rate",
    "compile_model",
    "create",
    "data_loss",
    "describe",
    "features_of",
    "heads_of",
    "losses",
    "metrics",
    "model",
    "network_of",
    "optimizer",
    "sample_weights",
    "steps_per_epoch",
]
