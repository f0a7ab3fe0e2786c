"""What makes a result doubtful is said: keys, dates, leaks, duplicates, spellings of one class, totals."""

import numpy as np
import pandas as pd
import pytest

from kerasdeep import data
from kerasdeep.config import load_config
from kerasdeep.config.sections.data import DataConfig, SplitConfig
from kerasdeep.errors import InputError
from kerasdeep.scaffold import draft_config

ROWS = 200
DRAW = np.random.default_rng(0)


def table(**columns):
    return pd.DataFrame({"x": DRAW.normal(size=ROWS), "z": DRAW.normal(size=ROWS), **columns})


def load(folder, frame, **settings):
    frame.to_csv(folder / "rows.csv", index=False)
    return data.load(DataConfig(source=str(folder / "rows.csv"), target=["y"], **settings))


def warnings(loaded):
    return {warning.name: warning.message for warning in loaded.warnings if warning.name != "class-imbalance"}


LABELS = DRAW.choice(["a", "b"], ROWS)
KEYS = np.repeat(np.arange(25), 8)
GROUPED = table(customer=KEYS, y=LABELS[KEYS])
NAMED = table(shop=[f"shop {key}" for key in KEYS], y=LABELS[KEYS])
DATED = table(day=pd.date_range("2023-11-01", periods=ROWS).strftime("%d.%m.%Y"), y=LABELS)
SERIES = pd.concat([DATED.head(60)] * 3)
LEAKED = table(code=np.where(LABELS == "a", "x1", "x2"), y=LABELS)
SUM = DRAW.normal(size=ROWS)
LEAKED_NUMBER = table(price=3 * SUM + 2, y=SUM)
PLAIN = table(colour=DRAW.choice(["red", "blue"], ROWS), age=DRAW.integers(18, 90, ROWS), y=LABELS)


@pytest.mark.parametrize(
    ("frame", "expected"),
    [
        (GROUPED, {"repeated-keys": "group: customer"}),
        (NAMED, {"repeated-keys": "group: shop"}),
        (DATED, {"shuffled-dates": "time: day", "date-order": "day first"}),
        (SERIES.assign(x=DRAW.normal(size=180), y=LABELS[:180]), {"shuffled-dates": "begins again", "date-order": ""}),
        (LEAKED, {"leak": "'code' alone"}),
        (LEAKED_NUMBER, {"leak": "'price' alone"}),
        (PLAIN, {}),
        (pd.concat([PLAIN] * 3), {"duplicate-rows": "almost"}),
    ],
)
def test_what_is_suspect_is_named(tmp_path, frame, expected):
    found = warnings(load(tmp_path, frame))
    assert set(found) == set(expected)
    assert all(text in found[name] for name, text in expected.items())


def test_a_split_that_allows_for_it_is_not_warned_of_and_is_counted(tmp_path):
    grouped = load(tmp_path, GROUPED, group="customer", test=SplitConfig(fraction=0.2))
    assert not warnings(grouped)
    assert grouped.profile["shared_groups"] == {"train_validation": 0, "train_test": 0}
    drawn = load(tmp_path, GROUPED, group="customer", test=SplitConfig(fraction=0.2, by="random"))
    assert drawn.profile["shared_groups"]["train_test"] > 30
    dated = load(tmp_path, DATED, time="day")
    assert not warnings(dated)
    assert dated.profile["not_later"] == {"train_validation": 0}
    assert set(dated.validation.rows) == set(range(180, 200))


def test_a_random_part_beside_a_group_is_said_before_the_data_is_read(tmp_path):
    text = "version: 1\nname: mine\ndata: {source: rows.csv, target: y, group: g, test: {fraction: 0.2, by: random}}\n"
    (tmp_path / "mine.yaml").write_text(f"{text}network: [Output]\n")
    (warning,) = load_config(tmp_path / "mine.yaml").warnings
    assert (warning.name, "'g' is on both sides" in warning.message) == ("ignored-order", True)


def test_init_proposes_what_it_sees(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for frame, line in ((GROUPED, "\n  group: customer  #"), (DATED, "\n  # time: day  #"), (LEAKED, "# 'code' alone")):
        frame.to_csv("rows.csv", index=False)
        path, _ = draft_config("rows.csv", target="y", force=True)
        assert line in path.read_text()


def test_spellings_of_a_class_are_one(tmp_path):
    labels = DRAW.choice(["yes", "YES ", "no", "Yes"], ROWS, p=[0.3, 0.15, 0.5, 0.05])
    loaded = load(tmp_path, table(y=labels))
    assert [target.classes for target in loaded.targets] == [["no", "yes"]]
    assert "'YES' counts as 'yes'" in warnings(loaded)["merged-classes"]
    told_apart = load(tmp_path, table(y=labels), classes=["yes", "YES", "Yes", "no"])
    assert [target.classes for target in told_apart.targets] == [["yes", "YES", "Yes", "no"]]
    letters = load(tmp_path, table(y=DRAW.choice(["a", "A"], ROWS)))
    assert [target.classes for target in letters.targets] == [["A", "a"]]
    two = load(tmp_path, table(y=DRAW.choice(["yes", "YES"], ROWS)))
    assert [target.classes for target in two.targets] == [["YES", "yes"]], "as one they would teach nothing"
    rows = data.read_for_prediction(loaded.preprocessing, table(y="yEs"), labels=True)
    assert data.encode_target(loaded.preprocessing, rows.y)[0] == 1
    with pytest.raises(InputError, match="among the classes of the training rows: maybe"):
        data.read_for_prediction(loaded.preprocessing, table(y="maybe"), labels=True)


@pytest.mark.parametrize("stream", [False, True])
def test_a_total_is_no_case(tmp_path, stream):
    frame = table(shop=DRAW.choice(["north", "south"], ROWS), y=DRAW.uniform(1, 9, ROWS).round(2))
    total = pd.DataFrame({"shop": ["Total"], "y": [frame.y.sum()]})
    plain = load(tmp_path, frame)
    loaded = load(tmp_path, pd.concat([frame, total]), stream=stream)
    np.testing.assert_array_equal(loaded.train.x[:], plain.train.x)
    np.testing.assert_array_equal(loaded.train.y, plain.train.y)
    assert "its 'y' is the sum of the rows above" in warnings(loaded)["total-row"]
    assert "total-row" not in warnings(load(tmp_path, pd.concat([frame, total.assign(y=3.5)])))


def test_replacements_of_all_parts_stand_in_the_profile(tmp_path):
    frame = PLAIN.assign(x=[*["many"] * 3, *PLAIN.x[3:]])
    frame.loc[ROWS - 3 :, "colour"] = "gold"
    frame.loc[5:8, "z"] = np.nan
    loaded = load(tmp_path, frame, validation=SplitConfig(last=20))
    facts = {feature["name"]: feature for feature in loaded.profile["features"]}
    assert facts["x"]["unreadable"] == 3 and facts["z"]["missing"] == 4 and facts["colour"]["unseen"] == 3
