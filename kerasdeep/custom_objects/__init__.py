"""What Keras lacks: registered, serializable Keras classes, one small file a noun, and one table of them all.

Keras finds each under the package name `kerasdeep`, so a saved model loads in safe mode once this package is
imported, whichever module the class was in when the model was saved.
"""

from collections.abc import Callable
from typing import Any

from kerasdeep.custom_objects.activation import ActivationWith
from kerasdeep.custom_objects.conv_muon import ConvMuon
from kerasdeep.custom_objects.cosine_log import CosineLog
from kerasdeep.custom_objects.data_loss import DataLoss
from kerasdeep.custom_objects.ensemble import EnsembleMembers, EnsembleOutput
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
from kerasdeep.custom_objects.ordered_losses import OrdinalCrossentropy, PinballLoss
from kerasdeep.custom_objects.ordered_outputs import ascending, cumulative_link
from kerasdeep.custom_objects.original_unit import InOriginalUnit
from kerasdeep.custom_objects.parametric_activation import ParametricActivation
from kerasdeep.custom_objects.partial_identity import PartialIdentity
from kerasdeep.custom_objects.per_update import PerUpdate
from kerasdeep.custom_objects.piecewise_linear import PiecewiseLinear
from kerasdeep.custom_objects.power_decay import Power
from kerasdeep.custom_objects.random_shift import RandomShift
from kerasdeep.custom_objects.rrelu import RReLU
from kerasdeep.custom_objects.scaled_rate import ScaledRate
from kerasdeep.custom_objects.smooth_clip import SmoothClip
from kerasdeep.custom_objects.take_columns import TakeColumns
from kerasdeep.custom_objects.transposed_dense import TransposedDense
from kerasdeep.custom_objects.warmup import LinearWarmup, Noam
from kerasdeep.custom_objects.zero_mask import keep_zeros

CUSTOM_OBJECTS: dict[str, dict[str, Callable[..., Any]]] = {
    "layer": {
        "EnsembleMembers": EnsembleMembers,
        "EnsembleOutput": EnsembleOutput,
        "FeatureMask": FeatureMask,
        "LearnedSwish": LearnedSwish,
        "ParametricActivation": ParametricActivation,
        "PiecewiseLinear": PiecewiseLinear,
        "RReLU": RReLU,
        "RandomShift": RandomShift,
        "SmoothClip": SmoothClip,
        "TakeColumns": TakeColumns,
        "TransposedDense": TransposedDense,
    },
    "initializer": {"PartialIdentity": PartialIdentity},
    "activation": {"ActivationWith": ActivationWith, "ascending": ascending, "cumulative_link": cumulative_link},
    "regularizer": {},
    "constraint": {},
    "optimizer": {
        "ConvMuon": ConvMuon,
        "MovingAdam": MovingAdam,
        "MovingAdamW": MovingAdamW,
        "MovingAdamax": MovingAdamax,
        "MovingNadam": MovingNadam,
        "MovingRMSprop": MovingRMSprop,
        "MovingSGD": MovingSGD,
    },
    "schedule": {
        "CosineLog": CosineLog,
        "LinearWarmup": LinearWarmup,
        "Noam": Noam,
        "OneCycle": OneCycle,
        "OneCycleMomentum": OneCycleMomentum,
        "PerUpdate": PerUpdate,
        "Power": Power,
        "ScaledRate": ScaledRate,
    },
    "loss": {"OneHotLoss": OneHotLoss, "OrdinalCrossentropy": OrdinalCrossentropy, "PinballLoss": PinballLoss},
    "metric": {"DataLoss": DataLoss, "InOriginalUnit": InOriginalUnit, "OneHotMetric": OneHotMetric},
}
"""Every class (an activation may be a function) by family and name. What is added here can be written in YAML after
`python -m kerasdeep.catalog.generate`, which reads the arguments from the signature and the docstring."""

INTERNAL_OBJECTS = frozenset(
    {
        *("ActivationWith", "DataLoss", "FeatureMask", "InOriginalUnit", "OneCycleMomentum", "OneHotLoss"),
        *(
            "EnsembleOutput",
            "OneHotMetric",
            "PerUpdate",
            "ScaledRate",
            "TakeColumns",
            *(name for name in CUSTOM_OBJECTS["optimizer"] if name.startswith("Moving")),
        ),
    }
)
"""Those that kerasdeep puts around others or in a network itself; they cannot be written in YAML."""

__all__ = [
    "CUSTOM_OBJECTS",
    "INTERNAL_OBJECTS",
    "ActivationWith",
    "ConvMuon",
    "CosineLog",
    "DataLoss",
    "EnsembleMembers",
    "EnsembleOutput",
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
    "OrdinalCrossentropy",
    "ParametricActivation",
    "PartialIdentity",
    "PerUpdate",
    "PiecewiseLinear",
    "PinballLoss",
    "Power",
    "RReLU",
    "RandomShift",
    "ScaledRate",
    "TakeColumns",
    "TransposedDense",
    "ascending",
    "cumulative_link",
    "keep_zeros",
]
