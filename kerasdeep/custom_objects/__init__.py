"""What Keras lacks: registered, serialisable Keras classes, one small file per noun.

Each is found by `keras.saving` under the package name `kerasdeep`, so a saved model loads in safe mode once this
package is imported.
"""

from kerasdeep.custom_objects.activation import ActivationWith
from kerasdeep.custom_objects.data_loss import DataLoss
from kerasdeep.custom_objects.feature_mask import FeatureMask
from kerasdeep.custom_objects.learned_swish import LearnedSwish
from kerasdeep.custom_objects.momentum_schedule import (
    MomentumScheduleMixin,
    MovingAdam,
    MovingAdamax,
    MovingAdamW,
    MovingNadam,
    MovingRMSprop,
    MovingSGD,
)
from kerasdeep.custom_objects.one_cycle import OneCycle, OneCycleMomentum
from kerasdeep.custom_objects.one_hot import OneHotLoss, OneHotMetric
from kerasdeep.custom_objects.original_unit import InOriginalUnit
from kerasdeep.custom_objects.per_update import PerUpdate
from kerasdeep.custom_objects.power_decay import Power
from kerasdeep.custom_objects.rrelu import RReLU
from kerasdeep.custom_objects.scaled_rate import ScaledRate
from kerasdeep.custom_objects.take_columns import TakeColumns
from kerasdeep.custom_objects.transposed_dense import TransposedDense
from kerasdeep.custom_objects.warmup import LinearWarmup, Noam
from kerasdeep.custom_objects.zero_mask import ZeroMaskMixin, keep_zeros

__all__ = [
    "ActivationWith",
    "DataLoss",
    "FeatureMask",
    "InOriginalUnit",
    "LearnedSwish",
    "LinearWarmup",
    "MomentumScheduleMixin",
    "MovingAdam",
    "MovingAdamW",
    "MovingAdamax",
    "MovingNadam",
    "MovingRMSprop",
    "MovingSGD",
    "Noam",
    "OneCycle",
    "OneCycleMomentum",
    "OneHotLoss",
    "OneHotMetric",
    "PerUpdate",
    "Power",
    "RReLU",
    "ScaledRate",
    "TakeColumns",
    "TransposedDense",
    "ZeroMaskMixin",
    "keep_zeros",
]
