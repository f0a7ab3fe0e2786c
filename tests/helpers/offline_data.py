"""The downloaded data sets as small made-up arrays of the real shapes, so that shipped files run offline."""

from dataclasses import replace

import numpy as np

from kerasdeep.config import Overrides, load_config
from kerasdeep.data.readers import builtin

SHAPES = {
    "mnist": ((28, 28), 10),
    "fashion_mnist": ((28, 28), 10),
    "cifar10": ((32, 32, 3), 10),
    "cifar100": ((32, 32, 3), 100),
}
ROWS = {"train": 6000, "test": 500}


def install(monkeypatch):
    """Nothing is downloaded while `monkeypatch` holds; sets that come with scikit-learn stay as they are."""
    monkeypatch.setattr(builtin, "fetch", lambda files, location, say: [])
    for name, (shape, classes) in SHAPES.items():
        names = [f"class {number}" for number in range(classes)] if name != "mnist" else None
        if name == "fashion_mnist":
            names = builtin.FASHION_MNIST_CLASSES
        made = (*(_pictures(rows, shape, classes) for rows in ROWS.values()), names, None)
        monkeypatch.setitem(builtin.BUILTINS, name, replace(builtin.BUILTINS[name], read=_giving(made)))
    made = (*(_table(rows) for rows in ROWS.values()), None, builtin.CALIFORNIA_HOUSING_FEATURES)
    housing = replace(builtin.BUILTINS["california_housing"], read=_giving(made))
    monkeypatch.setitem(builtin.BUILTINS, "california_housing", housing)


def load(path):
    """The experiment on the threads of this process, an application's learnt weights replaced by new ones: those would
    be downloaded."""
    loaded = load_config(path)
    learnt = loaded.config.pretrained and loaded.config.pretrained.application
    sets = ["runtime.threads=auto", *(["pretrained.weights=null"] if learnt else [])]
    return load_config(path, Overrides(sets))


def _giving(made):
    return lambda paths: made


def _pictures(rows, shape, classes):
    random = np.random.default_rng(rows)
    return random.integers(0, 256, (rows, *shape), np.uint8), (np.arange(rows) % classes).astype(np.uint8)


def _table(rows):
    random = np.random.default_rng(rows)
    return random.normal(size=(rows, 8)), random.normal(size=rows) + 100
