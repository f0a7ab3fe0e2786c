"""Data larger than memory through the verbs: the run and its answers are those of data in memory."""

import json

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

from kerasdeep.cli.app import app
from kerasdeep.engine import checkpoint, feeder
from kerasdeep.errors import InputError, Interrupted
from kerasdeep.runs import RunDir

CONFIG = """
version: 1
name: NAME
data: {source: homes.csv, target: kind, stream: STREAM, test: 0.2}
network: {layers: [Dense: 8, Output]}
regularization: {dropout: 0.2}
optimizer: {SGD: 0.1}
training: {epochs: 3, batch_size: 16, watch: null}
report: {tensorboard: false}
"""


@pytest.fixture
def room(tmp_path, monkeypatch):
    """A table, and its run in memory and streamed; four batches fill a chunk."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "keras_home"))
    monkeypatch.setattr(feeder, "CHUNK_BYTES", 4 * 16 * 4 * 5)
    random = np.random.default_rng(0)
    frame = pd.DataFrame({"size": random.normal(size=400), "city": random.choice(["Rom", "Bonn"], 400)})
    frame["kind"] = np.where(frame["size"] + (frame["city"] == "Rom") > 0.5, "house", "flat")
    frame.to_csv("homes.csv", index=False)
    for name, stream in (("whole", "false"), ("streamed", "true")):
        (tmp_path / f"{name}.yaml").write_text(CONFIG.replace("NAME", name).replace("STREAM", stream))
    return tmp_path


def call(*words):
    done = CliRunner().invoke(app, list(words))
    assert done.exit_code == 0, done.output
    return done.output


@pytest.mark.slow
def test_train_evaluate_and_predict_give_the_figures_of_rows_in_memory(room):
    for name in ("whole", "streamed"):
        call("train", f"{name}.yaml", "--quiet")
    whole, streamed = RunDir(room / "runs" / "whole-1"), RunDir(room / "runs" / "streamed-1")
    assert_same(whole, streamed)
    assert streamed.read_fact("engine")["stream"] == {"streamed": True, "reason": "as the file says"}
    figures = [json.loads(call("evaluate", str(run.path), "--json", "--mc", "5")) for run in (whole, streamed)]
    assert figures[0]["metrics"] == pytest.approx(figures[1]["metrics"], rel=1e-6)
    assert figures[0]["mc"]["metrics"] == figures[1]["mc"]["metrics"]
    answers = [call("predict", str(run.path), "homes.csv") for run in (whole, streamed)]
    assert answers[0] == answers[1]


@pytest.mark.slow
def test_an_interrupted_run_goes_on_in_the_middle_of_a_chunk(room, monkeypatch):
    call("train", "streamed.yaml", "--quiet")
    save, saved = checkpoint.save, []

    def stopping(*arguments):
        saved.append(save(*arguments))
        if len(saved) == 4:
            raise Interrupted

    monkeypatch.setattr(checkpoint, "save", stopping)
    often = ["--set", "training.checkpoint=3 steps", "--set", "runtime.chunk=2"]
    stopped = CliRunner().invoke(app, ["train", "streamed.yaml", "--quiet", *often])
    assert isinstance(stopped.exception, Interrupted)
    monkeypatch.setattr(checkpoint, "save", save)
    call("train", "streamed.yaml", "--quiet", "--resume")
    runs = [RunDir(room / "runs" / f"streamed-{number}") for number in (1, 2)]
    assert_same(*runs)


def assert_same(one, other):
    arrays = [checkpoint.read(run.checkpoints)[1].values() for run in (one, other)]
    for a, b in zip(*arrays, strict=True):
        np.testing.assert_array_equal(a, b)
    assert one.read_result()["metrics"] == other.read_result()["metrics"]


def test_pretraining_on_streamed_rows_is_refused_with_what_to_do(room):
    stages = "stages: [{name: first, pretrain: {autoencoder: stacked}, epochs: 1}, {name: all, epochs: 1}]\n"
    (room / "streamed.yaml").write_text((room / "streamed.yaml").read_text() + stages)
    done = CliRunner().invoke(app, ["train", "streamed.yaml", "--quiet"])
    assert isinstance(done.exception, InputError) and "`data.stream: false`" in str(done.exception)
