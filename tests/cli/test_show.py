"""`explain`, `schema` and `recipes`: what they print, how they end, and what they do not import."""

import json
import os
import subprocess
import sys

import pytest

from kerasdeep.cli import exit_codes, options
from kerasdeep.cli.app import app

HEAVY = ("keras", "tensorflow", "jax", "numpy", "pandas", "sklearn", "pyarrow")


@pytest.fixture
def command(capsys):
    def command(*arguments):
        code = exit_codes.run_app(app, arguments)
        said = capsys.readouterr()
        return code, said.out, said.err

    return command


@pytest.mark.parametrize(
    "arguments",
    [["--help"], ["explain", "AdamW"], ["explain"], ["schema"], ["recipes", "list"], ["recipes", "show", "quickstart"]],
    ids=" ".join,
)
def test_they_start_without_heavy_libraries(arguments):
    code = f"""
import io, sys
from kerasdeep.cli import exit_codes
from kerasdeep.cli.app import app
sys.stdout = io.StringIO()
code = exit_codes.run_app(app, {arguments!r})
print(code, [name for name in {HEAVY!r} if name in sys.modules], file=sys.__stdout__)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "0 []"


def test_explain_prints_plain_text_where_there_is_no_terminal(command):
    code, out, err = command("explain", "AdamW")
    assert (code, err) == (0, "")
    assert "\x1b" not in out
    for told in ("weight_decay", "default 0.004", "arXiv:1711.05101", "optimizer: {AdamW:"):
        assert told in out
    assert all(line == line.rstrip() for line in out.splitlines())


def test_explain_ends_with_2_and_a_suggestion_on_a_miss(command):
    code, out, err = command("explain", "AdmW")
    assert (code, out) == (2, "")
    assert "Did you mean AdamW?" in err
    code, out, _ = command("explain", "AdmW", "--json")
    assert code == 2
    assert json.loads(out)["problems"][0]["suggestion"] == "AdamW"


def test_explain_as_json(command):
    code, out, _ = command("explain", "training.epochs", "--json")
    (topic,) = json.loads(out)["topics"]
    assert code == 0
    assert topic["name"] == "training.epochs"
    assert ["default", "20"] in topic["facts"]


def test_schema_goes_to_the_screen_or_to_a_file(command, tmp_path):
    code, out, _ = command("schema")
    assert code == 0
    file = tmp_path / "schema.json"
    code, said, _ = command("schema", "-o", str(file))
    assert (code, said.strip()) == (0, str(file))
    assert file.read_text() == out
    assert json.loads(out)["$schema"].endswith("2020-12/schema")


def test_recipes_list_show_and_copy(command, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    code, out, _ = command("recipes", "list", "digits")
    assert code == 0
    assert "quickstart" in out
    code, out, _ = command("recipes", "list", "--json")
    assert "quickstart" in [one["name"] for one in json.loads(out)["recipes"]]
    code, shown, _ = command("recipes", "show", "quickstart")
    code, out, _ = command("recipes", "copy", "quickstart")
    assert (code, out.strip()) == (0, "quickstart.yaml")
    assert (tmp_path / "quickstart.yaml").read_text() == shown
    code, _, err = command("recipes", "copy", "quickstart")
    assert code == 2
    assert "exists already" in err
    code, _, _ = command("recipes", "copy", "quickstart", "--force")
    assert code == 0
    code, _, err = command("recipes", "show", "quickstrt")
    assert code == 2
    assert "Did you mean quickstart?" in err


def test_quiet_does_not_silence_json():
    modes = [options.result_mode(quiet, json) for quiet in (False, True) for json in (False, True)]
    assert modes == ["auto", "json", "quiet", "json"] and options.progress_mode(True, True) == "quiet"


def test_a_pipe_is_not_written_to(command, tmp_path):
    os.mkfifo(tmp_path / "x")
    assert command("schema", "-o", str(tmp_path / "x"))[0] == 2
