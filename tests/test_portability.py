"""What only Linux has is missing here, as on Windows and macOS: every module imports, and a run is trained."""

import json
import subprocess
import sys

import numpy as np
import pytest

BLOCKED = """
import builtins, ctypes, os, pathlib, sys

for name in [name for name in dir(os) if name.startswith("sched_")]:
    delattr(os, name)
for name in ("sysconf", "sysconf_names", "sync"):
    delattr(os, name)


class Blocker:
    def find_spec(self, name, path=None, target=None):
        caller = sys._getframe(1)
        if name in ("fcntl", "resource", "pwd", "grp", "termios"):
            while caller.f_code.co_filename.startswith("<frozen"):
                caller = caller.f_back
            if "/kerasdeep/" in caller.f_code.co_filename:
                raise ModuleNotFoundError(name)


sys.meta_path.insert(0, Blocker())
for name in ("fcntl", "resource", "pwd", "grp", "termios"):
    sys.modules.pop(name, None)
open_file, read_text, library = os.open, pathlib.Path.read_text, ctypes.CDLL


def open_no_folder(path, *arguments, **options):
    if os.path.isdir(path):
        raise PermissionError(13, "Permission denied", str(path))
    return open_file(path, *arguments, **options)


def read_no_system_file(self, *arguments, **options):
    if str(self).startswith(("/proc/", "/sys/")):
        raise FileNotFoundError(str(self))
    return read_text(self, *arguments, **options)


class Library(library):
    def __init__(self, name, *arguments, **options):
        if name is None:
            raise TypeError("argument should be a path")
        super().__init__(name, *arguments, **options)


os.open, pathlib.Path.read_text, ctypes.CDLL = open_no_folder, read_no_system_file, Library
"""
IMPORT_ALL = """
import importlib, pathlib, pkgutil
import kerasdeep
for module in pkgutil.walk_packages(kerasdeep.__path__, "kerasdeep."):
    if "__main__" not in module.name:
        importlib.import_module(module.name)
"""
COMMANDS = """
from kerasdeep.cli.app import app
from kerasdeep.cli.exit_codes import run_app
for line in (["validate", "net.yaml"], ["train", "net.yaml", "--quiet"], ["runs"]):
    assert run_app(app, line) == 0, line
"""
CONFIG = """
version: 1
name: portable
data: {source: table.npz, validation: 20, test: 20}
network: {layers: [Dense: 4, Output]}
optimizer: SGD
training: {epochs: 1}
"""


@pytest.mark.slow
def test_nothing_needs_what_only_linux_has(tmp_path):
    random = np.random.default_rng(0)
    np.savez(tmp_path / "table.npz", x=random.normal(size=(100, 3)), y=random.integers(0, 2, 100))
    (tmp_path / "net.yaml").write_text(CONFIG)
    code = BLOCKED + COMMANDS + IMPORT_ALL
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    result = json.loads((tmp_path / "runs" / "portable-1" / "result.json").read_text())
    assert result["status"] == "completed"
