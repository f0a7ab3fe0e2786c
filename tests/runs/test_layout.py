"""The run directory: numbering, whole files, the lock, and what a dead run looks like."""

import json
import subprocess
import sys
import threading

import pytest

from kerasdeep.errors import InputError
from kerasdeep.runs import (
    RunDir,
    create_run_dir,
    files,
    latest_run,
    layout,
    list_runs,
    open_run_dir,
    write_json,
    write_text,
)


def test_numbers_count_up_and_are_never_reused(tmp_path):
    names = [create_run_dir(tmp_path, "fashion").path.name for _ in range(3)]
    assert names == ["fashion-1", "fashion-2", "fashion-3"]
    (tmp_path / "fashion-2").rmdir()
    assert create_run_dir(tmp_path, "fashion").path.name == "fashion-4"
    assert create_run_dir(tmp_path, "fashion-mnist").path.name == "fashion-mnist-1"


def test_creating_at_once_gives_every_caller_an_own_directory(tmp_path):
    paths = []
    threads = [threading.Thread(target=lambda: paths.append(create_run_dir(tmp_path, "x").path)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(paths)) == 8


def test_a_name_cannot_leave_the_output_folder(tmp_path):
    assert create_run_dir(tmp_path / "runs", "../evil name").path == tmp_path / "runs" / "evil-name-1"


def test_an_output_that_is_a_file_is_the_users_mistake(tmp_path):
    (tmp_path / "runs").write_text("")
    with pytest.raises(InputError, match="--out"):
        create_run_dir(tmp_path / "runs", "x")


def test_latest_compares_numbers_and_looks_at_the_whole_name(tmp_path):
    for name in ["net-9", "net-10", "net-two-11", "net-12"]:
        (tmp_path / name).mkdir()
        if name != "net-12":  # an empty folder is no run
            RunDir(tmp_path / name).write_result({"status": "completed"})
    assert latest_run(tmp_path, "net").path.name == "net-10"
    assert latest_run(tmp_path, "other") is None
    assert [run.path.name for run in list_runs(tmp_path)] == ["net-9", "net-10", "net-two-11"]


def test_results_are_whole_json_without_nan(tmp_path):
    run = create_run_dir(tmp_path, "x")
    run.write_result({"status": "completed", "metrics": {"val_loss": float("nan"), "val_accuracy": 0.5}})
    found = json.loads(run.result.read_text())
    assert found == {
        "format": 1,
        "run": str(run.path),
        "status": "completed",
        "metrics": {"val_loss": None, "val_accuracy": 0.5},
    }
    assert [path.name for path in run.path.iterdir()] == ["result.json"]


def test_a_failed_write_leaves_the_old_file_and_no_rubbish(tmp_path, monkeypatch):
    def fail(file):
        assert len(list(tmp_path.iterdir())) == 2
        raise OSError(28, "No space left on device")

    path = tmp_path / "x.json"
    write_json(path, {"a": 1})
    monkeypatch.setattr(files, "fsync_file", fail)
    with pytest.raises(OSError, match="No space left"):
        write_text(path, "half")
    assert json.loads(path.read_text()) == {"a": 1}
    assert len(list(tmp_path.iterdir())) == 1


def test_what_a_killed_process_was_writing_is_swept_away_and_nothing_else(tmp_path):
    run = create_run_dir(tmp_path, "x")
    code = (
        "import os, sys; from pathlib import Path; from kerasdeep.runs import atomic_write\n"
        "for name in ('result.json', 'facts/engine.json'):\n"
        "    atomic_write(Path(sys.argv[1]) / name).__enter__().write_text('half')\n"
        "os.kill(os.getpid(), 9)"
    )
    run.write_fact("data", {})
    subprocess.run([sys.executable, "-c", code, str(run.path)], check=False)
    assert len(list(run.path.rglob(".*"))) == 2
    run.remove_unfinished_files()
    assert [path.name for path in run.path.rglob("*")] == ["facts", "data.json"]


def test_facts_come_back_and_a_missing_one_is_none(tmp_path):
    run = create_run_dir(tmp_path, "x")
    run.write_fact("engine", {"chunk": 4, "path": tmp_path})
    assert run.read_fact("engine") == {"chunk": 4, "path": str(tmp_path)}
    assert run.read_fact("health") is None


def test_history_keeps_numbers_exactly_and_grows_columns(tmp_path):
    history = create_run_dir(tmp_path, "x").history
    first = {"stage": "main", "epoch": 1, "loss": 0.1 + 0.2, "val_loss": 1e-17, "momentum": None, "seconds": 0.5}
    history.append(first)
    assert history.rows() == [first]
    history.append({**first, "epoch": 2})
    history.append({**first, "epoch": 3, "accuracy": 0.5, "learning_rate": 0.1})
    assert history.path.read_text().splitlines()[0] == (
        "stage,epoch,loss,accuracy,val_loss,learning_rate,momentum,seconds"
    )
    rows = history.rows()
    assert [row["epoch"] for row in rows] == [1, 2, 3]
    assert rows[0]["accuracy"] is None and rows[2]["accuracy"] == 0.5
    history.replace(rows[:1])
    assert len(history.rows()) == 1


def test_running_without_a_live_lock_means_interrupted(tmp_path):
    run = create_run_dir(tmp_path, "x")
    run.write_result({"status": "running"})
    with run.lock():
        assert run.read_result()["status"] == "running"
    assert run.read_result()["status"] == "interrupted"
    assert not (run.path / ".lock").exists()


def test_a_result_that_is_written_while_it_is_read_stays(tmp_path, monkeypatch):
    run, done = create_run_dir(tmp_path, "x"), {"status": "completed", "metrics": {"val_loss": 0.5}}
    run.write_result({"status": "running"})

    def ends_meanwhile(path):
        run.write_result(done)
        return False

    monkeypatch.setattr(layout, "is_locked", ends_meanwhile)
    assert run.read_result().items() >= done.items()
    assert json.loads(run.result.read_text()).items() >= done.items()


@pytest.mark.parametrize(("error", "status"), [(PermissionError(), "interrupted"), (InputError("used"), "running")])
def test_where_a_result_cannot_be_corrected_it_is_only_reported(tmp_path, monkeypatch, error, status):
    def refuse(path):
        raise error

    run = create_run_dir(tmp_path, "x")
    run.write_result({"status": "running"})
    before = run.result.read_bytes()
    monkeypatch.setattr(layout, "hold_lock", refuse)
    assert run.read_result()["status"] == status and run.result.read_bytes() == before


HOLD = """
import sys
from pathlib import Path
from kerasdeep.runs import RunDir
with RunDir(Path(sys.argv[1])).lock():
    print("held", flush=True)
    sys.stdin.read()
"""


def test_two_processes_cannot_hold_one_run_and_a_killed_one_frees_it(tmp_path):
    run = create_run_dir(tmp_path, "x")
    run.write_result({"status": "running"})
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, str(run.path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as other:
        assert other.stdout.readline() == "held\n"
        assert run.read_result()["status"] == "running"
        with pytest.raises(InputError, match=f"in use by another process .{other.pid}."), run.lock():
            pass
        other.kill()
        other.wait()
    assert run.read_result()["status"] == "interrupted"
    with run.lock():
        assert run.locked


def test_what_is_no_run_is_said(tmp_path):
    with pytest.raises(InputError, match="not a run directory"):
        open_run_dir(tmp_path)
    with pytest.raises(InputError, match="no readable result"):
        RunDir(tmp_path).read_result()
