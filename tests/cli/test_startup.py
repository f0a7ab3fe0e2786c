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


def test_importing_the_package_imports_itself_alone():
    """What that costs in time, benchmarks/cli_startup.py prints."""
    code = "import sys; before = {*sys.modules}; import kerasdeep; print(*sorted({*sys.modules} - before))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["kerasdeep"]


def test_every_shipped_file_is_valid():
    files = [str(path) for path in collection.collection_files().values()]
    command = [sys.executable, "-m", "kerasdeep", "validate", "--json", *files]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert json.loads(done.stdout) == {"problems": []}
    assert done.returncode == 0
