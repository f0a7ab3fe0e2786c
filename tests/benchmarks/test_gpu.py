"""`python -m benchmarks.gpu`, its smallest section on the CPU: it measures, keeps what it measured, and resumes."""

import importlib.util
import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
JAX = pytest.mark.skipif(importlib.util.find_spec("jax") is None, reason="JAX is not installed")


def run(out):
    options = ["--section", "seeds", "--quick", "--device", "cpu", "--rows", "64", "--out", str(out)]
    command = [sys.executable, "-m", "benchmarks.gpu", *options]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout


@JAX
@pytest.mark.slow
def test_a_section_is_measured_once(tmp_path):
    first = run(tmp_path)
    kept = json.loads((tmp_path / "seeds.json").read_text())
    assert [row["case"] for row in kept["rows"]] == ["one seed", "eight seeds", "eight seeds"]
    assert kept["finished"] == ["by-hand"]
    assert "seeds, by-hand …" in first
    second = run(tmp_path)
    assert "…" not in second
    assert second.strip() == first[first.index("| section, case |") :].strip()
