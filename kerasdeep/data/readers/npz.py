"""`.npz` files with arrays."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import numpy as np

from kerasdeep.data.arrays import explain_unreadable, read_arrays, read_arrays_for_prediction
from kerasdeep.errors import SourceLocation


def open_npz(path: Path, location: SourceLocation | None) -> dict[str, np.ndarray]:
    """Every array of the file."""
    with (
        explain_unreadable(path, "is not a .npz file", "numpy.savez", location),
        np.load(path, allow_pickle=False) as file,
    ):
        return {name: file[name] for name in file.files}


read = partial(read_arrays, "npz", open_npz)
read_for_prediction = partial(read_arrays_for_prediction, open_npz)
