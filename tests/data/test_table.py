"""Tables: how a CSV is to be read, what its columns are, and what goes wrong."""

import datetime
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest

from kerasdeep import data
from kerasdeep.config.sections.data import DataConfig, SplitConfig
from kerasdeep.data import csv_header
from kerasdeep.data.columns import infer_columns
from kerasdeep.data.encoders.number import NumberEncoder
from kerasdeep.errors import InputError, Problems, SourceLocation


@pytest.fixture
def frame():
    random = np.random.default_rng(0)
    n = 200
    return pd.DataFrame(
        {
            "id": np.arange(n) + 5000,
            "age": random.integers(18, 90, n),
            "income": random.lognormal(10, 1, n).round(2),
            "city": random.choice(["Paris", "Rome", "Bonn"], n),
            "member": random.choice([True, False], n),
            "when": [(datetime.date(2020, 1, 1) + datetime.timedelta(days=day)).isoformat() for day in range(n)],
            "name": [f"person {number}" for number in range(n)],
            "constant": 1,
            "bought": random.choice(["no", "yes"], n),
        }
    )


def names(caught):
    return sorted(problem.name for problem in caught.value.problems)


def load(path, **settings):
    return data.load(DataConfig(source=str(path), **settings))


def _encoders(found):
    return {encoder.name: encoder for encoder in found.preprocessing.inputs["input"].encoders}


SEPARATORS, ENCODINGS = (",", ";", "\t", "|"), ("utf-8", "utf-8-sig", "cp1252", "utf-16")


@pytest.mark.parametrize(
    ("separator", "encoding"),
    [
        pytest.param(separator, encoding, marks=() if place == other else pytest.mark.slow)
        for place, separator in enumerate(SEPARATORS)
        for other, encoding in enumerate(ENCODINGS)
    ],
)
def test_separator_and_encoding_are_found(tmp_path, frame, separator, encoding):
    path = tmp_path / "table.csv"
    frame.rename(columns={"city": "Köln"}).to_csv(path, sep=separator, encoding=encoding, index=False)
    found = csv_header.read(path, None)
    assert found.separator == separator
    assert found.columns[3] == "Köln"
    assert load(path, target=["bought"]).targets[0].classes == ["no", "yes"]


def test_decimal_commas_are_found_between_semicolons(tmp_path, frame):
    path = tmp_path / "table.csv"
    frame.to_csv(path, sep=";", decimal=",", index=False)
    income = next(one for one in load(path, target=["bought"]).profile["features"] if one["name"] == "income")
    assert income["kind"] == "number"
    assert income["max"] > 1000


def test_separator_and_encoding_can_be_stated(tmp_path):
    path = tmp_path / "table.csv"
    path.write_text("größe, m:y\n" + "".join(f"{i % 7}:{i / 3}\n" for i in range(60)), encoding="latin-1")
    found = load(path, target=["y"], separator=":", encoding="latin-1")
    assert found.targets[0].kind == "regression"
    with pytest.raises(InputError, match="not a text encoding"):
        load(path, target=["y"], encoding="latin-99")


def test_columns_that_teach_nothing_are_left_out_with_a_word(tmp_path, frame):
    frame.to_csv(tmp_path / "table.csv", index=False)
    found = load(tmp_path / "table.csv", target=["bought"])
    reasons = {column["name"]: column["reason"] for column in found.profile["left_out"]}
    assert reasons.keys() == {"id", "name", "constant"}
    assert "identifier" in reasons["id"] and "constant" in reasons["constant"]
    warned = " ".join(problem.message for problem in found.warnings if problem.name == "left-out-column")
    assert all(name in warned for name in reasons)
    kinds = {feature["name"]: feature["kind"] for feature in found.profile["features"]}
    assert kinds == {"age": "number", "income": "number", "city": "category", "member": "boolean", "when": "date"}
    assert found.input_shapes == {"input": (6 + 5,)}


def test_features_and_drop_choose_columns(tmp_path, frame):
    frame.to_csv(tmp_path / "table.csv", index=False)
    found = load(tmp_path / "table.csv", target=["bought"], features=["id", "age", "income"], drop=["income"])
    assert found.preprocessing.inputs["input"].feature_names == ["id", "age"]


def test_parquet_gives_what_csv_gives(tmp_path, frame):
    frame.to_csv(tmp_path / "table.csv", index=False)
    frame["when"] = pd.to_datetime(frame["when"])
    frame["city"] = frame["city"].astype("category")
    frame["age"] = frame["age"].astype("Int64")
    frame["nested"] = [[1, 2]] * len(frame)
    frame.to_parquet(tmp_path / "table.parquet")
    one, other = (load(tmp_path / f"table.{kind}", target=["bought"]) for kind in ("csv", "parquet"))
    np.testing.assert_array_equal(one.train.x, other.train.x)
    np.testing.assert_array_equal(one.train.y, other.train.y)
    assert {"name": "nested", "reason": "nested values"} in other.profile["left_out"]


def test_gaps_are_filled_and_become_a_category(tmp_path, frame):
    frame.loc[:19, "age"] = np.nan
    frame.loc[5:30, "city"] = None
    frame["member"] = frame["member"].where(frame.index > 9)
    frame.to_csv(tmp_path / "table.csv", index=False)
    found = load(tmp_path / "table.csv", target=["bought"])
    assert np.isfinite(found.train.x).all()
    assert _encoders(found)["city"].values == ["Bonn", "Paris", "Rome", None]


def test_numbers_with_a_stray_word_stay_numbers(tmp_path, frame):
    frame["age"] = frame["age"].astype(str).where(frame.index != 7, "unknown")
    frame.to_csv(tmp_path / "table.csv", index=False)
    found = load(tmp_path / "table.csv", target=["bought"])
    (warning,) = [problem for problem in found.warnings if problem.name == "not-a-number"]
    assert "'unknown'" in warning.message
    assert isinstance(_encoders(found)["age"], NumberEncoder)


def test_judgement_uses_the_training_rows_alone(tmp_path, frame):
    frame["late"] = (frame.index >= 150).astype(int)
    frame.to_csv(tmp_path / "table.csv", index=False)
    found = load(tmp_path / "table.csv", target=["bought"], validation=SplitConfig(last=50))
    assert "late" in [column["name"] for column in found.profile["left_out"]]


@pytest.mark.parametrize("name", ["id", "customer_id", "CustomerId", "row index"])
def test_scattered_numbers_called_an_id_are_left_out(name):
    keys = np.random.default_rng(0).choice(10**6, 100, replace=False)
    frame = pd.DataFrame({name: keys, "x": np.linspace(0, 1, 100), "humid": keys * 3})
    assert [column.exclusion_reason is None for column in infer_columns(frame, DataConfig(source=""), Problems())] == [
        False,
        True,
        True,
    ]


def test_a_header_is_read_without_numpy_or_pandas(tmp_path):
    (tmp_path / "a.csv").write_text("a;b\n1;2\n")
    code = (
        "import sys, pathlib; from kerasdeep.data import csv_header; "
        "print(csv_header.read(pathlib.Path(sys.argv[1]), None).columns, {'numpy', 'pandas'} & set(sys.modules))"
    )
    command = [sys.executable, "-c", code, str(tmp_path / "a.csv")]
    answer = subprocess.run(command, capture_output=True, text=True, check=True)
    assert answer.stdout.strip() == "['a', 'b'] set()"


def test_many_categories_are_left_out_unless_named():
    frame = pd.DataFrame({"code": [f"c{number % 120}" for number in range(1000)], "x": np.linspace(0, 1, 1000)})
    assert "100 categories" in infer_columns(frame, DataConfig(source=""), Problems())[0].exclusion_reason
    assert infer_columns(frame, DataConfig(source="", features=["code", "x"]), Problems())[0].exclusion_reason is None


def test_several_numeric_targets_share_one_head(tmp_path, frame):
    frame.to_csv(tmp_path / "table.csv", index=False)
    found = load(tmp_path / "table.csv", target=["age", "income"])
    assert list(found.heads) == ["output"]
    assert found.train.y.shape == (180, 2)
    np.testing.assert_allclose(found.train.y.mean(axis=0), 0, atol=1e-5)


def test_targets_of_different_kinds_have_a_head_each(tmp_path, frame):
    frame.to_csv(tmp_path / "table.csv", index=False)
    found = load(tmp_path / "table.csv", target=["bought", "city", "income"])
    assert {name: head[0].kind for name, head in found.heads.items()} == {
        "bought": "binary",
        "city": "multiclass",
        "income": "regression",
    }
    assert found.train.y["city"].dtype == np.int32 and found.train.y["income"].dtype == np.float32


def test_missing_columns_are_all_named_where_they_were_written(tmp_path, frame):
    frame.to_csv(tmp_path / "table.csv", index=False)
    location = SourceLocation("a.yaml", 3, 9)
    with pytest.raises(InputError) as caught:
        load(tmp_path / "table.csv", target=["bougt"], drop=["nothing_like_it"], locations={"target": location})
    assert names(caught) == ["missing-column", "missing-column"]
    by_mark = {problem.location: problem for problem in caught.value.problems}
    assert by_mark[location].suggestion == "bought"


def test_a_table_without_target_lists_its_columns(tmp_path, frame):
    frame.to_csv(tmp_path / "table.csv", index=False)
    with pytest.raises(InputError, match="id, age, income") as caught:
        load(tmp_path / "table.csv")
    assert names(caught) == ["missing-target"]


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"", ["empty-file"]),
        (b"\n\n", ["empty-file"]),
        (b"a,b,y\n", ["empty-file"]),
        (b"\x89PNG\r\n\x1a\n\x00\x00\x00", ["not-a-table"]),
        (b'{"a": [1, 2], "y": 3}\n', ["not-a-table"]),
        (b"<html><body>404</body></html>\n", ["not-a-table"]),
        (b"a,b,y\n1,2,3\n1,2,3,4,5\n", ["not-a-table"]),
        (b"1,2,3.5\n4,5,6\n", ["missing-column", "no-header"]),
    ],
)
def test_what_is_no_table_is_named(tmp_path, content, expected):
    path = tmp_path / "table.csv"
    path.write_bytes(content)
    with pytest.raises(InputError) as caught:
        load(path, target=["y"])
    assert names(caught) == expected


def test_a_broken_parquet_file_is_named(tmp_path):
    (tmp_path / "table.parquet").write_bytes(b"PAR1 nonsense")
    with pytest.raises(InputError) as caught:
        load(tmp_path / "table.parquet", target=["y"])
    assert names(caught) == ["not-a-table"]


def test_a_feature_that_is_the_target_is_refused(tmp_path, frame):
    frame.to_csv(tmp_path / "table.csv", index=False)
    with pytest.raises(InputError) as caught:
        load(tmp_path / "table.csv", target=["bought"], features=["age", "bought"])
    assert names(caught) == ["target-leak"]


def test_a_class_called_none_is_no_gap(tmp_path):
    path = tmp_path / "table.csv"
    path.write_text("x,y\n" + "".join(f"{n / 7},{'None' if n % 2 else 'NA'}\n" for n in range(60)))
    assert load(path, target=["y"]).targets[0].classes == ["NA", "None"]
