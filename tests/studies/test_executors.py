"""Trials in worker processes: same bits as in one, wherever they run, whatever dies."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace

import pytest
from helpers.runs import assert_same_run

import kerasdeep
from kerasdeep.backends.system import python_command
from kerasdeep.config import Overrides
from kerasdeep.config.resolved import resolved_yaml
from kerasdeep.errors import InputError, Interrupted, RunFailed
from kerasdeep.runs import RunDir, comparison_dir, create_run_dir, list_runs
from kerasdeep.studies import jobs, out_of_fold, processes, reuse
from kerasdeep.studies.board import Board
from kerasdeep.studies.study import RunKey, load_study
from kerasdeep.studies.trial import Trial

STUDY = {
    "name": "study",
    "data": {"source": "digits", "validation": 300, "test": 300},
    "network": ["Flatten", {"Dense": 20}, "Output"],
    "training": {"epochs": 3, "watch": None},
    "report": {"tensorboard": False},
    "variants": {"plain": {}, "dropout": {"regularization": {"dropout": 0.3}}},
}
FAKE_WORKER = """
import json, os, pathlib, signal, sys, time
for line in sys.stdin:
    message = json.loads(line)
    if "trial" not in message:
        continue
    trial, say = message["trial"], lambda **event: print(json.dumps(event), flush=True)
    mark = pathlib.Path(message["out"]) / trial["name"]
    begun = mark.read_text().count("x") if mark.exists() else 0
    mark.write_text("x" * (begun + 1))
    if trial["name"].startswith(os.environ.get("DIES", "none")) and begun < int(os.environ.get("DEATHS", 1)):
        os.kill(os.getpid(), signal.SIGKILL)
    time.sleep(float(os.environ.get("SLOW", 0)))
    if trial["name"].startswith(os.environ.get("REFUSES", "none")):
        problem = {"severity": "error", "name": "split", "message": "no rows", "file": "a.yaml", "line": 3, "column": 1}
        say(event="input_error", problems=[{**problem, "suggestion": None}])
        continue
    say(event="phase", first_epoch=0, epochs=1)
    say(event="epoch", row={"epoch": 1, "loss": 0.5, "val_loss": 0.6})
    answer = json.loads(sys.stdin.readline())
    run = pathlib.Path(message["out"]) / (trial["name"] + "-1")
    run.mkdir(exist_ok=True)
    status = "completed" if answer["go_on"] else "pruned"
    (run / "result.json").write_text(json.dumps({"status": status, "seconds": 1.0}))
    say(event="end", run=str(run), reused=False)
"""


class Host:
    """Gives the trials of a study, and remembers what became of them."""

    def __init__(self, out, prunes=()):
        self.out, self.prunes, self.ends = out, prunes, {}
        self.left = list(load_study(STUDY, Overrides(), 2).trials)

    def next_trial(self):
        return self.left.pop(0) if self.left else None

    def on_epoch(self, trial, row):
        return trial.label not in self.prunes

    def on_end(self, trial, end):
        assert trial.label not in self.ends
        self.ends[trial.label] = end.run.read_result()["status"]


@pytest.fixture
def fake(tmp_path, monkeypatch):
    """Workers that speak the protocol and train nothing."""
    script = tmp_path / "fake.py"
    script.write_text(FAKE_WORKER)
    monkeypatch.setattr(processes, "WORKER", (str(script),))
    return tmp_path


def run(host, count=2):
    with Board("quiet") as board:
        processes.run_in_processes(host, count, board)
    return host.ends


def test_every_trial_ends_once_and_a_study_can_prune(fake):
    host = Host(fake, prunes=("[2/4] plain, seed 1",))
    assert sorted(run(host).values()) == ["completed"] * 3 + ["pruned"]
    assert host.ends["[2/4] plain, seed 1"] == "pruned"


def test_a_trial_whose_process_dies_goes_on_in_another(fake, monkeypatch):
    monkeypatch.setenv("DIES", "study-plain")
    assert list(run(Host(fake)).values()) == ["completed"] * 4
    monkeypatch.setenv("DEATHS", "9")
    for mark in fake.glob("study-*seed?"):
        mark.unlink()
    with pytest.raises(RunFailed, match="signal SIGKILL"):
        run(Host(fake))


def test_what_a_process_refuses_is_an_input_error_here(fake, monkeypatch):
    monkeypatch.setenv("REFUSES", "study-dropout")
    with pytest.raises(InputError) as caught:
        run(Host(fake))
    assert str(caught.value) == "a.yaml:3:1: no rows"


def test_an_interrupt_ends_all_within_two_seconds(fake, monkeypatch):
    monkeypatch.setenv("SLOW", "60")
    previous = signal.signal(signal.SIGALRM, lambda *_: signal.raise_signal(signal.SIGINT))
    host, start = Host(fake), time.monotonic()
    signal.setitimer(signal.ITIMER_REAL, 0.4)
    try:
        with pytest.raises(Interrupted):
            run(host)
    finally:
        signal.signal(signal.SIGALRM, previous)
    assert time.monotonic() - start < 2.4


def test_where_there_is_no_affinity_or_no_signal_a_worker_does_without(fake, monkeypatch):
    monkeypatch.delattr(os, "sched_setaffinity")
    trial = load_study(STUDY, Overrides(["runtime.backend=jax", "runtime.threads=1"]), 1).trials[0]
    with processes._Pool(1) as pool:
        told = []
        monkeypatch.setattr(processes._Worker, "tell", lambda worker, message: told.append(message))
        pool.tell(trial, {"plan": {}})
        assert told == [{"plan": {}}]
        worker = pool._workers[0]
        monkeypatch.setattr(processes.os, "name", "nt")
        monkeypatch.setattr(worker._process, "send_signal", lambda number: pytest.fail("a signal"))
        worker.interrupt()
        monkeypatch.undo()
        assert worker._process.wait(5) == 0
        worker.tell({"go_on": True})  # nobody listens, which is no error


def test_what_lies_in_the_working_directory_is_not_run(tmp_path, monkeypatch):
    def found(module):
        code = f"import {module}; print({module}.__file__)"
        return subprocess.run(python_command("-c", code), capture_output=True, text=True, check=False).stdout.strip()

    work, known = tmp_path / "work", tmp_path / "known"
    for folder, name in ((work, "yaml.py"), (known, "ours.py")):
        folder.mkdir()
        (folder / name).write_text("")
    monkeypatch.chdir(work)
    monkeypatch.setenv("PYTHONPATH", str(known))
    monkeypatch.setattr(sys, "path", [path for path in sys.path if path not in ("", str(work))])
    assert found("yaml") not in ("", str(work / "yaml.py"))
    assert found("ours") == str(known / "ours.py")
    monkeypatch.syspath_prepend(str(work))  # as for `python -m kerasdeep`
    assert found("yaml") == str(work / "yaml.py")


def test_a_trial_is_the_same_in_another_process():
    first, *_ = load_study(STUDY, Overrides(["training.epochs=2"]), 1).trials
    again = Trial.from_message(json.loads(json.dumps(first.as_message())))
    assert replace(again, loaded=first.loaded) == first
    assert again.loaded.config == first.loaded.config and again.loaded.text == first.loaded.text
    assert again.loaded.config.runtime.threads == 1


def test_what_was_pruned_is_trained_where_nothing_prunes(tmp_path):
    trial = load_study(STUDY, Overrides(), 1).trials[0]
    run = create_run_dir(tmp_path, trial.name)
    run.resolved.write_text(resolved_yaml(trial.loaded.config))
    run.write_result({"status": "pruned"})
    assert reuse.find_reusable_run(tmp_path, trial.loaded.config, str, may_be_pruned=True).path == run.path
    assert reuse.find_reusable_run(tmp_path, trial.loaded.config, str) is None
    run.write_result({"status": "completed"})
    assert reuse.find_reusable_run(tmp_path, trial.loaded.config, str).path == run.path


def test_the_table_of_all_folds_has_the_columns_of_every_variant(tmp_path):
    folder, runs = comparison_dir(tmp_path, "study"), {}
    for variant, table in (("one", "row,p_a\n0,0.5\n"), ("two", "row,p_b\n1,0.25\n")):
        run = create_run_dir(tmp_path, variant)
        run.out_of_fold.write_text(table)
        runs[variant] = {RunKey(0, 1): run, RunKey(0, 2): create_run_dir(tmp_path, f"{variant}-failed")}
    folder.path.mkdir()
    out_of_fold.merge_tables(folder, runs)
    assert folder.out_of_fold.read_text().split() == [
        "variant,seed,fold,row,p_a,p_b",
        "one,0,1,0,0.5,",
        "two,0,1,1,,0.25",
    ]


def test_a_stated_number_of_threads_stays():
    trials = load_study(STUDY, Overrides(["runtime.threads=3"]), 1).trials
    assert trials[0].loaded.config.runtime.threads == 3


@pytest.mark.parametrize(
    ("cores", "gigabytes", "cards", "sets", "expected"),
    [
        (2, 64, [], [], 2),
        (16, 64, [], [], 4),  # no more than there are trials
        (8, 64, [], ["runtime.threads=4"], 2),
        (8, 64, [], ["runtime.threads=16"], 1),
        (8, 5, [], [], 2),  # the plan says 1.5 GB
        (8, 1, [], [], 1),
        (8, 64, ["0", "1"], [], 2),
        (8, 64, ["0"], [], 1),
        (8, 64, ["0"], ["runtime.device=cpu"], 4),
    ],
)
def test_jobs_go_by_cores_cards_and_memory(monkeypatch, cores, gigabytes, cards, sets, expected):
    monkeypatch.setattr("kerasdeep.studies.trial.gpu_numbers", lambda: cards)
    trials = load_study(STUDY, Overrides(sets), 2).trials
    monkeypatch.setattr(jobs, "usable_cores", lambda: cores)
    monkeypatch.setattr(jobs, "available_memory_bytes", lambda: gigabytes << 30)
    monkeypatch.setattr(jobs, "gpu_numbers", lambda: cards)
    walked = []
    monkeypatch.setattr(jobs, "_source_bytes", lambda path: walked.append(path) or 0)
    assert jobs.auto_jobs(trials, lambda trial: 3 << 29) == expected
    assert len(walked) <= 1  # however many trials there are


@pytest.mark.slow
def test_real_processes_train_two_trials_at_once(tmp_path):
    file = {key: value for key, value in STUDY.items() if key != "variants"}
    file |= {"data": {"source": "iris", "validation": 0.2}, "training": {"epochs": 1, "watch": None}}
    found = kerasdeep.compare(file, seeds=2, jobs=2, out=tmp_path, progress="quiet").result
    (variant,) = found["variants"]
    assert variant["statuses"] == ["completed"] * 2 and variant["metrics"]["val_accuracy"]["n"] == 2
    assert [run.path.name for run in list_runs(tmp_path)] == ["study-seed0-1", "study-seed1-1"]


@pytest.mark.slow
@pytest.mark.parametrize("backend", ["tensorflow", "jax"])
def test_bits_depend_neither_on_jobs_nor_on_kills(tmp_path, monkeypatch, backend):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "study.yaml").write_text(json.dumps(STUDY | {"runtime": {"backend": backend}}))
    words = [sys.executable, "-m", "kerasdeep", "compare", "study.yaml", "--seeds", "2", "--quiet"]
    words += ["--set", "training.epochs=12"]
    subprocess.run([*words, "--jobs", "1", "--out", "one"], check=True)
    study = subprocess.Popen([*words, "--jobs", "2", "--out", "two"])
    killed = 0
    while study.poll() is None:
        time.sleep(0.1)
        busy = [lock for lock in tmp_path.glob("two/*/.lock") if (lock.parent / "checkpoints").is_dir()]
        if busy and killed < 2:
            with contextlib.suppress(ProcessLookupError, ValueError):  # a lock that has changed hands meanwhile
                os.kill(int(busy[0].read_text()), signal.SIGKILL)
                killed += 1
                time.sleep(3.0)
    assert study.returncode == 0 and killed == 2
    names = [run.path.name for run in list_runs("one")]
    assert len(names) == 4 and [run.path.name for run in list_runs("two")] == names
    for name in names:
        assert_same_run(RunDir(tmp_path / "one" / name), RunDir(tmp_path / "two" / name))


@pytest.mark.slow
def test_ctrl_c_stops_within_two_seconds_and_the_same_command_goes_on(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "study.yaml").write_text(json.dumps(STUDY | {"training": {"epochs": 200}}))
    words = [sys.executable, "-m", "kerasdeep", "compare", "study.yaml", "--seeds", "1", "--jobs", "2"]
    study = subprocess.Popen(words, stderr=subprocess.PIPE, text=True)
    while not list(tmp_path.glob("runs/*/checkpoints")):
        time.sleep(0.1)
    start = time.monotonic()
    study.send_signal(signal.SIGINT)
    _, said = study.communicate()
    assert time.monotonic() - start < 2.0 and study.returncode == 130
    assert "Continue with: kerasdeep compare study.yaml --seeds 1" in said
    assert subprocess.run([*words, "--quiet"], check=False).returncode == 0
    assert [run.read_result()["status"] for run in list_runs("runs")] == ["completed"] * 2
