"""The data room: from a `data:` section to arrays a network can learn from.

`load` is the way in (see `loading.py`); `read_for_prediction` and the functions of `preprocessing` serve
prediction. Names are looked up on first use, so that `kerasdeep.data.csv_header`, which `validate` needs, costs
neither NumPy nor pandas.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from kerasdeep.data.dataset import Dataset
    from kerasdeep.data.loading import load, load_unlabelled
    from kerasdeep.data.prediction_input import PredictionInput, read_for_prediction
    from kerasdeep.data.preprocessing import Preprocessing, encode_target, transform_inputs
    from kerasdeep.data.sources import infer_format
    from kerasdeep.data.types import DataSplit, Target

_MODULES = {
    "dataset": ("Dataset",),
    "loading": ("load", "load_unlabelled"),
    "prediction_input": ("PredictionInput", "read_for_prediction"),
    "preprocessing": ("Preprocessing", "encode_target", "transform_inputs"),
    "sources": ("infer_format",),
    "types": ("DataSplit", "Target"),
}

__all__ = [
    "DataSplit",
    "Dataset",
    "PredictionInput",
    "Preprocessing",
    "Target",
    "encode_target",
    "infer_format",
    "load",
    "load_unlabelled",
    "read_for_prediction",
    "transform_inputs",
]


def __getattr__(name: str) -> object:
    for module, names in _MODULES.items():
        if name in names:
            return getattr(import_module(f"{__name__}.{module}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
