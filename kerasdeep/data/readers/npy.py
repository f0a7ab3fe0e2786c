"""Folders of `.npy` files, which are only opened: rows may be read on demand."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from kerasdeep.data.arrays import explain_broken_npy, npy_files, read_arrays, read_arrays_for_prediction
from kerasdeep.data.lazy_rows import NpyFile
from kerasdeep.errors import SourceLocation


def open_npy_folder(path: Path, location: SourceLocation | None) -> dict[str, NpyFile]:
    """Every file of the folder, by its name."""
    with explain_broken_npy(path, location):
        return {file.stem: NpyFile(file) for file in npy_files(path)}


read = partial(read_arrays, "npy", open_npy_folder)
read_for_prediction = partial(read_arrays_for_prediction, open_npy_folder)
