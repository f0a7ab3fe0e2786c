"""Faults that really happen to a run: a full disk, a directory that goes, no memory, signals, a second process."""

import os
import resource
import shutil
import signal
import subprocess
import sys
import threading
import time
from contextlib import contextmanager

import numpy as np
import pytest

from kerasdeep import training
from kerasdeep.config import Overrides, load_config
from kerasdeep.engine import checkpoint
from kerasdeep.errors import InputError, RunFailed
from kerasdeep.runs import RunDir, latest_run
from kerasdeep.training import failures

NET = """
version: 1
name: small
seed: 3
data: {source: table.npz, validation: 60, test: 60, scaling: none}
network: {layers: [Dense: 16, Output]}
regularization: {batch_norm: before, dropout: 0.3}
optimizer: {SGD: {learning_rate: 0.02, momentum: 0.9}}
training: {epochs: 4, batch_size: 16, watch: null}
report: {tensorboard: false}
allow: [class-imbalance]
"""
ENDLESS = ["training.epochs=100000", "runtime.chunk=3", "training.checkpoint.every=5 steps", "runtime.compile=none"]
NOBODY = 65534
SECONDS = 60


@pytest.fixture
def config(tmp_path):
    return write(tmp_path)


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """A file and its run of one epoch."""
    path = write(tmp_path_factory.mktemp("finished"))
    return path, train(path, "training.epochs=1")


def write(folder):
    random = np.random.default_rng(0)
    x = random.normal(size=(504, 6)).astype("float32")
    np.savez(folder / "table.npz", x=x, y=(x[:, 0] + x[:, 1] * x[:, 2] > 0).astype("int32") + (x[:, 3] > 1))
    path = folder / "small.yaml"
    path.write_text(NET)
    return path


def train(config, *sets, out=None, **more):
    return training.train(load_config(config, Overrides(sets)), out or config.parent / "runs", progress="quiet", **more)


def failing(config, fault, *sets, out=None):
    """Train without end and let `fault(run)` happen once there is a checkpoint; the run and what it ended with."""
    runs = []
    place = out or config.parent / "runs"

    def has_checkpoint():
        run = latest_run(place, "small") if place.is_dir() else None
        return run is not None and checkpoint.exists(run.checkpoints)

    def wait():
        until(has_checkpoint)
        runs.append(latest_run(place, "small"))
        fault(runs[0])

    thread = threading.Thread(target=wait)
    thread.start()
    with pytest.raises(RunFailed) as caught:
        train(config, *ENDLESS, *sets, out=out)
    thread.join()
    assert failures.failed_run(caught.value).path == runs[0].path
    return runs[0], str(caught.value)


def until(condition):
    deadline = time.monotonic() + SECONDS
    while not condition():
        assert time.monotonic() < deadline, "it never came"
        time.sleep(0.002)


@contextmanager
def command(config, *arguments, **more):
    """`kerasdeep train` in another process."""
    out = [] if config.is_dir() else ["--out", str(config.parent / "runs")]  # a run goes on where it is
    line = [sys.executable, "-m", "kerasdeep", "train", str(config), *out]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    with subprocess.Popen([*line, *arguments], **pipes, **more) as process:
        try:
            yield process
        finally:
            process.kill()


def sets(values):
    return [word for value in values for word in ("--set", value)]


@pytest.fixture
def small_disk(tmp_path):
    """A file system of two megabytes of its own."""
    place = tmp_path / "disk"
    place.mkdir()
    mounted = shutil.which("mount") and subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", str(place)], capture_output=True, check=False
    )
    if not mounted or mounted.returncode:
        pytest.skip("this user may not mount a file system")
    yield place
    subprocess.run(["umount", str(place)], check=True)


@pytest.mark.slow
def test_a_full_disk_keeps_the_last_checkpoint_and_the_run_goes_on_once_there_is_room(config, small_disk):
    filler = small_disk / "filler"

    def fill(run):
        with filler.open("wb", buffering=0) as file, pytest.raises(OSError, match="No space"):
            while True:
                file.write(bytes(4096))

    run, said = failing(config, fill, out=small_disk / "runs")
    assert "The disk is full" in said and f"kerasdeep train {run.path} --resume" in said
    kept, _, passed = checkpoint.read(run.checkpoints)
    assert not passed and not list(run.path.rglob(".*"))
    filler.unlink()
    epochs = kept.position.epoch + 2
    train(config, f"training.epochs={epochs}", resume=run)
    whole = train(config, f"training.epochs={epochs}")
    assert run.read_result()["status"] == "completed"
    for resumed, expected in zip(*(checkpoint.read(one.checkpoints)[1].values() for one in (run, whole)), strict=True):
        np.testing.assert_array_equal(resumed, expected)


@pytest.mark.slow
def test_a_file_that_may_not_grow_ends_the_run_and_is_no_bug(config):
    def limit():
        resource.setrlimit(resource.RLIMIT_FSIZE, (6000, 6000))

    with command(config, preexec_fn=limit) as process:
        _, said = process.communicate(timeout=SECONDS)
    assert process.returncode == 1, said
    assert "A file would grow past what the file system, or `ulimit -f`, allows" in said
    run = RunDir(config.parent / "runs" / "small-1")
    assert run.read_result()["status"] == "failed" and "ulimit" in run.read_result()["error"]


def test_a_run_directory_that_vanishes_is_said(config):
    run, said = failing(config, lambda run: run.path.rename(run.path.with_name("elsewhere")))
    assert said == f"The run directory {run.path} vanished while the run was writing to it."
    assert checkpoint.exists(run.path.with_name("elsewhere") / "checkpoints") and not run.path.exists()


def test_a_run_directory_that_can_no_longer_be_written_is_said(config):
    def forbid(run):
        for folder in (run.checkpoints, run.path):
            folder.chmod(0o555)
        if os.geteuid() == 0:  # whom no permission binds
            os.seteuid(NOBODY)

    me = os.geteuid()
    try:
        run, said = failing(config, forbid)
    finally:
        os.seteuid(me)
        for folder in (config.parent / "runs" / "small-1", config.parent / "runs" / "small-1" / "checkpoints"):
            folder.chmod(0o755)
    assert f"The run directory {run.path} can no longer be written: permission denied" in said
    assert checkpoint.exists(run.checkpoints)


def test_an_output_folder_that_cannot_be_written_is_refused_before_anything_is_trained(config):
    with pytest.raises(InputError, match="Cannot write runs to /dev/null"):
        train(config, out="/dev/null/runs")


def test_weights_that_are_not_finite_end_the_run_though_the_loss_was(config):
    # One step of a rate that float32 cannot hold the product of; its loss is that of the weights before.
    one_step = ["training.epochs=1", "training.batch_size=384", "data.validation=null", "data.test=120"]
    with pytest.raises(RunFailed, match=r"no longer finite: .*kernel"):
        train(config, *one_step, "optimizer.SGD.learning_rate=3e38", "regularization={l2: 10}")
    run = latest_run(config.parent / "runs", "small")
    assert run.read_result()["status"] == "failed" and not checkpoint.exists(run.checkpoints)
    assert np.isfinite(run.history.rows()[-1]["loss"])


def test_out_of_memory_names_a_batch_size_to_try(config):
    huge = "network.layers=[{RepeatVector: 1000000000}, GlobalAveragePooling1D, Output]"
    with pytest.raises(RunFailed, match=r"Out of memory.*--set training\.batch_size=8"):
        train(config, huge, "regularization={}")
    assert latest_run(config.parent / "runs", "small").read_result()["status"] == "failed"


@pytest.mark.slow  # TensorFlow waits ten seconds for memory
def test_a_network_that_does_not_fit_into_memory_leaves_no_run(config):
    with pytest.raises(RunFailed, match="Out of memory before the run began"):
        train(config, "network.layers=[{Dense: 2000000}, {Dense: 2000000}, Output]")
    assert not (config.parent / "runs").exists()


@pytest.mark.slow
def test_sigterm_saves_and_ends_with_130_and_a_second_process_is_kept_off_meanwhile(config):
    run = RunDir(config.parent / "runs" / "small-1")
    with command(config, *sets(ENDLESS)) as first:
        until(lambda: checkpoint.exists(run.checkpoints) or first.poll() is not None)
        with command(run.path, "--resume", *sets(ENDLESS)) as second:
            _, refused = second.communicate(timeout=SECONDS)
        os.kill(first.pid, signal.SIGTERM)
        _, said = first.communicate(timeout=SECONDS)
    assert second.returncode == 2 and f"in use by another process ({first.pid})" in refused
    assert first.returncode == 130 and f"kerasdeep train {run.path} --resume" in said
    assert run.read_result()["status"] == "interrupted" and run.report_html.exists()
    step = checkpoint.read(run.checkpoints)[0].position
    assert (step.epoch, step.step) != (0, 0)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda path: path.unlink(), r"table\.npz"),
        (lambda path: np.savez(path, x=np.zeros((504, 6)), y=np.arange(504) % 3), "The data changed since"),
        (lambda path: np.savez(path, x=np.zeros((504, 7)), y=np.arange(504) % 3), "The data changed since"),
    ],
)
def test_data_that_change_or_disappear_are_no_resume_and_the_run_stays_as_it_was(finished, change, said):
    config, run = finished
    table, before = config.parent / "table.npz", run.result.read_bytes()
    rows = table.read_bytes()
    change(table)
    try:
        with pytest.raises(InputError, match=said):
            train(config, resume=run)
    finally:
        table.write_bytes(rows)
    assert run.result.read_bytes() == before
