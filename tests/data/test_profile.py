"""The profile: what the report says about the data."""

import json

import numpy as np
import pandas as pd

from kerasdeep import data
from kerasdeep.config.sections.data import DataConfig, SplitConfig


def test_a_table_profile_has_every_fact(tmp_path):
    random = np.random.default_rng(0)
    frame = pd.DataFrame({"x": random.normal(3, 2, 100), "c": random.choice(["a", "b"], 100), "k": 1, "y": [0, 1] * 50})
    frame.loc[:4, "x"] = np.nan
    frame.to_csv(tmp_path / "a.csv", index=False)
    profile = data.load(
        DataConfig(source=str(tmp_path / "a.csv"), target=["y"], validation=SplitConfig(last=20))
    ).profile
    json.dumps(profile, allow_nan=False)
    x, c = profile["features"]
    assert (x["name"], x["kind"], x["missing"], x["unique"]) == ("x", "number", 5, 75)
    np.testing.assert_allclose(x["mean"], frame.x[5:80].mean())
    assert (c["kind"], c["unique"], c["mean"]) == ("category", 2, None)
    assert profile["left_out"] == [{"name": "k", "reason": "constant in the training rows"}]
    assert profile["rows"] == {"train": 80, "validation": 20, "test": 0, "unlabelled": 0}
    (target,) = profile["targets"]
    assert target["counts"] == {"train": [40, 40], "validation": [10, 10]}
    assert profile["format"] == "csv" and profile["input_shapes"] == {"input": [3]}
    assert any("left-out-column" in warning for warning in profile["warnings"])


def test_numbers_are_summed_up_in_their_own_unit():
    (target,) = data.load(DataConfig(source="diabetes", validation=None)).profile["targets"]
    assert target["summary"]["min"] == 25 and target["summary"]["max"] == 346


def test_rows_shared_between_parts_are_counted_and_warned_of(tmp_path):
    x = np.random.default_rng(0).integers(0, 256, (100, 4, 4), np.uint8)
    x[80:90] = x[:10]
    np.savez(tmp_path / "own.npz", x=x, y=np.arange(100) % 2)
    found = data.load(DataConfig(source=str(tmp_path / "own.npz"), validation=SplitConfig(last=20)))
    assert found.profile["duplicates"] == {"train_validation": 10, "train_test": 0}
    assert [problem.name for problem in found.warnings] == ["duplicate-rows"]


def test_repeats_in_the_nature_of_the_data_are_no_leak(tmp_path):
    np.savez(tmp_path / "own.npz", x=np.arange(100)[:, None] % 3, y=np.arange(100) % 2)
    found = data.load(DataConfig(source=str(tmp_path / "own.npz"), validation=SplitConfig(last=20)))
    assert found.profile["duplicates"]["train_validation"] == 20 and found.warnings == []


def test_the_hash_follows_the_data(tmp_path):
    hashes = set()
    for value in (0, 1):
        frame = pd.DataFrame({"x": np.arange(50) / 7 + value, "y": [0, 1] * 25})
        frame.to_csv(tmp_path / "a.csv", index=False)
        for seed in (0, 1):
            found = data.load(DataConfig(source=str(tmp_path / "a.csv"), target=["y"], seed=seed))
            assert found.hash == found.profile["hash"]
            hashes.add(found.hash)
    assert len(hashes) == 2
    assert data.load(DataConfig(source="iris")).hash == data.load(DataConfig(source="iris", seed=3)).hash
