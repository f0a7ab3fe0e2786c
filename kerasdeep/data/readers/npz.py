"""`.npz` files with arrays."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import numpy as np

from kerasdeep.data.arrays import read_arrays, read_arrays_for_prediction
from kerasdeep.data.npz_file import PickledArrayError, read_npz
from kerasdeep.errors import InputError, SourceLocation


def open_npz(path: Path, location: SourceLocation | None) -> dict[str, np.ndarray]:
    """Every array of the file."""
    try:
        return read_npz(path)
    except PickledArrayError as error:
        message = f"{path}: {error}, which only pickle can read, and that could run code. "
        raise InputError(f"{message}Save plain arrays of numbers or text.", "pickled-array", location) from error
    except ValueError as error:
        message = f"{path} is not a .npz file: {error}. Expected the output of numpy.savez."
        raise InputError(message, "not-an-npz", location) from error


read = partial(read_arrays, "npz", open_npz)
read_for_prediction = partial(read_arrays_for_prediction, open_npz)
