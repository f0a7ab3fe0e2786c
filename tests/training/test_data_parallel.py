"""Batches split over devices and processes: the run of a single one to float tolerance, written by one process."""

import importlib.util
import os
import socket
import subprocess
import sys

import numpy as np
import pytest

from kerasdeep.config import Overrides, load_config
from kerasdeep.errors import InputError
from kerasdeep.runs import RunDir, latest_run

pytestmark = pytest.mark.skipif(importlib.util.find_spec("jax") is None, reason="JAX is not installed")

# 360 training rows: 22 batches of 16 and a remainder of 8, evaluated in one batch of 60.
NET = """
version: 1
name: shared
seed: 3
data: {source: table.npz, validation: 60, test: 60, scaling: none}
network: {layers: [Dense: 16, Output]}
regularization: {batch_norm: before, dropout: 0.3, l2: 1e-3}
training: {epochs: 3, batch_size: 16}
runtime: {backend: jax}
report: {tensorboard: false}
allow: [class-imbalance]
"""
SPLIT = ("--set", "runtime.distribution=data_parallel")
SECONDS = 600


@pytest.fixture
def config(tmp_path):
    random = np.random.default_rng(0)
    x = random.normal(size=(480, 6)).astype("float32")
    np.savez(tmp_path / "table.npz", x=x, y=(x[:, 0] + x[:, 1] * x[:, 2] > 0).astype("int32") + (x[:, 3] > 1))
    path = tmp_path / "shared.yaml"
    path.write_text(NET)
    return path


def start(config, out, *more, **variables):
    command = [sys.executable, "-m", "kerasdeep", "train", str(config), "--out", str(config.parent / out), *more]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    return subprocess.Popen(command, env=os.environ | variables, **pipes)


def ended(*processes, code=0):
    """What the processes printed, once all of them have ended with `code`."""
    try:
        said = [process.communicate(timeout=SECONDS) for process in processes]
    finally:
        for process in processes:
            process.kill()
    for process, (_, errors) in zip(processes, said, strict=True):
        assert process.returncode == code, errors[-3000:]
    return said


def assert_close(one, other):
    pairs = zip(one.history.rows(), other.history.rows(), strict=True)
    for expected, found in pairs:
        for name in ("loss", "accuracy", "val_loss", "val_accuracy"):
            assert found[name] == pytest.approx(expected[name], rel=1e-4), (expected["epoch"], name)
    metrics, others = one.read_result()["metrics"], other.read_result()["metrics"]
    assert {name: pytest.approx(value, rel=1e-3) for name, value in metrics.items()} == others


@pytest.mark.slow
def test_two_devices_give_the_run_of_one(config):
    # One after the other: both at once would share the cores, and XLA compiles slowly enough.
    ended(start(config, "one", "--quiet"))
    ended(start(config, "two", "--quiet", *SPLIT, JAX_NUM_CPU_DEVICES="2"))
    one, two = (latest_run(config.parent / out, "shared") for out in ("one", "two"))
    assert two.read_fact("engine")["devices"] == 2 and one.read_fact("engine")["devices"] == 1
    assert_close(one, two)


@pytest.mark.slow
def test_two_processes_give_the_run_of_one_the_first_writes_and_a_signal_to_any_stops_both(config):
    def both(*more, **arguments):
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            address = f"127.0.0.1:{free.getsockname()[1]}"
        common = {"JAX_COORDINATOR_ADDRESS": address, "JAX_NUM_PROCESSES": "2"}
        return [start(config, "two", *more, *SPLIT, JAX_PROCESS_ID=str(rank), **common) for rank in (0, 1)]

    ended(start(config, "one", "--quiet"))
    first, second = ended(*both("--json"))
    assert first[0].startswith("{") and len(first[0].splitlines()) == 1 and second[0] == ""
    one, two = (latest_run(config.parent / out, "shared") for out in ("one", "two"))
    assert [path.name for path in (config.parent / "two").iterdir()] == ["shared-1"]
    assert two.read_fact("engine")["processes"] == 2
    assert_close(one, two)

    endless = both("--set", "training.epochs=1000000", "--quiet")
    run = RunDir(config.parent / "two" / "shared-2")
    while not run.history.rows() and endless[0].poll() is None:
        pass
    endless[1].terminate()
    ended(*endless, code=130)
    assert run.read_result()["status"] == "interrupted"
    epochs = run.history.rows()[-1]["epoch"] + 2
    ended(*both("--resume", "--epochs", str(epochs), "--quiet"))
    assert run.read_result()["status"] == "completed" and run.read_result()["epochs"] == epochs


@pytest.mark.slow
def test_a_batch_that_cannot_be_split_is_refused_with_two_that_can(config):
    process = start(config, "two", *SPLIT, "--set", "training.batch_size=15", JAX_NUM_CPU_DEVICES="2")
    ((_, said),) = ended(process, code=2)
    assert "A batch of 15 rows cannot be split evenly over 2 devices. Expected a multiple of 2, such as 14, 16" in said
    assert not (config.parent / "two").exists()


def test_on_tensorflow_it_is_refused_with_the_way_out(config):
    with pytest.raises(InputError, match=r"does not distribute on TensorFlow\. Use `backend: jax`"):
        load_config(config, Overrides(["runtime.backend=tensorflow", "runtime.distribution=data_parallel"]))
