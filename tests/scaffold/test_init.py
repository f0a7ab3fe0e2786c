"""`init`: what it infers from tables, arrays and pictures, and that the file it writes loads and trains."""

import json
import random
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from kerasdeep import data
from kerasdeep.cli import exit_codes
from kerasdeep.cli.app import app
from kerasdeep.config import Overrides, load_config
from kerasdeep.errors import InputError
from kerasdeep.scaffold import Roles, draft_config
from kerasdeep.scaffold.yaml_file import config_lines


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def churn(here):
    chance = random.Random(1)
    rows = {
        "id": range(1, 301),
        "age": [round(chance.uniform(18, 90), 3) for _ in range(300)],
        "city": [chance.choice(["Rome", "Paris", "Oslo"]) for _ in range(300)],
        "joined": [f"2020-01-{day * 11 % 28 + 1:02d}" for day in range(300)],
        "plan, type": [chance.choice("ab") for _ in range(300)],
        "churned": ["yes" if row % 15 == 0 else "no" for row in range(300)],
    }
    frame = pd.DataFrame(rows)
    frame.to_csv("churn.csv", index=False)
    return frame


def loaded(path):
    """What training would start with."""
    written = load_config(path).config
    return written, data.load(written.data, written.task, written.training.batch_size)


def test_a_table_with_classes(churn):
    path, found = draft_config("churn.csv")
    written, dataset = loaded(path)
    assert written.name == "churn"
    assert written.data.target == ["churned"]
    assert found.target_reason == "it is the last column"
    assert written.data.drop == ["id"]
    assert {name: column.kind for name, column in written.data.columns.items()} == {"joined": "date"}
    assert written.data.class_weight is None, "weights would change what the probabilities mean"
    assert written.threshold.by == "f1", "where a probability becomes a yes must not be one half"
    assert (written.data.validation.fraction, written.data.test.fraction) == (0.1, 0.1)
    layers = [layer.name for layer in written.network.layers]
    assert layers == ["PiecewiseLinear", "EnsembleMembers", "Dense", "Dense", "Output"]
    assert [target.kind for target in dataset.targets] == ["binary"]
    assert [warning.name for warning in dataset.warnings] == ["class-imbalance"]
    churn.assign(churned=churn.churned.replace("yes", "a few")).to_csv("other.csv", index=False)
    assert "threshold" not in draft_config("other.csv")[0].read_text(), "it would look for the common class"
    text = path.read_text()
    assert text.startswith("# kerasdeep train churn.yaml\n# yaml-language-server: $schema=file://")
    assert "no 280, yes 20" in text
    assert "right 93.3% of the time" in text
    assert "id: identifier-like" in text
    assert "One class has 280 rows, another 20" in text and "# class_weight: balanced  # would" in text


def test_the_target_is_the_column_called_so_or_the_one_named(churn):
    churn.rename(columns={"city": "Label"}).to_csv("other.csv", index=False)
    _, found = draft_config("other.csv")
    assert (found.targets[0].name, found.target_reason) == ("Label", "it is called so")
    assert not found.is_imbalanced
    _, found = draft_config("other.csv", force=True, target="age")
    assert (found.targets[0].name, found.targets[0].kind) == ("age", "regression")


def test_a_table_with_a_number(here):
    chance = np.random.default_rng(0)
    frame = pd.DataFrame(chance.normal(size=(120, 3)), columns=["a", "b", "price"])
    frame.to_parquet("houses.parquet")
    path, _ = draft_config("houses.parquet")
    written, dataset = loaded(path)
    assert dataset.targets[0].kind == "regression"
    assert written.data.test.fraction == 0.2, "few rows need a larger part to measure anything"
    assert "on average" in path.read_text()


def test_rows_without_a_target_are_left_out(churn, capsys):
    churn.loc[churn.index[5:25], "churned"] = None
    churn.to_csv("churn.csv", index=False)
    assert exit_codes.run_app(app, ["init", "churn.csv"]) == 0
    assert "20 more rows have no target and are left out." in capsys.readouterr().out
    written, dataset = loaded("churn.yaml")
    assert written.data.drop_unlabelled and dataset.profile["rows_left_out"] == 20
    assert sum(map(len, dataset.splits.values())) == 280


def test_a_forecast_finds_what_orders_rows_and_tells_series_apart(here):
    hours, draw = pd.date_range("2024-01-01", periods=90, freq="h"), np.random.default_rng(0)
    frames = [pd.DataFrame({"hour": hours, "shop": shop, "kind": "a", "y": draw.normal(size=90)}) for shop in (7, 9)]
    table = pd.concat(frames).assign(row=range(180), price=draw.normal(size=180))
    table.to_csv("series.csv", index=False)
    roles = Roles(window="12/3")
    path, found = draft_config("series.csv", target="y", roles=roles)
    written, dataset = loaded(path)
    assert (written.data.time, written.data.group) == ("hour", "shop") == (found.time, found.group)
    assert (written.data.window.length, written.data.window.horizon) == (12, 3)
    assert [layer.name for layer in written.network.layers][:2] == ["Flatten", "EnsembleMembers"]
    assert dataset.targets[0].units == 3 and f"# {2 * (90 - 15 + 1)} windows of 12 rows" in path.read_text()
    _, found = draft_config("series.csv", target="y", roles=Roles(time="row", window="12"), force=True)
    assert (found.time, found.group, found.window.horizon) == ("row", None, 1)
    _, found = draft_config("series.csv", target="y", roles=Roles(time="hour"), force=True)
    assert "time: hour  # orders" in path.read_text() and "window" not in path.read_text()
    with pytest.raises(InputError, match="`12:3` is no window"):
        draft_config("series.csv", target="y", roles=Roles(window="12:3"), force=True)
    with pytest.raises(InputError, match=r"`hours`[\s\S]*hour"):
        draft_config("series.csv", target="y", roles=Roles(time="hours"), force=True)
    with pytest.raises(InputError, match="iris is no table"):
        draft_config("iris", roles=roles, force=True)
    table.drop(columns="hour").to_csv("timeless.csv", index=False)
    with pytest.raises(InputError, match="--time NAME"):
        draft_config("timeless.csv", target="y", roles=roles)


def test_several_answers_are_a_list_though_their_combinations_are_few(here):
    draw = np.random.default_rng(0)
    answers = [", ".join(draw.choice(["price", "good service", "brand"], 2, False)) for _ in range(200)]
    places = draw.choice(["Nice, France", "Rome, Italy", "Bonn, Germany"], 200)
    pd.DataFrame({"why": answers, "place": places, "y": draw.choice(["a", "b"], 200)}).to_csv("survey.csv", index=False)
    written, _ = loaded(draft_config("survey.csv")[0])
    assert {name: column.kind for name, column in written.data.columns.items()} == {"why": "list"}


def test_whole_numbers_taken_as_classes_are_told(here):
    pd.DataFrame({"a": range(0, 600, 2), "b": [1.5, 2.5, 3.5] * 100, "grade": [1, 2, 3] * 100}).to_csv(
        "grades.csv", index=False
    )
    path, _ = draft_config("grades.csv")
    assert "task: regression" in path.read_text()


@pytest.mark.parametrize(
    ("size", "written_size", "convolutions"), [((12, 16), [12, 16], 1), ((300, 200), [128, 85], 4)]
)
def test_a_folder_of_pictures(here, size, written_size, convolutions):
    chance = np.random.default_rng(0)
    for name in ("cat", "dog"):
        (here / "pets" / name).mkdir(parents=True)
        for number in range(12):
            pixels = chance.integers(0, 255, (*size, 3), dtype=np.uint8)
            Image.fromarray(pixels).save(here / "pets" / name / f"{number}.png")
    path, found = draft_config("pets")
    written, dataset = loaded(path)
    assert written.data.image.size == written_size
    names = [layer.name for layer in written.network.layers]
    assert names.count("Conv2D") == convolutions
    assert names[-1] == "Output"
    assert dataset.input_shapes["input"] == (*written_size, 3)
    assert found.class_counts == {"cat": 12, "dog": 12}
    assert written.regularization.batch_norm.momentum == 0.9 and written.training.early_stopping is None
    assert "# augmentation:" in path.read_text()
    assert ("# With so few photographs, fine-tuning" in path.read_text()) == (size[1] >= 32)
    shutil.copytree("pets", "parted/train")
    shutil.copytree("pets", "parted/val")
    path, _ = draft_config("parted")
    assert "# validation: the source has its own part" in path.read_text() and len(loaded(path)[1].validation) == 24


def test_arrays_with_parts_of_their_own(here):
    chance = np.random.default_rng(0)
    parts = {
        f"{key}_{part}": chance.normal(size=(n, 6, 2)).astype("float32") if key == "x" else np.arange(n) % 3
        for part, n in (("train", 90), ("test", 30))
        for key in ("x", "y")
    }
    np.savez("arrays.npz", **parts)
    path, found = draft_config("arrays.npz")
    written, dataset = loaded(path)
    assert found.provided_splits == ("test",)
    assert written.data.test is None
    assert len(dataset.test) == 30
    assert [layer.name for layer in written.network.layers] == ["Flatten", "Dense", "Dense", "Output"]


def test_a_built_in_set(here):
    path, _ = draft_config("iris")
    written, _ = loaded(path)
    assert written.data.source == "iris"


def test_names_that_yaml_would_misread_are_quoted(here):
    frame = pd.DataFrame({"on": [1.0, 2.5] * 40, "no: #1": ["x", "y"] * 40, "1e3": list("ab") * 40})
    frame.to_csv("odd # name.csv", index=False)
    path, found = draft_config("odd # name.csv", here / "odd.yaml")
    written, _ = loaded(path)
    assert written.data.target == ["1e3"] == [found.targets[0].name]


def test_the_data_may_lie_elsewhere(churn, here):
    (here / "configs").mkdir()
    near, _ = draft_config("churn.csv", here / "configs" / "near.yaml")
    assert "source: ../churn.csv" in near.read_text()
    (here / "a" / "b").mkdir(parents=True)
    far, _ = draft_config("churn.csv", here / "a" / "b" / "far.yaml")
    assert f"source: {here / 'churn.csv'}" in far.read_text()
    loaded(near), loaded(far)


def test_nothing_is_overwritten_and_nothing_is_left_behind(churn, here):
    (here / "churn.yaml").write_text("precious")
    with pytest.raises(InputError, match="exists already"):
        draft_config("churn.csv")
    with pytest.raises(InputError):
        draft_config("churn.csv", target="chuned", force=True)
    churn.assign(churned="no").to_csv("churn.csv", index=False)
    with pytest.raises(InputError, match=r"one class[\s\S]*taken as the target"):
        draft_config("churn.csv", force=True)
    assert (here / "churn.yaml").read_text() == "precious"
    assert sorted(entry.name for entry in here.iterdir()) == ["churn.csv", "churn.yaml"]


def test_too_few_rows_are_a_matter_of_the_data_and_not_of_a_file_that_is_gone(here):
    Path("few.csv").write_text("a,b,y\n1,2,x\n2,3,z\n3,1,x\n")
    with pytest.raises(InputError) as caught:
        draft_config("few.csv")
    assert {str(problem.location) for problem in caught.value.problems} == {"few.csv"}
    assert not Path("few.yaml").exists()


def test_a_misspelt_source_or_target_is_suggested(churn):
    with pytest.raises(InputError) as caught:
        draft_config("chrn.csv")
    assert caught.value.problems[0].suggestion == "churn.csv"
    with pytest.raises(InputError) as caught:
        draft_config("churn.csv", target="chuned")
    assert caught.value.problems[0].suggestion == "churned"


def test_the_verb_tells_people_and_programs(churn, capsys):
    assert exit_codes.run_app(app, ["init", "churn.csv"]) == 0
    out = capsys.readouterr().out
    assert "1 date" in out and "Left out: id" in out
    assert "kerasdeep train churn.yaml" in out
    assert exit_codes.run_app(app, ["init", "churn.csv", "--json", "-o", "again.yaml"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["config"] == "again.yaml"
    assert told["classes"] == {"no": 280, "yes": 20}
    assert set(told["left_out"]) == {"id"}
    assert exit_codes.run_app(app, ["init", "churn.csv", "--json"]) == 2
    assert json.loads(capsys.readouterr().out)["problems"][0]["name"] == "file-exists"


def test_the_file_trains_as_it_is(churn, here):
    from kerasdeep import training

    path, _ = draft_config("churn.csv")
    runs = []
    training.train(load_config(path, Overrides(["training.epochs=2"])), here / "runs", None, "quiet", runs.append)
    result = runs[0].read_result()
    assert result["status"] == "completed"
    assert result["run"].startswith("churn") or "churn" in result["run"]
    assert 0 <= result["metrics"]["test_accuracy"] <= 1


def test_labels_in_a_list_or_in_columns_make_one_target(here):
    chance = np.random.default_rng(0)
    sets = chance.integers(0, 2, (300, 3))
    frame = pd.DataFrame(chance.normal(size=(300, 2)), columns=["a", "b"])
    tags = [";".join(np.array(["art", "news", "sport"])[row == 1]) for row in sets]
    frame.assign(tags=tags).to_csv("tags.csv", index=False)
    path, found = draft_config("tags.csv")
    written, dataset = loaded(path)
    assert (written.task, written.data.target, found.as_dict()["task"]) == ("multilabel", ["tags"], "multilabel")
    assert dataset.targets[0].classes == ["art", "news", "sport"]
    assert f"art {sets[:, 0].sum()}" in path.read_text()

    columns = frame.assign(**dict(zip("xyz", sets.T, strict=True)))
    columns.to_csv("columns.csv", index=False)
    written, dataset = loaded(draft_config("columns.csv", target=["x", "y", "z"])[0])
    assert (written.task, written.data.target) == ("multilabel", ["x", "y", "z"])
    assert dataset.train.y.shape == (len(dataset.train), 3)

    np.savez("multi.npz", x=chance.normal(size=(300, 2)), y=sets)
    assert loaded(draft_config("multi.npz")[0])[0].task == "multilabel"

    _, found = draft_config("columns.csv", target=["x", "a"], force=True)
    written, dataset = loaded(here / "columns.yaml")
    assert found.as_dict()["task"] == ["binary", "regression"]
    assert [layer.arguments.get("name") for layer in written.network.layers[-2:]] == ["x", "a"]


def test_a_wide_table_gets_fewer_pieces_and_a_long_one_fewer_epochs(here):
    numbers = pd.DataFrame(np.random.default_rng(0).normal(size=(60, 140)), columns=[f"x{n}" for n in range(140)])
    numbers.assign(target=numbers.x0 > 0).to_csv("wide.csv", index=False)
    path, found = draft_config("wide.csv")
    written = load_config(path).config
    assert written.network.layers[0].arguments["bins"] == 14
    assert (written.training.epochs, written.training.batch_size) == (40, 16)
    many = replace(found, profile={**found.profile, "rows": {"train": 200_000}})
    (line,) = [line for line in config_lines(many, path) if line.startswith("training:")]
    assert "epochs: 8, batch_size: 256" in line
