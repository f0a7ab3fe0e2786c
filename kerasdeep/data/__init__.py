"""The data room: from a `data:` section to arrays a network can learn from.

`load` is the way in (its story is in `loading.py`); `read_raw` and the functions of `preprocessing` serve
prediction. They are looked up on first use, so that `kerasdeep.data.csv_header`, which `validate` needs, costs
neither NumPy nor pandas.
"""

from importlib import import_module

_HOMES = {
    "infer_format": "sources",
    "load": "loading",
    "load_unlabelled": "loading",
    "Dataset": "dataset",
    "DataSplit": "dataset",
    "Target": "dataset",
    "Preprocessing": "preprocessing",
    "transform_inputs": "preprocessing",
    "encode_target": "preprocessing",
    "decode_target": "preprocessing",
    "read_for_prediction": "prediction_input",
    "PredictionInput": "prediction_input",
}

__all__ = sorted(_HOMES)


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
