"""What `--help`, `validate` and the package import; benchmarks/cli_startup.py prints what they cost."""

from __future__ import annotations

import importlib.util
import json
import subprocess
import sys
from pathlib import Path

import pytest

from kerasdeep import collection

SCRIPT = Path(__file__).resolve().parents[2] / "benchmarks" / "cli_startup.py"


@pytest.fixture(scope="module")
def startup():
    found = importlib.util.spec_from_file_location("cli_startup", SCRIPT)
    module = importlib.util.module_from_spec(found)
    sys.modules["cli_startup"] = module
    found.loader.exec_module(module)
    yield module
    del sys.modules["cli_startup"]


@pytest.mark.parametrize("arguments", [("--help",), ("validate", *map(str, collection.collection_files().values()))])
def test_nothing_heavy_is_imported(startup, arguments):
    assert startup.forbidden_imports(*arguments) == []


def test_importing_the_package_costs_what_its_standard_modules_cost(startup):
    """CPU time of the least of many processes, which other jobs on the machine cannot lower."""
    bare = startup.measure_cost("-c", "import typing", runs=15)
    package = startup.measure_cost("-c", "import kerasdeep", runs=15)
    assert package.seconds <= 1.2 * bare.seconds
    heavy = "import kerasdeep, sys; sys.exit(any(name in sys.modules for name in ('keras', 'numpy', 'pandas', 'yaml')))"
    assert subprocess.run([sys.executable, "-c", heavy], check=False).returncode == 0


def test_every_shipped_file_is_valid():
    files = [str(path) for path in collection.collection_files().values()]
    command = [sys.executable, "-m", "kerasdeep", "validate", "--json", *files]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert json.loads(done.stdout) == {"problems": []}
    assert done.returncode == 0
