"""`doctor` tells what is there, what is missing with a way to get it, and survives a broken backend."""

import json
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from kerasdeep import doctor
from kerasdeep.backends import BACKENDS
from kerasdeep.cli import exit_codes
from kerasdeep.cli.app import app

ROOT = Path(__file__).parents[1]


@pytest.fixture
def answers(monkeypatch):
    """Backends answer at once, as told."""

    def answers(**backends):
        told = {name: {"version": "1.0", "devices": ["CPU"], "error": None} for name in BACKENDS}
        monkeypatch.setattr(doctor, "_probe_backend", lambda name: {**told, **backends}[name])

    return answers


def absent():
    return {"version": None, "devices": [], "error": "not installed"}


def test_packages_are_those_that_the_project_requires(monkeypatch):
    declared = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    extras = [f"{text}; extra == 'x'" for texts in declared["optional-dependencies"].values() for text in texts]
    monkeypatch.setattr(doctor.importlib.metadata, "requires", lambda name: [*declared["dependencies"], *extras])
    found = doctor.required_packages()
    assert {f"{name}{versions}" for name, versions in found.items()} | {"tensorflow>=2.21,<2.22"} == set(
        declared["dependencies"]
    )
    assert BACKENDS["tensorflow"].INSTALL_COMMAND == "pip install 'tensorflow>=2.21,<2.22'"
    assert {"jax", "gpu"} <= set(declared["optional-dependencies"])  # whose names the other commands say


def test_a_checkout_that_is_not_installed_is_no_error(monkeypatch):
    def requires(name):
        raise doctor.importlib.metadata.PackageNotFoundError(name)

    monkeypatch.setattr(doctor.importlib.metadata, "requires", requires)
    assert doctor.required_packages() == {}


def test_a_sound_machine_is_ready(answers):
    answers()
    found = doctor.inspect_machine()
    assert found["ready"]
    assert found["cores"] >= 1
    assert found["packages"]["keras"]
    assert found["missing"] == []


def test_a_missing_backend_is_told_with_its_command(answers):
    answers(jax=absent())
    (item,) = doctor.inspect_machine()["missing"]
    assert item["name"] == "jax"
    assert item["install"].startswith("pip install")


def test_a_missing_or_old_package_is_told(answers, monkeypatch):
    answers()
    monkeypatch.setattr(doctor, "installed_version", lambda name: {"numpy": None, "rich": "13.9"}.get(name, "99.0"))
    missing = {one["name"]: one for one in doctor.inspect_machine()["missing"]}
    assert set(missing) == {"numpy", "rich"}
    assert "13.9 is installed" in missing["rich"]["why"]
    assert missing["numpy"]["install"] == "pip install 'numpy>=2.0'"


def test_without_any_backend_it_is_not_ready(answers):
    answers(jax=absent(), tensorflow=absent())
    assert not doctor.inspect_machine()["ready"]


def test_an_idle_graphics_card_is_told(answers, monkeypatch):
    answers()
    monkeypatch.setattr(doctor, "_gpu_name", lambda: "NVIDIA X")
    assert "NVIDIA X is not used" in [one["why"] for one in doctor.inspect_machine()["missing"]]


def test_a_backend_that_dies_on_import_is_told_why(monkeypatch):
    monkeypatch.setattr(doctor, "installed_version", lambda name: "9.9")
    monkeypatch.setattr(doctor, "_LIST_DEVICES_CODE", "raise ImportError('libcudnn is gone')")
    assert doctor._probe_backend("jax") == {"version": "9.9", "devices": [], "error": "ImportError: libcudnn is gone"}
    monkeypatch.setattr(doctor, "_LIST_DEVICES_CODE", "import os; os._exit(7)")
    assert doctor._probe_backend("jax")["error"] == "its process ended with 7"
    monkeypatch.setattr(doctor, "_LIST_DEVICES_CODE", "import time; time.sleep(9)")
    monkeypatch.setattr(doctor, "BACKEND_TIMEOUT_SECONDS", 0.2)
    assert "did not answer" in doctor._probe_backend("jax")["error"]


def test_the_verb_tells_it_to_people_and_programs(answers, capsys, monkeypatch, tmp_path):
    answers(jax=absent())
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    (tmp_path / "datasets").mkdir()
    (tmp_path / "datasets" / "mnist.npz").touch()
    assert exit_codes.run_app(app, ["doctor"]) == 0
    out = capsys.readouterr().out
    assert "pip install 'kerasdeep[jax]'" in out
    assert "mnist.npz" in out
    assert "Ready" in out
    assert exit_codes.run_app(app, ["doctor", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["folders"]["keras"]["path"] == str(tmp_path)


@pytest.mark.slow
def test_the_real_backend_answers_and_this_process_imports_none():
    code = (
        "import sys, json; from kerasdeep.doctor import _probe_backend;"
        "print(json.dumps(_probe_backend('tensorflow')));"
        "print([name for name in ('tensorflow', 'keras', 'numpy', 'pandas') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    answer, heavy = done.stdout.splitlines()
    assert json.loads(answer)["devices"] or json.loads(answer)["version"] is None
    assert heavy == "[]"
