"""Rows to train on: Fashion-MNIST's and CIFAR-10's own where a folder holds them, or made up in their shapes."""

from __future__ import annotations

import gzip
from pathlib import Path

import numpy as np

from benchmarks.gpu.record import Options

SHAPES = {"fashion": ((28, 28), 60_000), "cifar": ((32, 32, 3), 50_000)}
"""Of a picture, and how many train."""

Arrays = tuple[np.ndarray, np.ndarray]


def pictures(name: str, options: Options) -> tuple[Arrays, Arrays]:
    """Training and test rows: pictures as uint8, labels as int32."""
    (shape, full), found = SHAPES[name], None
    if options.data:
        found = fashion(options.data) if name == "fashion" else cifar(options.data)
    count = options.row_count(full)
    x_train, y_train, x_test, y_test = found or _made_up(shape, full, 10_000)
    test = min(10_000, max(count, 64))
    return (x_train[:count], y_train[:count]), (x_test[:test], y_test[:test])


def batches(name: str, options: Options, rows: int) -> Arrays:
    """`rows` training rows, pixels as float32 from 0 to 1; Fashion-MNIST's flat."""
    (x, y), _ = pictures(name, options)
    x = x[: options.row_count(rows)].astype(np.float32) / 255
    return (x.reshape(len(x), -1) if name == "fashion" else x), y[: len(x)]


def write_npz(name: str, options: Options) -> Path:
    """The rows as a file that `data.source` takes."""
    path = options.work / f"{name}.npz"
    if not path.is_file():
        (x_train, y_train), (x_test, y_test) = pictures(name, options)
        np.savez(path, x_train=x_train, y_train=y_train, x_test=x_test, y_test=y_test)
    return path


def _made_up(shape: tuple[int, ...], train: int, test: int) -> tuple[np.ndarray, ...]:
    """Noise around ten pictures: something that a net can learn, with as many rows of each class."""
    rng = np.random.default_rng(0)
    classes = rng.integers(0, 256, (10, *shape))
    parts = []
    for count in (train, test):
        labels = (np.arange(count) % 10).astype(np.int32)
        noise = rng.integers(0, 256, (count, *shape), np.uint8)
        parts += [(noise * 0.75 + classes[labels] * 0.25).astype(np.uint8), labels]
    return tuple(parts)


def fashion(folder: Path) -> tuple[np.ndarray, ...] | None:
    arrays = []
    for name in ("train-images-idx3", "train-labels-idx1", "t10k-images-idx3", "t10k-labels-idx1"):
        files = sorted(folder.rglob(f"{name}-ubyte*"))
        if not files:
            return None
        content = files[0].read_bytes()
        content = gzip.decompress(content) if files[0].suffix == ".gz" else content
        rank = content[3]
        shape = np.frombuffer(content, ">i4", rank, offset=4)
        arrays.append(np.frombuffer(content, np.uint8, offset=4 + 4 * rank).reshape(shape))
    x_train, y_train, x_test, y_test = arrays
    return x_train, y_train.astype(np.int32), x_test, y_test.astype(np.int32)


def cifar(folder: Path) -> tuple[np.ndarray, ...] | None:
    for path in sorted(folder.rglob("*.npz")):
        with np.load(path, allow_pickle=False) as file:
            if "x_train" in file.files and file["x_train"].shape[1:] == (32, 32, 3):
                x, y, x_test, y_test = (file[name] for name in ("x_train", "y_train", "x_test", "y_test"))
                return x, y.ravel().astype(np.int32), x_test, y_test.ravel().astype(np.int32)
    return None
