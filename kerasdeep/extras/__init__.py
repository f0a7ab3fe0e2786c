"""What Keras lacks: registered, serialisable Keras classes, one small file per noun.

Each is found by `keras.saving` under the package name `kerasdeep`, so a saved model loads in safe mode once this
package is imported.
"""

from kerasdeep.extras.activation import ActivationWith
from kerasdeep.extras.data_loss import DataLoss
from kerasdeep.extras.feature_mask import FeatureMask
from kerasdeep.extras.keeps_zeros import KeepsZeros, keep_zeros
from kerasdeep.extras.learned_swish import LearnedSwish
from kerasdeep.extras.moving_momentum import (
    MovingAdam,
    MovingAdamax,
    MovingAdamW,
    MovingMomentum,
    MovingNadam,
    MovingRMSprop,
    MovingSGD,
)
from kerasdeep.extras.one_cycle import OneCycle, OneCycleMomentum
from kerasdeep.extras.one_hot import OneHotLoss, OneHotMetric
from kerasdeep.extras.original_unit import InOriginalUnit
from kerasdeep.extras.per_update import PerUpdate
from kerasdeep.extras.power import Power
from kerasdeep.extras.rrelu import RReLU
from kerasdeep.extras.scaled_rate import ScaledRate
from kerasdeep.extras.take_columns import TakeColumns
from kerasdeep.extras.transposed_dense import TransposedDense
from kerasdeep.extras.warmup import LinearWarmup, Noam

__all__ = [
    "ActivationWith",
    "DataLoss",
    "FeatureMask",
    "InOriginalUnit",
    "KeepsZeros",
    "LearnedSwish",
    "LinearWarmup",
    "MovingAdam",
    "MovingAdamW",
    "MovingAdamax",
    "MovingMomentum",
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
    "keep_zeros",
]
