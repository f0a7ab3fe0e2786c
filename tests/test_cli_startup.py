"""What `validate` costs and imports; benchmarks/cli_startup.py prints the whole table."""

from __future__ import annotations

import importlib.util
import json
import subprocess
import sys
from pathlib import Path

import pytest

from kerasdeep import shipped

SCRIPT = Path(__file__).parent.parent / "benchmarks" / "cli_startup.py"


@pytest.fixture(scope="module")
def startup():
    found = importlib.util.spec_from_file_location("cli_startup", SCRIPT)
    module = importlib.util.module_from_spec(found)
    sys.modules["cli_startup"] = module
    found.loader.exec_module(module)
    yield module
    del sys.modules["cli_startup"]


def test_validate_costs_little_more_than_help(startup):
    file = str(shipped.all_files()["reference"])
    startup.cost("-m", "kerasdeep", "validate", file, runs=1)
    for _ in range(3):
        base = startup.cost("-m", "kerasdeep", "--help", runs=3)
        full = startup.cost("-m", "kerasdeep", "validate", file, runs=3)
        if full.seconds <= startup.MOST_TIMES * base.seconds:
            break
    assert full.seconds <= startup.MOST_TIMES * base.seconds
    assert full.megabytes <= startup.MOST_MEGABYTES


@pytest.mark.parametrize("arguments", [("--help",), ("validate", *map(str, shipped.all_files().values()))])
def test_nothing_heavy_is_imported(startup, arguments):
    assert startup.imported(*arguments) == []


def test_every_shipped_file_is_valid():
    files = [str(path) for path in shipped.all_files().values()]
    command = [sys.executable, "-m", "kerasdeep", "validate", "--json", *files]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert json.loads(done.stdout) == {"problems": []}
    assert done.returncode == 0
