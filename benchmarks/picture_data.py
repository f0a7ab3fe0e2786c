"""Slices of Fashion-MNIST and CIFAR-10 as folders of pictures, one a class."""

from pathlib import Path

import numpy as np
from PIL import Image

from benchmarks.gpu import rows

READERS = {"fashion": rows.fashion, "cifar": rows.cifar}
TEST_PICTURES = 100
"""Of each class."""
SIDE = 16
"""Pixels, so that a run costs seconds."""


def write(name: str, data: Path, per_class: int, folder: Path, seed: int = 0) -> Path:
    """`train/` with so many pictures of each class, drawn by `seed`, and `test/`, the same for every seed."""
    found = READERS[name](data)
    if found is None:
        raise SystemExit(f"{data} does not hold {name}: its official files, or x_train … y_test in one .npz.")
    x_train, y_train, x_test, y_test = found
    root = folder / f"{name}-{per_class}-{seed}"
    for split, x, y, count, generator in (
        ("train", x_train, y_train, per_class, np.random.default_rng(seed)),
        ("test", x_test, y_test, TEST_PICTURES, np.random.default_rng(0)),
    ):
        for label in np.unique(y):
            class_folder = root / split / f"class_{label}"
            class_folder.mkdir(parents=True)
            for number in generator.choice(np.flatnonzero(y == label), count, replace=False):
                Image.fromarray(x[number]).resize((SIDE, SIDE)).save(class_folder / f"{number}.png")
    return root
