"""From a checked configuration to Keras objects: one file a noun."""

from kerasdeep.heads import output_heads
from kerasdeep.modeling.compilation import compile_model, data_loss_from_logs, feature_names
from kerasdeep.modeling.factory import create
from kerasdeep.modeling.losses import build_losses
from kerasdeep.modeling.metrics import build_metrics
from kerasdeep.modeling.model_builder import build_model, losses_from_config, sample_weights, steps_per_epoch
from kerasdeep.modeling.network import build_functional_model, describe_network
from kerasdeep.modeling.optimizer import build_optimizer, last_learning_rate, last_momentum

__all__ = ["build_functional_model", "build_losses", "build_metrics", "build_model", "build_optimizer"]
__all__ += ["compile_model", "create", "data_loss_from_logs", "describe_network", "feature_names", "last_learning_rate"]
__all__ += ["last_momentum", "losses_from_config", "output_heads", "sample_weights", "steps_per_epoch"]
