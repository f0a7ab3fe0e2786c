"""Sweeps on a made-up objective: trials are counted once, go on where others stopped, and are judged on fresh seeds."""

import contextlib
import json
import os
import subprocess
import sys
import time

import numpy as np
import optuna
import pytest

from kerasdeep.cli import exit_codes
from kerasdeep.cli.app import app
from kerasdeep.config import load_config
from kerasdeep.errors import InputError
from kerasdeep.report import write_sweep
from kerasdeep.runs import create_run_dir, list_runs, sweep_dir
from kerasdeep.studies import confirmation, executors, search, sweep, sweep_study
from kerasdeep.studies.run_trial import TrialEnd

EPOCHS = 9
FILE = {
    "name": "mine",
    "data": {"source": "digits", "validation": 0.2},
    "network": ["Flatten", {"Dense": 20}, "Output"],
    "training": {"epochs": EPOCHS},
    "sweep": {
        "parameters": {
            "optimizer.Nadam.learning_rate": {"between": [1e-4, 0.1], "log": True},
            "network.layers.1.Dense.units": {"between": [4, 64]},
            "activation": ["relu", {"LeakyReLU": {"negative_slope": 0.2}}],
        },
        "goal": "val_accuracy",
        "trials": 12,
        "confirm": {"best": 2, "seeds": 4},
    },
}


def made_up(trial, noise_only):
    """A trial's accuracy at its end: best at a rate of 0.01; noise by seed and settings."""
    config = trial.loaded.config
    rate = config.optimizer.value("learning_rate")
    draw = np.random.default_rng([config.seed, int(rate * 1e9)]).normal(scale=0.01)
    return float(np.clip(0.9 + draw - (0 if noise_only else 0.1 * np.log10(rate / 0.01) ** 2), 0.01, 0.99))


class Stub:
    """An executor that trains nothing. `stop_after` so many trials it is interrupted, in the middle of the next.

    The goal of trial `without_goal` has no value.
    """

    def __init__(self, noise_only=False, stop_after=None, without_goal=None):
        self.noise_only, self.stop_after, self.trained = noise_only, stop_after, []
        self.without_goal = None if without_goal is None else f"mine-trial{without_goal}"

    def __call__(self, host, count, board):
        while (trial := host.next_trial()) is not None:
            if self.stop_after is not None and len(self.trained) == self.stop_after:
                raise KeyboardInterrupt
            value, status, epoch = made_up(trial, self.noise_only), "completed", 0
            for epoch in range(1, EPOCHS + 1):
                if not host.on_epoch(trial, {"epoch": epoch, "val_accuracy": value * epoch / (epoch + 1)}):
                    status = "pruned"
                    break
            run = create_run_dir(host.out, trial.name)
            value = float("nan") if trial.name == self.without_goal else value
            metrics = {"val_accuracy": value} if status == "completed" else {}
            run.write_result({"status": status, "metrics": metrics, "epochs": epoch, "seconds": 1.0})
            run.write_fact("data", {"rows": {"train": 80, "validation": 20}})
            self.trained.append(trial)
            host.on_end(trial, TrialEnd(run, reused=False))


@pytest.fixture
def stub(monkeypatch):
    def install(**options):
        made = Stub(**options)
        monkeypatch.setitem(executors.EXECUTORS, "inline", made)
        for module in (sweep, confirmation):
            monkeypatch.setattr(module, "choose_executor", lambda trials, jobs: ("inline", 1))
        return made

    return install


def changed(**settings):
    return FILE | {"sweep": FILE["sweep"] | settings}


def run(out, file=FILE, **options):
    return sweep_study(file, out=out, progress="quiet", **options).read()


def test_a_sweep_finds_confirms_and_writes_the_best(stub, tmp_path):
    trained, found = stub(), run(tmp_path)
    assert len(found["trials"]) == 12 and len(trained.trained) == 12 + 3 * 4
    assert {trial.seed for trial in trained.trained[:12]} == {0}
    assert {trial.seed for trial in trained.trained[12:]} == {1, 2, 3, 4}
    assert {trial.loaded.config.data.seed for trial in trained.trained[12:]} == {1, 2, 3, 4}  # fresh rows
    confirm = found["confirm"]
    assert confirm["fresh_rows"] and len(confirm["candidates"]) == 2 and found["best"] == confirm["best"]
    best = load_config(found["config"]).config
    values = next(row["parameters"] for row in found["trials"] if row["number"] == found["best"])
    assert best.optimizer.value("learning_rate") == pytest.approx(values["optimizer.Nadam.learning_rate"])
    assert best.network.layers[1].value("units") == values["network.layers.1.Dense.units"]
    assert best.sweep is None and best.name == "mine-best"
    page = sweep_dir(tmp_path, "mine").html.read_text(encoding="utf-8")
    assert "Is it better than your file?" in page and 'href="../mine-trial0-1/report.html"' in page
    assert "https://" not in page and page.count('data-kind="scatter"') == 3 and 'data-kind="parallel"' in page


def test_a_better_space_is_said_to_be_better(stub, tmp_path):
    stub()
    worse_file = changed(trials=15) | {"optimizer": {"Nadam": {"learning_rate": 1e-4}}}
    assert run(tmp_path, worse_file)["confirm"]["verdict"] == "better"


@pytest.mark.slow
def test_noise_is_no_better_than_the_file(stub, tmp_path):
    stub(noise_only=True)
    verdicts = [
        run(tmp_path / str(seed), changed(trials=20, sampler="random") | {"seed": seed})["confirm"]["verdict"]
        for seed in range(10)
    ]
    assert verdicts.count("no_clear_difference") >= 9


def test_the_same_command_goes_on_and_more_trials_are_added(stub, tmp_path):
    first = stub(stop_after=5)
    with pytest.raises(KeyboardInterrupt):
        run(tmp_path)
    second = stub()
    found = run(tmp_path)
    assert [row["number"] for row in found["trials"]] == list(range(12))
    searched = [trial.name for trial in [*first.trained, *second.trained] if "-trial" in trial.name]
    assert sorted(name for name in searched if "confirm" not in name) == sorted(f"mine-trial{n}" for n in range(12))
    third = stub()
    assert len(run(tmp_path, changed(trials=14))["trials"]) == 14
    assert [trial.name for trial in third.trained][:2] == ["mine-trial12", "mine-trial13"]


def test_another_space_is_another_study(stub, tmp_path):
    stub()
    run(tmp_path)
    with pytest.raises(InputError, match="another file or space"):
        run(tmp_path, changed(parameters={"activation": ["relu", "elu"]}))


def test_pruning_saves_epochs_and_pruned_trials_count(stub, tmp_path):
    stub()
    found = run(tmp_path, changed(trials=30, prune="hyperband", confirm=None))
    statuses = [row["status"] for row in found["trials"]]
    assert len(statuses) == 30 and statuses.count("pruned") > 5 and set(statuses) == {"completed", "pruned"}
    assert sum(row["epochs"] for row in found["trials"]) < 0.6 * 30 * EPOCHS


def test_a_grid_is_every_combination_once(stub, tmp_path):
    stub()
    parameters = {
        "optimizer.Nadam.learning_rate": {"between": [1e-4, 0.1], "log": True, "steps": 4},
        "activation": ["relu", "elu"],
    }
    found = run(tmp_path, changed(parameters=parameters, sampler="grid", confirm=None))
    combinations = {json.dumps(row["parameters"], sort_keys=True) for row in found["trials"]}
    assert len(found["trials"]) == len(combinations) == 8


def test_a_trial_without_a_goal_fails_alone(stub, tmp_path):
    stub(without_goal=1)
    found = run(tmp_path, changed(trials=3, confirm=None))
    assert [row["status"] for row in found["trials"]] == ["completed", "failed", "completed"]
    assert found["trials"][1]["error"] == "val_accuracy has no value." and found["trials"][1]["goal"] is None


def test_processes_that_start_at_once_train_no_trial_more(tmp_path):
    parameters = load_config(changed(parameters={"activation": ["relu", "elu", "selu"]})).space
    storage = search.open_storage(None, tmp_path)

    def opened(trials):
        options = search.SearchOptions("maximize", trials, "grid", None, 9, 0)
        return search.Search("s", parameters, storage=storage, identity="", options=options)

    one, other = opened(2), opened(2)
    one._study.add_trial(optuna.trial.create_trial(state=optuna.trial.TrialState.WAITING))  # both saw no trial
    taken = [one.take(), other.take(), one.take(), other.take()]
    assert taken == [(0, {"activation": "relu"}), (1, {"activation": "elu"}), None, None] and one.unfinished == 2
    assert opened(3).take() == (2, {"activation": "selu"})


def test_a_trial_of_a_dead_process_is_taken_over(stub, tmp_path):
    def opened():
        parameters = load_config(FILE).space
        storage = search.open_storage(None, tmp_path)
        options = search.SearchOptions("maximize", 3, "tpe", None, 9, 0)
        return search.Search("s", parameters, storage=storage, identity="", options=options)

    dead, alive = opened(), opened()
    number, values = dead.take()
    assert [alive.take()[0], alive.take()[0]] == [1, 2] and alive.take() is None
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    frozen = dead._study.get_trials()[number]
    lease = {"time": time.time(), **dead._owner, "pid": process.pid}
    dead._storage.set_trial_user_attr(frozen._trial_id, search.LEASE, lease)
    assert alive.take() == (number, values)
    for each in range(3):
        alive.tell(each, "completed", 0.5, "runs/x", 9)
    assert alive.unfinished == 0 and len(alive.rows()) == 3
    assert optuna.load_study(study_name="s", storage=alive._storage).best_value == 0.5


def test_the_goal_must_be_measured(stub, tmp_path):
    stub()
    with pytest.raises(InputError, match="which the runs do not measure"):
        run(tmp_path, changed(goal="val_loss"))


def test_an_option_must_not_set_what_is_searched(stub, tmp_path, capsys):
    stub()
    file = tmp_path / "mine.yaml"
    file.write_text(json.dumps(changed(parameters={"training.epochs": [1, 2]}, confirm=None)))
    assert exit_codes.run_app(app, ["sweep", str(file), "--epochs", "5", "--out", str(tmp_path)]) == 2
    assert "--epochs sets `training.epochs`, which `sweep.parameters` searches" in capsys.readouterr().err
    assert exit_codes.run_app(app, ["sweep", str(file), "--seed", "5", "--out", str(tmp_path), "--quiet"]) == 0


def test_the_command_prints_what_the_design_says(stub, tmp_path, monkeypatch, capsys):
    stub()
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mine.yaml").write_text(json.dumps(FILE))
    assert exit_codes.run_app(app, ["sweep", "mine.yaml", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert set(found["trials"][0]) >= {"number", "status", "parameters", "goal", "run"}
    assert (
        found["confirm"]["verdict"] in ("better", "no_clear_difference", "worse")
        and found["study"] == "runs/mine-sweep"
    )
    assert exit_codes.run_app(app, ["sweep", "mine.yaml"]) == 0
    said = capsys.readouterr().out
    assert "4 fresh seeds" in said and "Best: runs/mine-sweep/best.yaml" in said
    assert exit_codes.run_app(app, ["sweep", "quickstart"]) == 2
    assert "has no `sweep`" in capsys.readouterr().err


@pytest.mark.slow
def test_a_lock_that_a_killed_process_left_ends_waiting(stub, tmp_path, monkeypatch):
    stub()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(search, "LOCK_SECONDS", 3)
    (tmp_path / "runs" / "mine-sweep").mkdir(parents=True)
    (tmp_path / "runs" / "mine-sweep" / "study.log.lock").touch()
    (tmp_path / "mine.yaml").write_text(json.dumps(FILE))
    assert exit_codes.run_app(app, ["sweep", "mine.yaml", "--quiet"]) == 0


def test_a_study_without_results_has_a_page(tmp_path):
    folder = sweep_dir(tmp_path, "empty")
    folder.write({"name": "empty", "goal": "val_loss", "direction": "minimize", "trials": [], "parameters": {}})
    write_sweep(folder)
    assert "No trial has a result yet." in folder.html.read_text(encoding="utf-8")


@pytest.mark.slow
def test_no_trial_is_lost_or_twice_when_workers_and_sweeps_are_killed(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    file = changed(trials=16, confirm=None, prune="hyperband") | {"training": {"epochs": 6}}
    (tmp_path / "mine.yaml").write_text(json.dumps(file))
    words = [sys.executable, "-m", "kerasdeep", "sweep", "mine.yaml", "--quiet"]
    studies = [subprocess.Popen([*words, "--jobs", "1"]), subprocess.Popen([*words, "--jobs", "2"])]
    killed = 0
    while killed < 3 and any(study.poll() is None for study in studies):
        time.sleep(4.0)
        live = [run for run in list_runs("runs") if run.locked]
        with contextlib.suppress(OSError, IndexError):  # it has ended meanwhile
            os.kill(int((live[0].path / ".lock").read_text()), 9)  # a worker, or the sweep that trains by itself
            killed += 1
    [study.wait() for study in studies]
    assert subprocess.run(words, check=False).returncode == 0
    rows = sweep_dir("runs", "mine").read()["trials"]
    assert [row["number"] for row in rows] == list(range(16))
    assert {row["status"] for row in rows} <= {"completed", "pruned"}
    assert sorted(row["run"] for row in rows) == sorted(f"runs/mine-trial{number}-1" for number in range(16))
