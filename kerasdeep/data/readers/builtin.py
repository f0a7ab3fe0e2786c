"""Data sets that are called by name: scikit-learn's small ones and made-up ones (no network), and keras.datasets'.

The files of keras.datasets are read here with NumPy, in the arrays, order and test part that `load_data()` gives,
because importing Keras takes seconds and every file's hash is pinned anyway (`download.py`).
"""

from __future__ import annotations

import gzip
import hashlib
import pickle
import tarfile
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from kerasdeep.config.sections.data import DataConfig
from kerasdeep.data.arrays import set_image_format
from kerasdeep.data.download import REMOTE_FILES, fetch
from kerasdeep.data.preprocessing import Preprocessing
from kerasdeep.data.table import separate_targets
from kerasdeep.data.types import PREDICTED_SPLITS, RawSplit, Source
from kerasdeep.errors import InputError, Problem, Problems, SourceLocation, suggest

if TYPE_CHECKING:
    import pandas as pd

ArrayPair = tuple[np.ndarray, np.ndarray]


@dataclass(frozen=True)
class BuiltinDataset:
    """How one name is read: `read(paths) -> (train, test or None, class names or None, feature names or None)`."""

    read: Callable[[list[Path]], tuple[ArrayPair, ArrayPair | None, list[str] | None, list[str] | None]]
    kind: str
    target: str
    pixel_max: float | None = None


FASHION_MNIST_CLASSES = [
    "T-shirt/top",
    "Trouser",
    "Pullover",
    "Dress",
    "Coat",
    "Sandal",
    "Shirt",
    "Sneaker",
    "Bag",
    "Ankle boot",
]

CALIFORNIA_HOUSING_FEATURES = [
    "MedInc",
    "HouseAge",
    "AveRooms",
    "AveBedrms",
    "Population",
    "AveOccup",
    "Latitude",
    "Longitude",
]


def _digits(paths: list[Path]):
    from sklearn.datasets import load_digits

    bunch = load_digits()
    return (bunch.images.astype(np.uint8), bunch.target), None, None, None


def _sklearn_table(loader: str, **arguments: object):
    def read(paths: list[Path]):
        import sklearn.datasets

        bunch = getattr(sklearn.datasets, loader)(**arguments)
        names = [str(name) for name in bunch.get("target_names", ())] or None
        return (bunch.data, bunch.target), None, names, [str(name) for name in bunch.feature_names]

    return read


def _friedman1(paths: list[Path]):
    """Friedman 1991, "Multivariate adaptive regression splines": five of ten columns count, with noise of 1."""
    from sklearn.datasets import make_friedman1

    x, y = make_friedman1(2000, noise=1.0, random_state=0)
    return (x, y), None, None, [f"x{column}" for column in range(1, 11)]


def _two_moons(paths: list[Path]):
    """Two half circles that reach into each other, in two columns among 18 of noise."""
    from sklearn.datasets import make_moons

    x, y = make_moons(2000, noise=0.25, random_state=0)
    noise = np.random.default_rng(0).normal(size=(2000, 18))
    return (np.hstack([x, noise]), y), None, ["upper", "lower"], [f"x{column}" for column in range(1, 21)]


def _mnist(paths: list[Path]):
    with np.load(paths[0], allow_pickle=False) as file:
        return (file["x_train"], file["y_train"]), (file["x_test"], file["y_test"]), None, None


def _fashion_mnist(paths: list[Path]):
    train_x, train_y, test_x, test_y = paths
    return (
        (_read_idx(train_x), _read_idx(train_y)),
        (_read_idx(test_x), _read_idx(test_y)),
        FASHION_MNIST_CLASSES,
        None,
    )


def _read_idx(path: Path) -> np.ndarray:
    """LeCun's IDX format: two zero bytes, a type byte (8 = uint8), the rank, each size as big-endian int32."""
    data = gzip.decompress(path.read_bytes())
    rank = data[3]
    shape = np.frombuffer(data, ">i4", rank, offset=4)
    return np.frombuffer(data, np.uint8, offset=4 + 4 * rank).reshape(shape)


def _cifar10(paths: list[Path]):
    batches = _unpickle_archive(paths[0])
    train = [batches[f"data_batch_{number}"] for number in range(1, 6)]
    names = [name.decode() for name in batches["batches.meta"][b"label_names"]]
    return _cifar_arrays(train, b"labels"), _cifar_arrays([batches["test_batch"]], b"labels"), names, None


def _cifar100(paths: list[Path]):
    batches = _unpickle_archive(paths[0])
    names = [name.decode() for name in batches["meta"][b"fine_label_names"]]
    train, test = ([batches[batch_name]] for batch_name in ("train", "test"))
    return _cifar_arrays(train, b"fine_labels"), _cifar_arrays(test, b"fine_labels"), names, None


def _unpickle_archive(archive: Path) -> dict[str, dict]:
    """The pickled batches of a CIFAR archive; unpickling is safe because the archive's hash was checked."""
    with tarfile.open(archive, "r:gz") as tar:
        members = [member for member in tar if member.isfile() and not member.name.endswith(".html")]
        return {
            Path(member.name).name: pickle.loads(tar.extractfile(member).read(), encoding="bytes")  # type: ignore[union-attr]  # a file
            for member in members
            if "readme" not in member.name and "~" not in member.name
        }


def _cifar_arrays(batches: list[dict], labels: bytes) -> ArrayPair:
    pixels = np.concatenate([batch[b"data"] for batch in batches]).reshape(-1, 3, 32, 32)
    numbers = np.concatenate([np.asarray(batch[labels], np.uint8) for batch in batches])
    return np.ascontiguousarray(pixels.transpose(0, 2, 3, 1)), numbers


def _california_housing(paths: list[Path]):
    """Shuffled and cut as `keras.datasets.california_housing.load_data()` does: the last fifth tests."""
    with np.load(paths[0], allow_pickle=False) as file:
        x, y = file["x"], file["y"]
    order = np.arange(len(x))
    np.random.RandomState(113).shuffle(order)
    x, y, train_rows = x[order], y[order], int(len(x) * 0.8)
    return (x[:train_rows], y[:train_rows]), (x[train_rows:], y[train_rows:]), None, CALIFORNIA_HOUSING_FEATURES


BUILTINS: dict[str, BuiltinDataset] = {
    "digits": BuiltinDataset(_digits, "image", "digit", pixel_max=16),
    "breast_cancer": BuiltinDataset(_sklearn_table("load_breast_cancer"), "table", "diagnosis"),
    "wine": BuiltinDataset(_sklearn_table("load_wine"), "table", "cultivar"),
    "iris": BuiltinDataset(_sklearn_table("load_iris"), "table", "species"),
    "diabetes": BuiltinDataset(_sklearn_table("load_diabetes", scaled=False), "table", "progression"),
    "friedman1": BuiltinDataset(_friedman1, "table", "y"),
    "two_moons": BuiltinDataset(_two_moons, "table", "moon"),
    "mnist": BuiltinDataset(_mnist, "image", "digit"),
    "fashion_mnist": BuiltinDataset(_fashion_mnist, "image", "garment"),
    "cifar10": BuiltinDataset(_cifar10, "image", "object"),
    "cifar100": BuiltinDataset(_cifar100, "image", "object"),
    "california_housing": BuiltinDataset(_california_housing, "table", "MedHouseVal"),
}


def read(
    section: DataConfig, problems: Problems, say: Callable[[str], None] | None = None, matched: Source | None = None
) -> Source:
    """The data set with the target and features, or picture size, that the user prefers to its own."""
    name, location = str(section.source), section.location_or_key("source")
    if name not in BUILTINS:
        message = f"There is no built-in data set '{name}'. Expected one of: {', '.join(BUILTINS)}."
        raise InputError([Problem("error", "missing-file", message, location, suggest(name, BUILTINS))])
    source = load_builtin(name, location, say)
    if source.kind != "table":
        return set_image_format(source, section)
    splits = {}
    for split_name, split in source.splits.items():
        ((target, labels),) = split.y.items()
        splits[split_name] = separate_targets(cast(Any, split.x).assign(**{target: labels}), section, problems, target)
        problems.raise_if_errors()
    return replace(source, splits=splits)


def read_for_prediction(
    path: str, preprocessing: Preprocessing, location: SourceLocation, problems: Problems
) -> tuple[RawSplit, pd.DataFrame | None]:
    splits = load_builtin(path, location).splits
    split = next(splits[name] for name in PREDICTED_SPLITS if name in splits)
    return split, split.x if preprocessing.kind == "table" else None


def load_builtin(name: str, location: SourceLocation | None, say: Callable[[str], None] | None = None) -> Source:
    """The built-in data set `name`. Raises InputError when its files are missing and cannot be downloaded."""
    builtin = BUILTINS[name]
    files = REMOTE_FILES.get(name, ())
    train, test, class_names, features = builtin.read(fetch(files, location, say))
    splits = {
        split_name: _make_split(builtin, pair, features)
        for split_name, pair in (("train", train), ("test", test))
        if pair
    }
    digest = hashlib.sha256("".join(file.sha256 for file in files).encode())
    if not files:
        for array in train:
            digest.update(np.ascontiguousarray(array).tobytes())
    names = {builtin.target: class_names} if class_names else {}
    return Source("builtin", builtin.kind, splits, digest.hexdigest(), names, builtin.pixel_max)


def _make_split(builtin: BuiltinDataset, pair: ArrayPair, features: list[str] | None) -> RawSplit:
    x, y = pair
    if features:
        import pandas as pd

        x = pd.DataFrame(x, columns=features)
    return RawSplit(x, {builtin.target: y}, np.arange(len(y)))
