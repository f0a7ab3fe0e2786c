"""Run directories that someone else made or damaged: report and runs go on with what is sound and say what is not."""

import shutil
import time
from pathlib import Path

import pytest
from helpers import synthetic_runs
from helpers.damage import damages, no_longer_than

from kerasdeep.cli import exit_codes
from kerasdeep.cli.app import app
from kerasdeep.errors import InputError
from kerasdeep.runs import RunDir, death, facts


def attempt(*commands):
    """The exit codes of the commands, none of which may be a defect, wait for ever or take long."""
    with no_longer_than(10):
        return [exit_codes.run_app(app, list(command)) for command in commands]


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    return synthetic_runs.classification(tmp_path_factory.mktemp("whole")).path


def damaged_runs(whole, place, seed, count):
    files = sorted(path.relative_to(whole).as_posix() for path in whole.rglob("*") if path.is_file())
    run = place / whole.name
    for what, damage in damages(run, files, seed, count):
        shutil.rmtree(run, ignore_errors=True)
        shutil.copytree(whole, run)
        damage()
        yield what, run


def check(whole, place, seed, count):
    for what, run in damaged_runs(whole, place, seed, count):
        codes = attempt(["report", str(run)], ["runs", "--out", str(place)], ["compare", str(run), str(run)])
        assert set(codes) <= {0, 2}, what
        if codes[0] == 0:
            assert "<html" in (run / "report.html").read_text(encoding="utf-8"), what


@pytest.mark.parametrize("count", [3, pytest.param(10, marks=pytest.mark.slow)])
def test_report_runs_and_compare_on_damaged_runs(whole, tmp_path, count):
    check(whole, tmp_path, seed=20 + count, count=count)


@pytest.mark.fuzz
def test_many_damaged_runs(whole, tmp_path):
    check(whole, tmp_path, seed=2020, count=5000)


def test_runs_says_which_cannot_be_read(whole, tmp_path, capsys):
    shutil.copytree(whole, tmp_path / "a-1")
    shutil.copytree(whole, tmp_path / "b-1")
    (tmp_path / "b-1" / "result.json").write_text('{"name": 3}')
    assert attempt(["runs", "--out", str(tmp_path)]) == [0]
    out, errors = capsys.readouterr()
    assert "a-1" in out and "b-1" in errors and "`name` should be text" in errors


def test_report_says_what_was_left_out(whole, tmp_path):
    run = Path(shutil.copytree(whole, tmp_path / "a-1"))
    (run / "history.csv").write_text("stage,epoch,loss\nmain,1,0.5\nmain,²,0.4\n")
    assert attempt(["report", str(run)]) == [0]
    assert (
        "history.csv" in (run / "report.md").read_text() and "a row cannot be read" in (run / "report.md").read_text()
    )


@pytest.mark.parametrize(
    ("text", "rows"),
    [
        ("stage,epoch,loss\nmain,1,0.5\nmain,2,0", 1),  # killed while it was writing
        ("stage,epoch,loss\nmain,1,\n", 1),
        ("", 0),
        ("stage,epoch,loss\nmain,1,inf\n", 1),
    ],
)
def test_a_history_that_can_be_read(tmp_path, text, rows):
    (tmp_path / "history.csv").write_text(text)
    assert len(RunDir(tmp_path).history.rows()) == rows


@pytest.mark.parametrize(
    "text",
    [
        "stage,epoch,loss\nmain,1\n",
        "stage,epoch\nmain,-1\n",
        "epoch,epoch,stage\n1,1,a\n",
        "a\nb\n",
        "stage,epoch\nmain," + "1" * 140_000 + "\n",
        'stage,epoch\n"main,1\n',
    ],
)
def test_a_history_that_is_none(tmp_path, text):
    (tmp_path / "history.csv").write_text(text)
    with pytest.raises(InputError, match=r"history\.csv: (it|a row cannot be read)"):
        RunDir(tmp_path).history.rows()


def left_running(folder):
    run = RunDir(folder)
    run.write_result({"name": "x", "status": "running"})
    return run


def test_a_process_that_died_is_told_and_the_result_corrected(tmp_path):
    run = left_running(tmp_path)
    fact = facts.read_result(run)
    assert fact.status == "interrupted" and "died without a word" in fact.error and "memory" in fact.error
    assert time.strftime("%Y-%m-%d") in fact.error
    assert '"status": "interrupted"' in run.result.read_text() and not (tmp_path / ".lock").exists()
    assert facts.read_result(run).error == fact.error


def test_a_crash_in_native_code_is_told_apart(tmp_path):
    run = left_running(tmp_path)
    run.crash_log.write_text("Fatal Python error: Segmentation fault\n\nThread 0x1 (most recent call first):\n")
    error = facts.read_result(run).error
    assert "crashed in native code (Segmentation fault)" in error and "TF_ENABLE_ONEDNN_OPTS=0" in error


def test_a_crash_log_is_there_only_while_a_run_trains(tmp_path):
    log = tmp_path / "crash.txt"
    with death.record_crash(log):
        assert log.exists()
    assert not log.exists()
    with death.record_crash(tmp_path / "none" / "crash.txt"):
        pass


def test_a_run_that_is_held_stays_running(tmp_path):
    run = left_running(tmp_path)
    with run.lock():
        assert facts.read_result(run).status == "running"
