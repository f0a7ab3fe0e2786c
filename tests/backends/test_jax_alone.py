"""Where only JAX is installed: every verb of a run's life works, in a process that cannot import TensorFlow."""

import importlib.util
import json
import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import numpy as np
import pytest

from kerasdeep.backends import runtime
from kerasdeep.config.sections.runtime import RuntimeConfig
from kerasdeep.errors import InputError

ROOT = Path(__file__).resolve().parents[2]
needs_jax = pytest.mark.skipif(importlib.util.find_spec("jax") is None, reason="JAX is not installed")

BLOCK = """
import sys

class Blocker:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in ("tensorflow", "tensorboard"):
            raise ModuleNotFoundError(name)

sys.meta_path.insert(0, Blocker())
"""
COMMANDS = """
import json, sys
from kerasdeep.cli.exit_codes import run_app
from kerasdeep.cli.app import app
for line in json.loads(sys.argv[1]):
    code = run_app(app, line)
    assert code == 0, (line, code)
print(json.dumps(sorted({"tensorflow", "tensorboard"} & set(sys.modules))))
"""
CORE = [
    "engine/test_checkpoint.py",
    "training/test_callbacks.py",
    "training/test_run.py::test_a_changed_configuration_or_data_is_no_resume",
    "training/test_run.py::test_early_stopping_puts_the_best_epoch_into_the_model",
    "training/test_pretraining.py::test_reconstructions_are_a_fact_of_the_run",
    "training/test_pretraining.py::test_rotations_turn_the_pictures",
    "training/test_cached_features.py::test_cached_and_not_cached_learn_the_same",
]
ASK = """
import json
from kerasdeep.backends.runtime import list_devices
print(json.dumps([name.split()[0] for name in list_devices("jax")]))
"""
NET = """
version: 1
name: small
data: {source: table.npz, validation: 60, test: 60, scaling: none}
network: {layers: [Dense: 16, Output]}
regularization: {dropout: 0.3}
training: {epochs: 2, batch_size: 16}
runtime: {backend: jax}
"""


@pytest.fixture
def folder(tmp_path):
    random = np.random.default_rng(0)
    x = random.normal(size=(480, 6)).astype("float32")
    np.savez(tmp_path / "table.npz", x=x, y=(x[:, 0] + x[:, 1] > 0).astype("int32"))
    np.savez(tmp_path / "new.npz", x=x[:5])
    (tmp_path / "small.yaml").write_text(NET)
    return tmp_path


def commands(folder, *lines, before=BLOCK):
    """Run these commands one after the other in one process; its outputs, the foreign modules it imported last."""
    command = [sys.executable, "-c", before + COMMANDS, json.dumps(lines)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=folder)
    assert done.returncode == 0, done.stderr[-3000:]
    *said, foreign = done.stdout.splitlines()
    return said, json.loads(foreign), done.stderr


@pytest.mark.slow
@needs_jax
def test_a_run_lives_its_whole_life_without_tensorflow(folder):
    said, _, errors = commands(
        folder,
        ["plan", "small.yaml", "--json"],
        ["train", "small.yaml", "--json"],
        ["evaluate", "runs/small-1", "--json"],
        ["predict", "runs/small-1", "new.npz", "--mc", "10", "-o", "answers.csv"],
        ["diagnose", "small.yaml", "--json"],
        ["report", "runs/small-1", "--quiet"],
        ["train", "runs/small-1", "--resume", "--epochs", "3", "--json"],
    )
    planned, trained, measured, diagnosed, longer = (json.loads(line) for line in said if line.startswith("{"))
    assert planned["backend"] == "jax" and trained["epochs"] == 2 and longer["epochs"] == 3
    assert measured["metrics"]["test_accuracy"] == pytest.approx(trained["metrics"]["test_accuracy"])
    assert diagnosed["layers"] and len((folder / "answers.csv").read_text().splitlines()) == 6
    assert "TensorBoard is not installed, so no logs are written" in errors
    assert not (folder / "runs" / "small-1" / "logs").exists()


@needs_jax
@pytest.mark.slow
def test_the_suite_s_core_passes_on_jax():
    tests = Path(__file__).resolve().parents[1]
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST")}
    paths = os.pathsep.join([str(tests), str(ROOT), os.environ.get("PYTHONPATH", "")])
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-n",
        "0",
        "-p",
        "helpers.on_jax",
        *(str(tests / one) for one in CORE),
    ]
    environment = kept | {"KERAS_BACKEND": "jax", "PYTHONPATH": paths}
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT, env=environment)
    assert done.returncode == 0, done.stdout[-3000:]
    assert int(re.search(r"(\d+) passed", done.stdout)[1]) > 30


WATCH = """
import sys, traceback
from importlib.util import find_spec

class Watcher:
    def find_spec(self, name, path=None, target=None):
        if name == "tensorflow":
            frames = [frame.filename for frame in traceback.extract_stack()[:-1]]
            print(next(frame for frame in reversed(frames) if "importlib" not in frame), file=sys.stderr)

sys.meta_path.insert(0, Watcher())
"""


@pytest.mark.slow
@needs_jax
def test_nothing_of_ours_imports_tensorflow_where_it_is_installed(folder):
    if importlib.util.find_spec("tensorflow") is None:
        pytest.skip("TensorFlow is not installed")
    _, _, said = commands(folder, ["train", "small.yaml", "--quiet"], before=WATCH)
    # Keras does, to save a model; what TensorFlow prints then is kept off the screen.
    assert [Path(line).parts[-3:-1] for line in said.splitlines()] in ([("src", "utils")], [])
    assert list((folder / "runs" / "small-1" / "logs").rglob("events*"))


@needs_jax
def test_a_device_that_is_not_there_is_refused(folder):
    code = BLOCK + COMMANDS.replace("assert code == 0, (line, code)", "print(code)")
    devices = ("gpu", "tpu")
    command = [sys.executable, "-c", code, json.dumps([["train", "small.yaml", "--device", one] for one in devices])]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=folder)
    codes = re.findall(r"^\d+$", done.stdout, re.MULTILINE)
    for device, ended in zip(devices, codes, strict=True):
        if ended == "2":
            assert f"JAX sees no {device.upper()}. Use `device: auto`" in done.stderr
        else:  # this machine has one
            asked = subprocess.run([sys.executable, "-c", ASK], capture_output=True, text=True, check=True)
            assert device.upper() in json.loads(asked.stdout)


def test_a_missing_backend_is_said_with_the_one_that_is_there(monkeypatch):
    monkeypatch.delitem(sys.modules, "keras", raising=False)
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == "tensorflow" else name)
    with pytest.raises(InputError, match=r"tensorflow is not installed.*the one that is here: --backend jax"):
        runtime.prepare(RuntimeConfig(backend="tensorflow"), 0)


def test_the_requirements_for_jax_alone_are_those_of_the_project_without_tensorflow():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    written = [line for line in (ROOT / "requirements-jax.txt").read_text().splitlines() if not line.startswith("#")]
    without = [line for line in project["dependencies"] if not re.match("tensor(flow|board)", line)]
    assert written == [*project["optional-dependencies"]["jax"], *without]
