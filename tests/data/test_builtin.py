"""Built-in data sets: the arrays and parts that scikit-learn and keras.datasets give, without the imports."""

import gzip
import hashlib
import io
import pickle
import subprocess
import sys
import tarfile

import numpy as np
import pytest
from helpers.decoding import decode_target

from kerasdeep import data
from kerasdeep.config.sections.data import DataConfig, SplitConfig
from kerasdeep.data import download
from kerasdeep.errors import InputError


def test_digits_are_pictures_between_0_and_1():
    found = data.load(DataConfig(source="digits", test=SplitConfig(fraction=0.2)))
    assert found.train.x.shape[1:] == (8, 8)
    assert found.train.x.dtype == np.float32
    assert found.train.y.dtype == np.int32
    assert found.train.x.min() == 0 and found.train.x.max() == 1
    assert len(found.train) + len(found.validation) + len(found.test) == 1797
    assert found.targets == [data.Target("digit", "multiclass", [str(number) for number in range(10)])]


@pytest.mark.parametrize(
    ("name", "features", "kind", "classes"),
    [
        ("breast_cancer", 30, "binary", ["malignant", "benign"]),
        ("wine", 13, "multiclass", ["class_0", "class_1", "class_2"]),
        ("iris", 4, "multiclass", ["setosa", "versicolor", "virginica"]),
        ("diabetes", 10, "regression", []),
        ("friedman1", 10, "regression", []),
        ("two_moons", 20, "binary", ["upper", "lower"]),
    ],
)
def test_tables_have_feature_names_and_a_known_target(name, features, kind, classes):
    found = data.load(DataConfig(source=name))
    assert found.input_shapes == {"input": (features,)}
    (target,) = found.targets
    assert (target.kind, target.classes) == (kind, classes)
    assert len(found.profile["features"]) == features
    assert np.abs(found.train.x.mean(axis=0)).max() < 1e-5


def test_another_column_of_a_built_in_table_can_be_the_target():
    found = data.load(DataConfig(source="iris", target=["petal width (cm)"]))
    assert found.targets[0].kind == "regression"
    assert "species" in [feature["name"] for feature in found.profile["features"]]


@pytest.mark.slow
def test_digits_import_neither_keras_nor_tensorflow():
    code = (
        "import sys; from kerasdeep import data; from kerasdeep.config.sections.data import DataConfig; "
        "data.load(DataConfig(source='digits')); print('keras' in sys.modules, 'tensorflow' in sys.modules)"
    )
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert answer.stdout.split() == ["False", "False"]


@pytest.fixture
def keras_home(tmp_path, monkeypatch):
    """A Keras folder to put files into; `put` pins whatever it is given."""
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))

    def put(name, contents):
        files = []
        for file, content in zip(download.REMOTE_FILES[name], contents, strict=True):
            path = tmp_path / "datasets" / file.name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
            files.append(download.RemoteFile(file.name, file.url, hashlib.sha256(content).hexdigest()))
        monkeypatch.setitem(download.REMOTE_FILES, name, tuple(files))

    return put


def idx(array):
    head = bytes([0, 0, 8, array.ndim]) + np.array(array.shape, ">i4").tobytes()
    return gzip.compress(head + array.tobytes())


def npz(**arrays):
    file = io.BytesIO()
    np.savez(file, **arrays)
    return file.getvalue()


def test_fashion_mnist_is_read_from_its_four_files(keras_home):
    random = np.random.default_rng(0)
    x, y = random.integers(0, 256, (50, 28, 28), np.uint8), np.arange(50, dtype=np.uint8) % 10
    keras_home("fashion_mnist", [idx(x[:40]), idx(y[:40]), idx(x[40:]), idx(y[40:])])
    found = data.load(DataConfig(source="fashion_mnist", validation=SplitConfig(last=10)))
    np.testing.assert_array_equal(found.train.x, x[:30].astype(np.float32) / 255)
    np.testing.assert_array_equal(found.validation.y, y[30:40])
    np.testing.assert_array_equal(found.test.x, x[40:].astype(np.float32) / 255)
    assert found.targets[0].classes[9] == "Ankle boot"


def test_mnist_and_california_housing_are_read_from_their_npz(keras_home):
    x, y = np.zeros((20, 28, 28), np.uint8), np.arange(20) % 2
    keras_home("mnist", [npz(x_train=x, y_train=y, x_test=x[:4], y_test=y[:4])])
    assert len(data.load(DataConfig(source="mnist")).test) == 4
    table = np.random.default_rng(0).normal(size=(100, 8))
    keras_home("california_housing", [npz(x=table, y=table.sum(axis=1))])
    found = data.load(DataConfig(source="california_housing", validation=None))
    order = np.arange(100)
    np.random.RandomState(113).shuffle(order)  # as keras.datasets.california_housing does
    prices = decode_target(found.preprocessing, found.test.y)["MedHouseVal"]
    np.testing.assert_allclose(prices, table.sum(axis=1)[order[80:]], atol=1e-5)


def archive(folder, **batches):
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w:gz") as tar:
        for name, batch in batches.items():
            content = pickle.dumps(batch)
            entry = tarfile.TarInfo(f"{folder}/{name.replace('__', '.')}")
            entry.size = len(content)
            tar.addfile(entry, io.BytesIO(content))
    return file.getvalue()


def test_cifar_is_read_channels_last(keras_home):
    pixels = np.random.default_rng(0).integers(0, 256, (4, 3072), np.uint8)
    batch = {b"data": pixels, b"labels": [0, 1, 1, 0]}
    names = {b"label_names": [b"airplane", b"automobile"]}
    batches = {f"data_batch_{number}": batch for number in range(1, 6)}
    keras_home("cifar10", [archive("c", **batches, test_batch=batch, batches__meta=names)])
    found = data.load(DataConfig(source="cifar10", scaling="none", validation=None))
    assert found.train.x.shape == (20, 32, 32, 3)
    np.testing.assert_array_equal(found.test.x[0, :, :, 1], pixels[0, 1024:2048].reshape(32, 32))
    assert found.targets[0].classes == ["airplane", "automobile"]


def test_cifar100_uses_fine_labels(keras_home):
    batch = {b"data": np.zeros((3, 3072), np.uint8), b"fine_labels": [0, 1, 2], b"coarse_labels": [0, 0, 0]}
    names = {b"fine_label_names": [b"apple", b"bear", b"bee"]}
    keras_home("cifar100", [archive("c", train=batch, test=batch, meta=names)])
    found = data.load(DataConfig(source="cifar100", validation=None))
    assert found.targets[0].classes == ["apple", "bear", "bee"]


def test_an_unknown_name_gets_a_suggestion():
    with pytest.raises(InputError) as caught:
        data.load(DataConfig(source="fashion_minst"))
    assert caught.value.problems[0].suggestion == "fashion_mnist"
