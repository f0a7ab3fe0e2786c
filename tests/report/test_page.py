"""The page as a reader gets it: whole, offline, honest about the run's state, safe against what the data says."""

import json
import re
import shutil
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path

import pytest
from helpers import synthetic_runs

from kerasdeep import report
from kerasdeep.report import comparison
from kerasdeep.report.page import SECTIONS
from kerasdeep.runs import ComparisonDir, RunDir

VOID = {"meta", "link", "br", "img", "hr", "input", "path", "wbr"}
GOLDEN_RUNS = Path(__file__).parents[1] / "golden" / "runs-0.1"
HOSTILE = '<script>alert("x")</script>'


class Page(HTMLParser):
    """Checks that tags are balanced and collects elements, identifiers and text."""

    def __init__(self, text):
        super().__init__()
        self.open, self.elements, self.words = [], [], []
        self.feed(text)
        assert self.open == [], f"left open: {self.open}"

    def handle_starttag(self, tag, attributes):
        self.elements.append((tag, dict(attributes)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attributes):
        self.elements.append((tag, dict(attributes)))

    def handle_endtag(self, tag):
        assert self.open and self.open[-1] == tag, f"</{tag}> closes {self.open[-1:]}"
        self.open.pop()

    def handle_data(self, data):
        if not self.open or self.open[-1] not in ("script", "style"):
            self.words.append(data)

    @property
    def text(self):
        return re.sub(r"[\s\u202f]+", " ", " ".join(self.words))

    def all(self, tag):
        return [attributes for name, attributes in self.elements if name == tag]


def page(run):
    report.write(run)
    return Page(run.report_html.read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    folder = tmp_path_factory.mktemp("runs")
    made = {kind: getattr(synthetic_runs, kind)(folder) for kind in ("classification", "regression", "interrupted")}
    return {kind: (run, page(run)) for kind, run in made.items()}


def copied(runs, kind, folder):
    """A run of that kind to spoil."""
    return RunDir(shutil.copytree(runs[kind][0].path, folder / "copy-1"))


@pytest.mark.parametrize("kind", ["classification", "regression", "interrupted"])
def test_the_page_is_one_small_file_that_needs_no_other(runs, kind):
    run, found = runs[kind]
    text = run.report_html.read_text(encoding="utf-8")
    assert len(text) < 1_000_000
    assert not re.search(r"https?:|[\"'(]//|@import|url\(", text)
    for _, attributes in found.elements:
        for name in ("src", "href", "action", "srcset"):
            value = attributes.get(name) or ""
            assert value == "" or value.startswith(("#", "data:image/png;base64,")), value
    policy = next(meta["content"] for meta in found.all("meta") if "http-equiv" in meta)
    assert "default-src 'none'" in policy


@pytest.mark.parametrize("kind", ["classification", "regression", "interrupted"])
def test_the_five_questions_stand_in_order_and_have_names(runs, kind):
    _, found = runs[kind]
    sections = found.all("section")
    assert [section["id"] for section in sections] == ["result", "training", "setup", "trust", "next"]
    identifiers = [attributes["id"] for _, attributes in found.elements if "id" in attributes]
    assert len(identifiers) == len(set(identifiers))
    assert all(section["aria-labelledby"] in identifiers for section in sections)
    assert {link["href"] for link in found.all("a")} <= {f"#{name}" for name in identifiers}
    assert len(found.all("h1")) == 1
    assert found.all("html") == [{"lang": "en"}]
    assert all(image.get("alt") for image in found.all("img"))
    labelled = [part for _, part in found.elements if part.get("role") in ("region", "img")]
    assert labelled and all(part.get("aria-label") for part in labelled)


def test_a_classification_is_judged_against_its_baseline(runs):
    run, found = runs["classification"]
    evaluation = run.read_fact("evaluation")["parts"]["test"]["targets"][0]
    accuracy = f"{100 * evaluation['metrics']['accuracy']:.1f} %"
    assert f"On 600 held-out test rows the network is right {accuracy} of the time." in found.text
    assert "Always predicting the most frequent class would be right 10.0 % of the time" in found.text
    assert "Most confident mistakes" in found.text
    assert len(found.all("img")) == 12
    cells = [cell for cell in found.all("td") if cell.get("class", "").split()[:1] in (["right"], ["wrong"])]
    assert len(cells) == 100
    assert "Training stopped early, after epoch 22 of 25." in found.text
    assert "3 held-out test rows (0.5 %) also appear in the training data" in found.text


def test_curves_can_be_read_without_a_pointer(runs):
    run, found = runs["classification"]
    text = run.report_html.read_text(encoding="utf-8")
    data = [json.loads(body) for body in re.findall(r'<script type="application/json">(.*?)</script>', text)]
    *data, _, _ = data  # the last are the range test's and the calibration's
    loss, accuracy, rate, _ = data
    assert [len(chart["left"]) for chart in data] == [22] * 4
    assert [line["name"] for line in loss["lines"]] == ["training", "validation"]
    assert accuracy["lines"][0]["said"][0].endswith("%")
    assert rate["lines"][0]["said"][11] == "0.05"
    assert loss["x"][loss["shown"]] == str(run.read_result()["best_epoch"])
    first = run.history.rows()[0]
    assert f"{first['val_data_loss']:.4f}" in found.text, "the table has every epoch"


def test_what_differs_from_the_defaults_is_listed(runs):
    _, found = runs["classification"]
    for words in ("optimizer SGD {learning_rate: 0.05, momentum: 0.9} Nadam", "training.epochs 25 20"):
        assert words in re.sub(r"\s+", " ", found.text)
    assert "training.batch_size 32" not in found.text


def test_a_regression_shows_errors_in_its_unit_and_raw_features(runs):
    run, found = runs["regression"]
    metrics = run.read_result()["metrics"]
    assert f"explains {100 * metrics['test_r2_score']:.1f} % of the variation of price" in found.text
    for heading in ("Predicted against actual", "Predicted minus actual", "Largest errors", "Features", "HouseAge"):
        assert heading in found.text
    assert "id looks like an identifier" in re.sub(r"\s+", " ", found.text)


def test_opponents_stand_beside_the_network_and_the_winner_is_named(runs):
    run, found = runs["regression"]
    assert "On the test rows HistGradientBoostingRegressor beats the network." in found.text
    assert "On the held-out test rows network HistGradientBoostingRegressor" in found.text
    assert re.search(r"Fitted on rows [\d,]+ 7,224 \(50 %\) Time .{1,12} s 0\.4 s", found.text)
    markdown = run.report_md.read_text(encoding="utf-8")
    assert (
        "| On the held-out test rows | network | HistGradientBoostingRegressor |\n| --- | ---: | ---: |\n" in markdown
    )
    assert re.search(r"\| \S+ \| 0.8300 \|\n\| Fitted on rows \|", markdown)


def test_an_interrupted_run_says_so_and_how_to_go_on(runs):
    run, found = runs["interrupted"]
    assert "This run was interrupted." in found.text
    assert f"kerasdeep train {run.path} --resume" in found.text
    assert "3 of 25 planned epochs are done." in found.text
    assert "Not evaluated yet. The last validation accuracy was" in found.text
    assert "Most confident mistakes" not in found.text


def test_a_run_that_goes_on_is_no_interrupted_run(tmp_path):
    run = synthetic_runs.interrupted(tmp_path)
    with run.lock():
        found = page(run)
    assert "This run is still going." in found.text
    assert "--resume" not in found.text


def test_a_failed_run_shows_its_error_and_where_the_loss_broke(tmp_path):
    run = synthetic_runs.interrupted(tmp_path)
    run.history.append({"stage": "main", "epoch": 4, "loss": float("nan"), "data_loss": float("nan")})
    run.write_result({"name": "x", "status": "failed", "error": f"Loss is not finite. {HOSTILE}"})
    found = page(run)
    assert "This run failed. Loss is not finite." in found.text
    assert "The loss stopped being a number in epoch 4." in found.text
    assert HOSTILE not in run.report_html.read_text(encoding="utf-8")


@pytest.mark.parametrize("missing", ["evaluation", "samples", "network", "data", "stages", "engine"])
def test_each_fact_may_be_missing(runs, tmp_path, missing):
    run = copied(runs, "classification", tmp_path)
    (run.facts / f"{missing}.json").unlink()
    assert "What next?" in page(run).text


@pytest.mark.parametrize("missing", ["config", "resolved", "environment", "result"])
def test_each_file_may_be_missing(runs, tmp_path, missing):
    run = copied(runs, "regression", tmp_path)
    getattr(run, missing).unlink()
    run.history.path.unlink()
    assert "What next?" in page(run).text


def test_an_empty_directory_gets_a_page_too(tmp_path):
    found = page(RunDir(tmp_path))
    assert "There is no result yet." in found.text
    assert (tmp_path / "report.md").read_text(encoding="utf-8").startswith(f"# {tmp_path.name}".replace("_", "\\_"))


def test_half_written_files_are_named_and_do_not_stop_the_report(runs, tmp_path):
    run = copied(runs, "classification", tmp_path)
    for path in (run.environment, run.facts / "data.json", run.resolved):
        path.write_text(path.read_text(encoding="utf-8")[:40], encoding="utf-8")
    with run.history.path.open("a", encoding="utf-8") as file:
        file.write("main,23,0.1")
    found = page(run)
    assert "What next?" in found.text and "Most confident mistakes" in found.text
    assert f"Left out. {run.facts / 'data.json'}: it cannot be read" in found.text
    assert f"Left out. {run.environment}: it cannot be read" in found.text
    assert "Left out" in run.report_md.read_text(encoding="utf-8")


def test_a_fact_of_another_shape_is_left_out_with_the_reason(runs, tmp_path):
    run = copied(runs, "classification", tmp_path)
    evaluation = run.read_fact("evaluation")
    evaluation["parts"]["test"]["targets"][0]["confusion"][3] = "none"
    run.write_fact("evaluation", evaluation)
    run.history.path.write_text("stage,epoch,loss\nmain,one,0.3\n", encoding="utf-8")
    found = page(run)
    assert 'evaluation.json: `parts.test.targets[0].confusion[3]` should be a list, not "none".' in found.text
    assert "history.csv: a row cannot be read" in found.text
    assert "There is no result yet." in found.text and "Layer by layer" in found.text


def test_a_sound_run_leaves_nothing_out(runs):
    assert not any("Left out" in found.text for _, found in runs.values())
    _, found = runs["classification"]
    for heading in ("Layer by layer", "Distribution of the weights", "Was the learning rate right?", "Class balance"):
        assert heading in found.text
    assert "22 of 25 epochs" in found.text


def test_every_part_has_a_macro_and_a_name_of_its_own():
    names = [part.name for section in (*SECTIONS, *comparison.SECTIONS) for part in section.parts]
    macros = re.findall(r"{% macro (\w+)\(", (Path(comparison.__file__).parent / "templates/parts.html").read_text())
    assert set(names) <= set(macros) and len(macros) == len(set(macros))
    assert len(names) - len(set(names)) == 2, "only the verdict and the commands are of both pages"


@pytest.mark.parametrize("name", ["auto-1", "tab-1"])
def test_a_run_of_version_0_1_has_the_whole_page(tmp_path, name):
    found = page(RunDir(shutil.copytree(GOLDEN_RUNS / name, tmp_path / name)))
    assert "Left out" not in found.text
    special = {
        "auto-1": ("Reconstructions after pre", "Was the learning rate right?"),
        "tab-1": ("Largest errors", "Features"),
    }
    for heading in ("Every epoch in numbers", "Configuration", "Layer by layer", "Environment", *special[name]):
        assert heading in found.text


def test_a_comparison_of_version_0_1_has_the_whole_page(tmp_path):
    folder = ComparisonDir(shutil.copytree(GOLDEN_RUNS / "tab-compare", tmp_path / "tab-compare"))
    report.write_comparison(folder)
    found = Page(folder.html.read_text(encoding="utf-8"))
    assert [section["id"] for section in found.all("section")] == ["result", "curves", "differences", "next"]
    for words in ("R², test: wide", "1 of 1 claims not met", "Pair by pair against wide", "network.layers"):
        assert words in found.text
    assert "1 of 1 claims not met" in folder.markdown.read_text(encoding="utf-8")


def test_names_from_the_data_are_never_markup(tmp_path):
    classes = [HOSTILE, "a|b", "`c`", "{{ 7 * 7 }}", "&amp;", "</style>", "--> x", "x" * 300]
    run = synthetic_runs.classification(tmp_path, classes=classes)
    features = {"</script><img src=x>": 1.0}
    samples = run.read_fact("samples")
    samples["mistakes"][0] |= {"image": 'x" onerror="alert(1)', "features": features}
    run.write_fact("samples", samples)
    found = page(run)
    assert HOSTILE in found.text, "it is shown as text"
    assert "{{ 7 * 7 }}" in found.text
    assert HOSTILE not in run.report_html.read_text(encoding="utf-8")
    assert not any(name.startswith("on") for _, attributes in found.elements for name in attributes)
    markdown = run.report_md.read_text(encoding="utf-8")
    assert not re.search(r"(?<!\\)<(?!/?details|/?summary)", markdown)


def test_the_markdown_twin_tells_the_same_story(runs):
    run, _ = runs["classification"]
    text = run.report_md.read_text(encoding="utf-8")
    assert text.startswith("# garments-1\n")
    assert "held-out test rows" in text
    assert "| accuracy |" in text
    assert f"`kerasdeep train {run.path}/resolved.yaml`" in text
    widths = [line.count("|") - line.count("\\|") for line in text.splitlines() if line.startswith("| ")]
    assert set(widths) <= {4, 5, 6}
    assert "\n\n\n" not in text


def test_many_classes_layers_and_epochs_stay_small(tmp_path):
    run = synthetic_runs.classification(tmp_path, classes=[f"kind {n}" for n in range(60)])
    network = run.read_fact("network")
    network["layers"] *= 300
    run.write_fact("network", network)
    rows = run.history.rows()
    run.history.replace([row | {"epoch": 22 * n + row["epoch"]} for n in range(100) for row in rows])
    found = page(run)
    assert "Most often confused" in found.text
    assert "The first 400 of 1500 layers." in found.text
    assert re.search(r"2\d\d of 2200 epochs are shown", found.text)
    assert run.report_html.stat().st_size < 1_500_000


def test_the_report_needs_no_numerical_library(runs, tmp_path):
    run = copied(runs, "classification", tmp_path)
    code = (
        "import sys; from kerasdeep import report; from kerasdeep.runs import RunDir; "
        f"report.write(RunDir(__import__('pathlib').Path({str(run.path)!r}))); "
        "print(sorted({'keras', 'tensorflow', 'jax', 'numpy', 'pandas', 'sklearn'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
