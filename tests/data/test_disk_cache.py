"""An entry of the disk cache stays as long as a living process reads it, and is made by one process at a time."""

import subprocess
import sys
import time

import pytest

from kerasdeep.data import disk_cache

READER = """
import sys
from pathlib import Path
from kerasdeep.data import disk_cache
disk_cache.cached("x", Path("data"), sys.argv[1], lambda entry: (entry / "value").touch(), lambda entry: None)
print("open", flush=True)
sys.stdin.read()
"""


@pytest.fixture(autouse=True)
def keras_home(tmp_path, monkeypatch):
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    yield
    for lock in disk_cache._open_locks:
        lock.close()
    disk_cache._open_locks.clear()


@pytest.fixture
def reader():
    """Start a process that keeps the entry of a signature open."""
    processes = []

    def start(signature):
        process = subprocess.Popen(
            [sys.executable, "-c", READER, signature], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        processes.append(process)
        return process

    yield start
    for process in processes:
        process.kill()
        process.communicate()


def read_here(tmp_path, signature, make=lambda entry: None):
    disk_cache.cached("x", tmp_path / "data", signature, make, lambda entry: None)


def entries(tmp_path):
    return {path.name for path in (tmp_path / "kerasdeep").iterdir()}


def test_an_entry_that_another_process_reads_stays_until_that_process_dies(tmp_path, reader):
    other = reader("old")
    assert other.stdout.readline() == "open\n"
    (old,) = entries(tmp_path)
    read_here(tmp_path, "new")
    assert old in entries(tmp_path)
    other.kill()
    other.wait()
    read_here(tmp_path, "newer")
    assert old not in entries(tmp_path)


def test_readers_that_have_ended_leave_no_files(tmp_path, reader):
    for _ in range(2):
        other = reader("same")
        assert other.stdout.readline() == "open\n"
        other.kill()
        other.wait()
    read_here(tmp_path, "same")
    assert len(list(tmp_path.glob("kerasdeep/*/reader-*"))) == 1


def test_two_processes_do_not_make_the_same_entry_at_once(tmp_path, reader):
    def make(entry):
        others.append(reader("same"))
        time.sleep(1)
        assert not (entry / "value").exists()

    others = []
    read_here(tmp_path, "same", make)
    assert others[0].stdout.readline() == "open\n"
    assert not list(tmp_path.glob("kerasdeep/*/value"))  # what the first made serves the second
