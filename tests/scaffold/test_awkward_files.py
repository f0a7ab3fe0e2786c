"""Files as people have them: what `init` writes for each, untouched, loads and learns what its awkward column says."""

import gzip
import json

import numpy as np
import pandas as pd
import pytest

from kerasdeep import data
from kerasdeep.cli import exit_codes
from kerasdeep.cli.app import app
from kerasdeep.config import load_config
from kerasdeep.scaffold import draft_config

ROWS = 400
DRAW = np.random.default_rng(0)
VALUES = DRAW.uniform(0, 5000, ROWS)
NOISE = DRAW.normal(size=ROWS).round(3)
ANSWERS = np.where(VALUES + DRAW.normal(0, 200, ROWS) > 2500, "yes", "no")


def german(value):
    return f"{value:,.2f}".translate(str.maketrans(",.", ".,"))


def table(awkward=VALUES, answers=ANSWERS, **columns):
    return pd.DataFrame({"noise": NOISE, "awkward": awkward, **columns, "y": answers})


def total():
    frame = table(answers=(3 * VALUES + NOISE).round(2), region=DRAW.choice(["north", "south"], ROWS))
    sums = {"region": "Total", "awkward": frame.awkward.sum(), "y": frame.y.sum()}
    return pd.concat([frame, pd.DataFrame([sums])])


def rare():
    is_rare = DRAW.uniform(size=2000) < 0.01
    return pd.DataFrame({"awkward": DRAW.normal(size=2000) + 5 * is_rare, "y": is_rare.astype(int)})


def customers():
    keys = np.repeat(np.arange(150), 8)
    habits, answers = DRAW.normal(size=(150, 3)), DRAW.choice(["no", "yes"], 150)
    rows = {f"habit {number}": habits[keys, number] + DRAW.normal(0, 0.02, 1200) for number in range(3)}
    return pd.DataFrame({"customer": keys, **rows, "y": answers[keys]})


def dates():
    days = pd.Timestamp("2021-03-01") + pd.to_timedelta(DRAW.integers(0, 1000, 2 * ROWS), "D")
    is_summer = np.isin(days.month, [5, 6, 7, 8, 9])
    texts = np.where(np.arange(2 * ROWS) % 50, days.strftime("%d.%m.%Y"), "soon")
    return pd.DataFrame({"awkward": texts, "noise": DRAW.normal(size=2 * ROWS), "y": np.where(is_summer, "yes", "no")})


def texts():
    words = [
        "parcel",
        "came",
        "late",
        "again",
        "today",
        "but",
        "box",
        "was",
        "nice",
        "people",
        "thanks",
        "bill",
        "wrong",
    ]
    rows = [" ".join(DRAW.choice(words, DRAW.integers(6, 14))) for _ in range(2 * ROWS)]
    return pd.DataFrame(
        {"awkward": rows, "y": ["yes" if {"late", "wrong"} & set(row.split()) else "no" for row in rows]}
    )


def unlabelled():
    frame = table()
    frame.loc[DRAW.permutation(ROWS)[:60], "y"] = None
    return frame


def several_targets():
    return table(amount=(3 * VALUES + NOISE).round(2))


TABLES = {
    "thousands": lambda: table([f"{value:,.2f}" for value in VALUES]),
    "thousands in German": lambda: table([german(value) for value in VALUES]),
    "percent": lambda: table([f" {value / 50:.1f} %" for value in VALUES]),
    "currency": lambda: table([f"${value:,.0f}" for value in VALUES]),
    "one 1e300": lambda: table(np.where(np.arange(ROWS) == 7, 1e300, VALUES)),
    "duplicates": lambda: pd.concat([table().head(40)] * 33),
    "spellings": lambda: table(answers=[text.upper() if row % 5 else text for row, text in enumerate(ANSWERS)]),
    "leak": lambda: table(code=np.where(ANSWERS == "yes", "A7", "B2")),
    "total": total,
    "rare": rare,
    "customers": customers,
    "dates": dates,
    "texts": texts,
    "unlabelled": unlabelled,
}
FILES = {
    "headless.csv": lambda path: table(VALUES.round(2)).to_csv(path, index=False, header=False),
    "compressed.csv.gz": lambda path: path.write_bytes(gzip.compress(table().to_csv(index=False).encode())),
    "sheet.xlsx": lambda path: table().to_excel(path, index=False),
    "twice.csv": lambda path: path.write_text(table(noise2=-NOISE).to_csv(index=False).replace("noise2", "awkward", 1)),
}
WARNINGS = {
    "duplicates": "duplicate-rows",
    "spellings": "merged-classes",
    "leak": "leak",
    "total": "total-row",
    "one 1e300": "absurd-number",
    "twice.csv": "duplicate-column",
    "dates": "replaced-values",
    **dict.fromkeys(("thousands", "thousands in German", "percent", "currency"), "written-number"),
}


@pytest.fixture
def written(tmp_path, monkeypatch):
    """The configuration that `init` writes for a file, by its name."""
    monkeypatch.chdir(tmp_path)

    def write(name):
        path = tmp_path / (name if name in FILES else "rows.csv")
        if name in FILES:
            FILES[name](path)
        else:
            TABLES[name]().to_csv(path, index=False)
        return draft_config(path.name)[0]

    return write


@pytest.mark.parametrize("name", [*TABLES, *FILES])
def test_what_init_writes_loads_and_can_be_learnt_from(written, name):
    from sklearn.linear_model import LinearRegression, LogisticRegression
    from sklearn.metrics import roc_auc_score
    from sklearn.neighbors import KNeighborsClassifier

    section = load_config(written(name)).config.data
    loaded = data.load(section)
    held_out = loaded.test
    if name == "total":
        assert LinearRegression().fit(loaded.train.x, loaded.train.y).score(held_out.x, held_out.y) > 0.99
    elif name == "customers":  # who remembers a customer is at chance on others
        assert section.group == "customer"
        assert KNeighborsClassifier().fit(loaded.train.x, loaded.train.y).score(held_out.x, held_out.y) < 0.7
    else:
        model = LogisticRegression(max_iter=1000).fit(loaded.train.x, loaded.train.y)
        assert roc_auc_score(held_out.y, model.predict_proba(held_out.x)[:, 1]) > 0.93
    assert WARNINGS.get(name) in {None, *(warning.name for warning in loaded.warnings)}


def call(capsys, *words):
    """What the command prints as JSON."""
    assert exit_codes.run_app(app, [*words, "--json"]) == 0
    return json.loads(capsys.readouterr().out)


def train(folder, capsys, name, frame, *options):
    """The metrics of the run that `init` and `train`, on the command line, make of a table without an edit."""
    if name not in FILES:
        frame.to_csv(folder / "rows.csv", index=False)
    source = name if name in FILES else "rows.csv"
    config = call(capsys, "init", source, *options)["config"]
    return call(capsys, "train", config)["metrics"]


@pytest.mark.slow
@pytest.mark.parametrize("name", [*TABLES, *FILES])
def test_what_init_writes_trains(tmp_path, monkeypatch, capsys, name):
    monkeypatch.chdir(tmp_path)
    if name in FILES:
        FILES[name](tmp_path / name)
    metrics = train(tmp_path, capsys, name, None if name in FILES else TABLES[name]())
    if name == "total":
        assert metrics["test_r2_score"] > 0.95
    elif name == "customers":
        assert metrics["test_accuracy"] < 0.72
    elif name == "rare":  # always `no` is right 99 % of the time, with an area of 0.01
        assert metrics["test_pr_auc"] > 0.8 and metrics["test_recall"] >= 0.5 and metrics["test_precision"] >= 0.5
    else:
        assert metrics["test_accuracy"] > 0.85
    if name in ("dates", "texts"):
        nonsense = pd.DataFrame({"awkward": ["", "31.31.2021", "☃", "yesterday"], "noise": 0.0})
        nonsense.to_csv("new.csv", index=False)
        (run,) = (tmp_path / "runs").iterdir()
        assert exit_codes.run_app(app, ["predict", str(run), "new.csv", "-o", "answers.csv"]) == 0
        assert len(pd.read_csv("answers.csv")) == 4


@pytest.mark.slow
def test_several_targets_train(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    metrics = train(tmp_path, capsys, "", several_targets(), "--target", "y", "--target", "amount")
    assert metrics["test_y_accuracy"] > 0.85 and metrics["test_amount_r2_score"] > 0.95
