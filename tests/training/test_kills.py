"""SIGKILL at random moments: every killed run, resumed, ends with the bits of one that was never interrupted."""

import importlib.util
import os
import random
import signal
import subprocess
import sys
import time

import keras
import numpy as np
import pytest

from kerasdeep import training
from kerasdeep.config import Overrides, load_config
from kerasdeep.engine import checkpoint
from kerasdeep.runs import RunDir, latest_run

NET = """
version: 1
name: killed
seed: 3
data: {source: table.npz, validation: 60, test: 60, scaling: none}
network: {layers: [Dense: 16, Dense: 12, Output]}
regularization: {batch_norm: before, dropout: 0.3, l2: 1e-3}
training: {epochs: 4, batch_size: 16, checkpoint: 5 steps}
report: {tensorboard: false}
allow: [class-imbalance]
"""
RUNS = {
    "plain": NET,
    "unfreezing": NET
    + "stages: [{name: head, train: head, epochs: 2}, {name: all, epochs: 3, unfreeze: {every: 1}}]\n",
    "streamed": NET.replace("scaling: none", "scaling: none, stream: true"),
    "one_cycle": NET + "optimizer: SGD\nschedule: {one_cycle: {max_rate: 0.5, momentum: [0.95, 0.85]}}\n",
}
COMPILED = {"one_cycle": ["runtime.compile=xla"]}
"""What the rule chooses for long runs, and refuses to short ones like these."""
OFTEN = ["runtime.chunk=3"]
LONGEST_WAIT = 0.06
SECONDS = 900
JAX = pytest.mark.skipif(importlib.util.find_spec("jax") is None, reason="JAX is not installed")


def kills():
    """Forty: five for each kind of run on each backend."""
    for kind in RUNS:
        for backend in ("tensorflow", "jax"):
            for number in range(1, 6):
                marks = [JAX] if backend == "jax" else []
                yield pytest.param(kind, backend, number, marks=marks, id=f"{kind}-{backend}-{number}")


@pytest.fixture(scope="module")
def room(tmp_path_factory):
    folder = tmp_path_factory.mktemp("kills")
    numbers = np.random.default_rng(0)
    x = numbers.normal(size=(504, 6)).astype("float32")
    np.savez(folder / "table.npz", x=x, y=(x[:, 0] + x[:, 1] * x[:, 2] > 0).astype("int32") + (x[:, 3] > 1))
    for kind, text in RUNS.items():
        (folder / f"{kind}.yaml").write_text(text)
    return folder


@pytest.fixture(scope="module")
def uninterrupted(room):
    """The run that nobody kills, trained once for each kind and backend."""
    found = {}

    def get(kind, backend):
        if (kind, backend) not in found:
            found[kind, backend] = to_the_end(room / f"{kind}.yaml", backend, room / f"{kind}-{backend}")
        return found[kind, backend]

    return get


def changes(config, backend):
    return [f"runtime.backend={backend}", *(COMPILED.get(config.stem, []) if backend == "tensorflow" else [])]


def to_the_end(config, backend, out, *, resume=False):
    if backend == "tensorflow":
        begun = latest_run(out, "killed") if resume else None
        return training.train(load_config(config, Overrides(changes(config, backend))), out, begun, progress="quiet")
    with start(config, backend, out, *(["--resume"] if resume else [])) as process:
        try:
            _, said = process.communicate(timeout=SECONDS)
        finally:
            process.kill()
    assert process.returncode == 0, said
    return latest_run(out, "killed")


def start(config, backend, out, *more, sets=()):
    words = [word for change in [*changes(config, backend), *sets] for word in ("--set", change)]
    command = [sys.executable, "-m", "kerasdeep", "train", str(config), "--out", str(out), "--quiet", *words, *more]
    return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)


def killed(config, backend, out, draw, checkpoints):
    """Train in another process and kill it at a moment that `draw` chooses, between its start and its end."""
    while True:
        after, wait = draw.randrange(checkpoints), draw.uniform(0, LONGEST_WAIT)
        run, number = None, len(list(out.glob("killed-*"))) + 1
        path = out / f"killed-{number}"
        awaited = path / "checkpoints" / f"{after:06d}" if after else path / "result.json"
        with start(config, backend, out, sets=OFTEN) as process:
            while process.poll() is None and not awaited.exists():
                time.sleep(0.001)
            time.sleep(wait)
            os.kill(process.pid, signal.SIGKILL)
            process.wait(timeout=SECONDS)
        run = RunDir(path)
        if process.returncode == -signal.SIGKILL:
            return run
        assert run.read_result()["status"] == "completed"  # it was quicker: draw again


@pytest.mark.slow
@pytest.mark.parametrize(("kind", "backend", "number"), list(kills()))
def test_a_killed_run_resumes_to_the_same_bits(kind, backend, number, room, uninterrupted):
    config, out = room / f"{kind}.yaml", room / f"{kind}-{backend}-{number}"
    whole = uninterrupted(kind, backend)
    last = int(sorted(path.name for path in whole.checkpoints.iterdir())[-1])
    run = killed(config, backend, out, random.Random(f"{kind} {backend} {number}"), last)
    assert run.read_result()["status"] == "interrupted"
    assert to_the_end(config, backend, out, resume=True).path == run.path
    assert_same(whole, run)


def assert_same(whole, run):
    # By place: Keras numbers the names of metrics and optimizers through the whole process.
    (_, expected, _), (_, found, _) = (checkpoint.read(one.checkpoints) for one in (whole, run))
    for (name, array), other in zip(expected.items(), found.values(), strict=True):
        np.testing.assert_array_equal(array, other, name)
    assert untimed(whole.history.rows()) == untimed(run.history.rows())
    for one, other in zip(*(keras.saving.load_model(run.model).get_weights() for run in (whole, run)), strict=True):
        np.testing.assert_array_equal(one, other)
    assert whole.read_result()["metrics"] == run.read_result()["metrics"]
    assert whole.read_fact("stages") == run.read_fact("stages")
    assert not list(run.path.rglob(".*")), "what the killed process was writing is left behind"


def untimed(rows):
    return [{key: value for key, value in row.items() if "second" not in key} for row in rows]
