"""Closed and full streams, ASCII screens, no home, no temporary folder, lost folders: done, or refused in words.

Each attempt is a process of a verb that loads no Keras; `slow` tries every verb in every surroundings.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from kerasdeep import paths
from kerasdeep.backends import runtime
from kerasdeep.cli import exit_codes, streams
from kerasdeep.cli.app import app
from kerasdeep.errors import InputError, RunFailed

LONG = "x" * 300
VERBS = {
    "explain": ["explain", "OneCycle"],
    "recipes": ["recipes", "list", "quick"],
    "validate": ["validate", "quickstart"],
    "runs": ["runs", "--json"],
    "a mistake": ["explain", "Nadamm"],
}
ON_LINUX = pytest.mark.skipif(sys.platform != "linux", reason="of Linux")


def surrounded(redirections, *arguments, folder=None, environment=None):
    """Exit code, output and errors of a process whose streams the shell redirects."""
    line = f'exec "$0" -m kerasdeep "$@" {redirections}'
    command = ["sh", "-c", line, sys.executable, *arguments]
    found = {**os.environ, "PYTHONPATH": str(Path(paths.__file__).parents[1]), **(environment or {})}
    done = subprocess.run(command, capture_output=True, cwd=folder, env=found, timeout=60, check=False)
    return done.returncode, done.stdout.decode("utf-8", "replace"), done.stderr.decode("utf-8", "replace")


SURROUNDINGS = {
    "closed stdout": (">&-", {}),
    "closed stderr": ("2>&-", {}),
    "closed streams": ("<&- >&- 2>&-", {}),
    "a full disk": (">/dev/full", {}),
    "a full disk for errors": ("2>/dev/full", {}),
    "an ASCII screen": ("", {"PYTHONIOENCODING": "ascii"}),
    "a screen of Windows": ("", {"PYTHONIOENCODING": "cp1252"}),
    "LANG=C": ("", {"LC_ALL": "C", "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0"}),
    "no home": ("", {"HOME": "/nonexistent", "KERAS_HOME": "/nonexistent/keras"}),
    "no temporary folder": ("", {"TMPDIR": "/nonexistent"}),
}
QUICK = {("closed streams", "explain"), ("a full disk", "recipes"), ("a full disk", "a mistake"), ("LANG=C", "explain")}


ATTEMPTS = [
    pytest.param(name, verb, marks=() if (name, verb) in QUICK else pytest.mark.slow)
    for name in SURROUNDINGS
    for verb in VERBS
]


@ON_LINUX
@pytest.mark.parametrize(("name", "verb"), ATTEMPTS)
def test_a_command_ends_as_it_should(name, verb, tmp_path):
    redirections, environment = SURROUNDINGS[name]
    code, out, errors = surrounded(redirections, *VERBS[verb], folder=tmp_path, environment=environment)
    expected = 2 if verb == "a mistake" else 1 if name == "a full disk" else 0
    assert code == expected, errors
    assert "Traceback" not in errors and "Exception ignored" not in errors
    if name in ("an ASCII screen", "LANG=C"):
        assert out.isascii() and errors.isascii()
    if name == "a full disk" and expected == 1:
        assert "standard output could not be written: No space left on device" in errors


@ON_LINUX
def test_a_reader_that_leaves_early_is_no_failure(tmp_path):
    code, _, errors = surrounded("| head -c 10; exit 0", "recipes", "list", folder=tmp_path)
    assert code == 0 and errors == ""


@pytest.fixture
def called(monkeypatch, capsys):
    def call(*arguments):
        code = exit_codes.run_app(app, list(arguments))
        return code, *capsys.readouterr()

    return call


VERBS_WITH_PATHS = [
    ("train", "{}"),
    ("finetune", "--from", "{}", "--data", "x.csv"),
    ("evaluate", "{}"),
    ("predict", "{}", "x.csv"),
    ("lr-find", "{}"),
    ("diagnose", "{}"),
    ("compare", "{}"),
    ("compare", "{}", "{}"),
    ("plan", "{}"),
    ("validate", "{}"),
    ("report", "{}"),
    ("runs", "--out", "{}"),
    ("export", "{}", "--format", "keras"),
    ("init", "{}"),
    ("init", "quickstart", "-o", "{}"),
    ("schema", "-o", "{}"),
    ("recipes", "copy", "quickstart", "{}"),
]


PATHS = [LONG, f"{LONG}/x", "a/" * 3000, "file/x.yaml", "circle/x", "~nobody/x", "\udcff", "\0"]


def is_refused(verb, path):
    """A name of any bytes can be written, and that a folder has no runs is no mistake."""
    return not (verb in ("schema", "recipes") and path == "\udcff") and not (verb == "runs" and 1 < len(path) < 20)


@pytest.mark.parametrize(
    ("verb", "path"),
    [(verb, path) for verb in VERBS_WITH_PATHS for path in PATHS if is_refused(verb[0], path)],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else ascii(value[:20]),
)
def test_a_path_that_the_system_refuses_is_a_mistake_in_the_argument(called, tmp_path, monkeypatch, verb, path):
    monkeypatch.chdir(tmp_path)
    Path("file").write_text("x")
    Path("circle").symlink_to("circle")
    arguments = [path if word == "{}" else word for word in verb]
    code, out, errors = called(*arguments)
    assert code == 2 and out == "" and "Traceback" not in errors


def test_a_path_in_a_file_is_named_where_it_stands(called, tmp_path):
    file = tmp_path / "x.yaml"
    file.write_text(f"data: {{source: {LONG}.csv, target: y}}\nnetwork: [Dense: 3, Output]\n")
    code, _, errors = called("validate", str(file))
    assert code == 2 and f"{file}:1:16: " in errors and "does not exist" in errors


def test_a_folder_that_is_gone_is_named(called, tmp_path, monkeypatch):
    (tmp_path / "gone").mkdir()
    monkeypatch.chdir(tmp_path / "gone")
    (tmp_path / "gone").rmdir()
    code, _, errors = called("validate", str(Path(paths.__file__).parents[1] / "recipes"))
    assert code == 2 and errors
    assert "working folder does not exist" in str(paths.explain_os_error(FileNotFoundError(2, "No such file")))
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize("error", [OSError(28, "No space left", "f"), OSError(24, "Too many open files")])
def test_what_the_machine_lacks_is_a_failure(error):
    assert isinstance(paths.explain_os_error(error), RunFailed)


@pytest.mark.parametrize(("code", "kind"), [(28, RunFailed), (27, RunFailed), (13, InputError), (30, InputError)])
def test_a_file_that_cannot_be_written(code, kind):
    error = paths.explain_write_error(OSError(code, os.strerror(code)), Path("p.csv"))
    assert isinstance(error, kind) and "p.csv: " in str(error)


@pytest.mark.parametrize(
    ("text", "code"), [("m.pb; No space left on device", 1), ("m.pb; Permission denied", 2), ("", 3)]
)
def test_tensorflow_s_words_for_the_system_s_errors(text, code, capsys, monkeypatch, tmp_path):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    of_tensorflow = type("OutOfRangeError", (Exception,), {"__module__": "tensorflow.python.framework.errors_impl"})

    def fail(*arguments, **more):
        raise of_tensorflow(text)

    assert exit_codes.run_app(fail, []) == code


def test_too_little_memory_is_a_failure_of_the_machine(capsys):
    def fail(*arguments, **more):
        raise MemoryError

    assert exit_codes.run_app(fail, []) == 1 and "not enough memory" in capsys.readouterr().err


def test_an_error_without_a_path_that_is_none_of_these_stays_a_bug():
    assert paths.explain_os_error(OSError("what?")) is None
    assert isinstance(paths.explain_os_error(PermissionError(13, "Permission denied", b"\xff")), InputError)


class BrokenText(Exception):
    def __str__(self):
        raise RuntimeError


@pytest.mark.parametrize("error", [ValueError("größe \udcff"), BrokenText()])
@pytest.mark.parametrize("writable", [True, False])
def test_the_handler_of_bugs_does_not_fail(monkeypatch, capsys, tmp_path, error, writable):
    monkeypatch.setattr(sys, "argv", ["kerasdeep", "\udcff"])
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path if writable else tmp_path / "none"))

    def fail(*arguments, **more):
        raise error

    assert exit_codes.run_app(fail, ["--json"]) == 3
    assert json.loads(capsys.readouterr().out)["status"] == "failed"
    assert len(list(tmp_path.iterdir())) == writable


@pytest.mark.parametrize(("text", "plain"), [("3 × 4 … ≥ 2² ✓ é", "3 x 4 ... >= 22 + e"), ("⡠ 层|", "* \\u5c42|")])
def test_an_ascii_screen_shows_plain_characters(text, plain):
    assert "".join(c if c.isascii() else streams._plain(c) for c in text) == plain


def test_a_keras_json_that_is_a_pipe_is_not_opened(tmp_path, monkeypatch):
    os.mkfifo(tmp_path / "keras.json")
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    with pytest.raises(InputError, match="not a regular file"):
        runtime._import_keras()


@pytest.mark.slow
@pytest.mark.parametrize("text", ["[1, 2]", '{"floatx": 3}', "[" * 100_000])
def test_a_broken_keras_json_is_named(tmp_path, text):
    """In a process of its own, since Keras reads it once."""
    file = tmp_path / "keras.json"
    file.write_text(text)
    code = "from kerasdeep.backends import runtime\ntry: runtime._import_keras()\nexcept Exception as e: print(e)"
    environment = {**os.environ, "KERAS_HOME": str(tmp_path), "KERAS_BACKEND": "jax"}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, env=environment)
    assert str(file) in done.stdout and "correct or delete it" in done.stdout
