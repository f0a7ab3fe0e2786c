"""The data room on real data, where it lies beside the clone."""

from pathlib import Path

import numpy as np
import pytest
from helpers.decoding import decode_target

from kerasdeep import data
from kerasdeep.config.sections.data import DataConfig, SplitConfig

SHARED = Path(__file__).resolve().parents[3] / "shared" / "data"

pytestmark = [
    pytest.mark.real_data,
    pytest.mark.skipif(not SHARED.is_dir(), reason="needs ../shared/data beside the clone"),
]


def test_fashion_mnist_has_its_known_mean_and_deviation(monkeypatch):
    monkeypatch.setenv("KERAS_HOME", str(SHARED / "keras_home"))
    found = data.load(DataConfig(source="fashion_mnist", validation=None))
    assert abs(found.train.x.mean(dtype=np.float64) - 0.28604) < 1e-5
    assert abs(found.train.x.std(dtype=np.float64) - 0.35302) < 1e-5
    assert len(found.train) == 60_000 and len(found.test) == 10_000


def test_california_housing_as_a_users_csv():
    section = DataConfig(
        source=str(SHARED / "california_housing.csv"), target=["MedHouseVal"], test=SplitConfig(fraction=0.2)
    )
    found = data.load(section)
    assert found.input_shapes == {"input": (8,)}
    assert [len(part) for part in found.splits.values()] == [14448, 2064, 4128]
    values = np.concatenate(
        [decode_target(found.preprocessing, part.y)["MedHouseVal"] for part in found.splits.values()]
    )
    assert abs(values.mean() - 2.06856) < 1e-5


def test_mnist_as_a_users_npz():
    found = data.load(DataConfig(source=str(SHARED / "mnist.npz")))
    assert [len(part) for part in found.splits.values()] == [54_000, 6_000, 10_000]
    assert found.targets[0].classes == [str(number) for number in range(10)]
