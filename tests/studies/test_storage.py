"""A study in a database that several processes share, and one that Optuna's dashboard opens."""

import io
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from kerasdeep.cli import exit_codes
from kerasdeep.cli.app import app
from kerasdeep.runs import list_runs, sweep_dir
from kerasdeep.studies import search

FILE = {
    "name": "mine",
    "data": {"source": "digits", "limit": 200, "validation": 0.2},
    "network": ["Flatten", "Output"],
    "training": {"epochs": 1, "watch": None},
    "report": {"tensorboard": False},
    "sweep": {
        "parameters": {"optimizer.SGD.learning_rate": {"between": [1e-3, 1.0], "log": True}},
        "goal": "val_accuracy",
        "trials": 6,
        "confirm": None,
    },
}


@pytest.fixture
def file(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "mine.yaml"
    path.write_text(json.dumps(FILE))
    return path


@pytest.fixture
def postgresql(tmp_path_factory) -> Iterator[str]:
    """The address of a server of its own, which listens on a socket in a file."""
    pytest.importorskip("psycopg", reason="needs: pip install 'psycopg[binary]'")
    installed = sorted(Path("/usr/lib/postgresql").glob("*/bin"))
    programs = shutil.which("pg_ctl", path=os.pathsep.join([os.environ["PATH"], *map(str, installed)]))
    if programs is None:
        pytest.skip("needs the system's package `postgresql`")
    folder = Path("/tmp") / tmp_path_factory.mktemp("postgresql").name  # sockets have short names
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(mode=0o700)
    as_other = {"user": "nobody", "cwd": "/"} if os.geteuid() == 0 else {}  # the server runs for no root
    if as_other:
        shutil.chown(folder, "nobody")

    def control(*words: str) -> None:
        words = (programs, "-D", str(folder / "data"), "-w", *words)
        subprocess.run(words, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, **as_other)

    control("init", "-o", "--username=kerasdeep --auth=trust --no-sync")
    control("start", "-o", f"-k {folder} -c listen_addresses='' -c fsync=off")
    try:
        yield f"postgresql+psycopg://kerasdeep@/postgres?host={folder}"
    finally:
        control("stop", "-m", "immediate")
        shutil.rmtree(folder, ignore_errors=True)


@pytest.mark.slow
def test_two_processes_share_a_study_in_postgresql(file, postgresql):
    words = [sys.executable, "-m", "kerasdeep", "sweep", file.name, "--quiet", "--jobs", "1", "--storage", postgresql]
    both = [subprocess.Popen(words), subprocess.Popen(words)]
    assert [process.wait() for process in both] == [0, 0]
    rows = sweep_dir("runs", "mine").read()["trials"]
    assert [(row["number"], row["status"]) for row in rows] == [(number, "completed") for number in range(6)]
    assert len(list_runs("runs")) == 6
    trials = search.import_optuna().load_study(study_name="mine-sweep", storage=postgresql).trials
    assert [trial.value for trial in trials] == [row["goal"] for row in rows]


@pytest.mark.slow
def test_optunas_dashboard_opens_the_journal(file):
    dashboard = pytest.importorskip("optuna_dashboard", reason="needs: pip install optuna-dashboard")
    assert exit_codes.run_app(app, ["sweep", file.name, "--quiet"]) == 0
    application, statuses = dashboard.wsgi(search.open_storage(None, Path("runs") / "mine-sweep")), []

    def get(path: str) -> dict:
        request = {"REQUEST_METHOD": "GET", "PATH_INFO": path, "wsgi.input": io.BytesIO()}
        body = b"".join(application(request, lambda status, headers, *_: statuses.append(status)))
        return json.loads(body)

    (study,) = get("/api/studies")["study_summaries"]
    shown = get(f"/api/studies/{study['study_id']}")["trials"]
    assert study["study_name"] == "mine-sweep" and [trial["state"] for trial in shown] == ["Complete"] * 6
    assert all(status.startswith("200") for status in statuses)
