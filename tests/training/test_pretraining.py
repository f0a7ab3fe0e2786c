"""Stages that pretrain: what they learn, what they hand on, what they refuse, and resuming among them."""

import os
import signal
import subprocess
import sys
import textwrap
from functools import cache
from pathlib import Path

import keras
import numpy as np
import pytest
from helpers.marks import sampled
from helpers.runs import assert_same_run

from kerasdeep import modeling, report, training
from kerasdeep.config import Overrides, load_config
from kerasdeep.config.lowering.lower import lower_network
from kerasdeep.config.lowering.planned import Head
from kerasdeep.data import pretext
from kerasdeep.data.types import DataSplit
from kerasdeep.engine import checkpoint
from kerasdeep.errors import InputError, Interrupted
from kerasdeep.runs import RunDir

NET = """
version: 1
name: taught
seed: 3
data: {source: rows.npz, validation: 48, scaling: none}
network: {layers: [Flatten, Dense: 12, Dense: 6, Output]}
regularization: {batch_norm: before}
optimizer: {Adam: {learning_rate: 0.01}}
training: {epochs: 2, batch_size: 32, watch: null}
report: {tensorboard: false}
stages:
  - {name: first, pretrain: {%s}}
  - {name: classifier, train: head}
"""
CONV = "[{Conv2D: {filters: 4, kernel_size: 3, padding: same}}, MaxPool2D, {Conv2D: {filters: 6, kernel_size: 3, "
CONV += "strides: 2}}, Flatten, Dense: 8, Output]"


@pytest.fixture
def write(tmp_path):
    return writer(tmp_path)


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """The run of a kind of pretraining, trained once."""
    return cache(lambda kind: train(writer(tmp_path_factory.mktemp("trained"))(KINDS[kind])))


def writer(folder):
    random = np.random.default_rng(0)
    x = random.normal(size=(240, 7, 7)).astype("float32")
    y = np.arange(240) % 3
    x[:, 0, :] += y[:, None]
    np.savez(folder / "rows.npz", x=x, y=y)
    np.savez(folder / "table.npz", x=x[:, 0, :2] @ random.normal(size=(2, 6)).astype("float32"), y=y)
    np.savez(folder / "unlabelled.npz", x=x[:100] + 1)

    def written(kind, **replaced):
        text = NET % kind
        for old, new in replaced.items():
            text = text.replace(old, new)
        path = folder / "taught.yaml"
        path.write_text(text)
        return path

    return written


def train(config, *sets, out=None, **more):
    return training.train(load_config(config, Overrides(sets)), out or config.parent / "runs", progress="quiet", **more)


def weights(run):
    model = keras.saving.load_model(run.model)
    return {layer.name: layer.get_weights() for layer in model.layers if layer.weights}


KINDS = {
    "stacked": "autoencoder: stacked",
    "tied": "autoencoder: tied",
    "denoising": "autoencoder: {style: denoising, noise: {gaussian: 0.1}}",
    "pairs": "pairs: {}",
    "one tower": "pairs: {shared: true}",
    "rotation": "rotation: {}",
    "supervised": "supervised: {data: {classes: [0, 1]}}",
}


@pytest.mark.parametrize("kind", sampled(KINDS, always=("stacked",)))
def test_what_a_stage_learns_is_handed_to_the_next(kind, trained):
    run = trained(kind)
    rows, facts = run.history.rows(), run.read_fact("stages")
    assert [row["stage"] for row in rows] == ["first", "first", "classifier", "classifier"]
    assert rows[1]["loss"] < rows[0]["loss"] or "pairs" in kind or "tower" in kind  # pairs are new every epoch
    assert rows[1]["val_loss"] is not None
    assert (rows[0].get("accuracy") is None) == ("autoencoder" in KINDS[kind])
    assert facts[0]["proof"]["holds"] and facts[1]["proof"]["holds"]
    told = {row["layer"]: row["became"] for row in facts[0]["handed"]}
    assert told["dense_1"] == told["dense_2_bn"] == "loaded" and told["output"] == "new"
    # The second stage trains the head alone, so that the body is what pretraining left.
    planned = lower_network(load_config(run.resolved).config, [Head("output", "multiclass", 3)], {"input": (7, 7)})
    fresh = modeling.build_functional_model(planned, {"input": (7, 7)}, seed=3).get_layer("dense_1").get_weights()
    assert facts[1]["proof"]["frozen"] == 10
    assert not np.array_equal(weights(run)["dense_1"][0], fresh[0])


@pytest.mark.slow
def test_greedy_learns_layer_by_layer_and_then_together(write):
    config = write("autoencoder: {style: greedy, rates: [0.01, 0.02]}")
    stages = "[{name: turns, epochs: 2, pretrain: {autoencoder: {style: greedy, rates: [0.01, 0.02]}}}, "
    stages += "{name: both, pretrain: {autoencoder: stacked}}, {name: end, train: head}]"
    run = train(config, f"stages={stages}")
    rows = run.history.rows()
    assert [row["stage"] for row in rows] == ["turns_1"] * 2 + ["turns_2"] * 2 + ["both"] * 2 + ["end"] * 2
    assert [row["learning_rate"] for row in rows[:4]] == [0.01, 0.01, 0.02, 0.02]
    # The second layer learns the first one's codes, so both start the stack: better than a new one of its own.
    stacked = "[{name: both, pretrain: {autoencoder: stacked}}, {name: end, train: head}]"
    alone = train(config, f"stages={stacked}").history.rows()
    assert rows[4]["loss"] < alone[0]["loss"]
    with pytest.raises(InputError, match=r"has 1 rates, but 2 layers are trained"):
        train(write("autoencoder: {style: greedy, rates: [0.1]}"))


@pytest.mark.parametrize("style", ["stacked", "greedy"])
@pytest.mark.slow
def test_convolutional_decoders_mirror_the_encoder(style, write):
    config = write(f"autoencoder: {{style: {style}}}")
    run = train(config, f"network.layers={CONV}")
    last = "first_3" if style == "greedy" else "first"
    facts = {stage["name"]: stage for stage in run.read_fact("stages")}
    assert {row["layer"] for row in facts[last]["handed"] if row["became"] == "loaded"} >= {"dense_1"}
    assert run.read_result()["status"] == "completed"


def test_masked_features_of_a_table(write):
    config = write("masked: {rate: 0.3}")
    run = train(config, "data.source=" + str(config.parent / "table.npz"), "network.layers=[Dense: 12, Output]")
    rows = run.history.rows()
    assert rows[1]["loss"] < rows[0]["loss"]


@pytest.mark.slow
def test_rows_without_labels_take_part(write):
    config = write("autoencoder: stacked")
    few = train(config, "data.labelled=60", "stages.0.pretrain.autoencoder.data={labelled: null, limit: 60}")
    all_of_them = train(config, "data.labelled=60")
    first = [run.read_fact("stages")[0]["steps"] for run in (few, all_of_them)]
    assert first == [2 * 2, 2 * 6]
    other = "stages.0.pretrain.autoencoder.data={source: %s, validation: 20}" % (config.parent / "unlabelled.npz")
    run = train(config, other)
    assert run.read_fact("stages")[0]["steps"] == 2 * 3


def test_reconstructions_are_a_fact_of_the_run(trained):
    run = trained("stacked")
    (told,) = run.read_fact("reconstructions")
    assert told["stage"] == "first" and len(told["rows"]) == 6
    assert told["rows"][0]["input"].startswith("data:image/png") and told["rows"][0]["error"] > 0
    report.write(run)
    assert "Reconstructions after first" in run.report_html.read_text()
    assert (run.facts / "reconstructions.json").stat().st_size < 40_000


@pytest.mark.parametrize(("kind", "places"), [("autoencoder: greedy", (3, 5)), ("pairs: {}", (1,))])
@pytest.mark.slow
def test_a_run_killed_in_any_stage_resumes_to_the_same_bits(kind, places, write, monkeypatch):
    config = write(kind)
    whole, save = train(config), checkpoint.save
    for number, last in enumerate(places, 1):
        made = []

        def save_and_stop(*given, last=last, made=made):
            save(*given)
            made.append(1)
            if len(made) == last:
                raise KeyboardInterrupt

        monkeypatch.setattr(checkpoint, "save", save_and_stop)
        with pytest.raises(Interrupted):
            train(config, out=config.parent / "killed")
        monkeypatch.setattr(checkpoint, "save", save)
        run = RunDir(config.parent / "killed" / f"taught-{number}")
        train(config, resume=run)
        assert_same_run(whole, run)
        assert run.read_fact("stages") == whole.read_fact("stages")
        assert run.read_fact("reconstructions") == whole.read_fact("reconstructions")


@pytest.mark.slow
def test_a_killed_process_resumes_to_the_same_bits(write):
    """SIGKILL in the middle of the second stage, from a process of its own."""
    config = write("autoencoder: stacked")
    whole = train(config)
    script = config.parent / "kill.py"
    script.write_text(
        textwrap.dedent(
            f"""
            import os, signal
            from kerasdeep import training
            from kerasdeep.config import Overrides, load_config
            from kerasdeep.engine import checkpoint
            save, made = checkpoint.save, []
            def saving(*given):
                save(*given)
                made.append(1)
                if len(made) == 3:
                    os.kill(os.getpid(), signal.SIGKILL)
            checkpoint.save = saving
            training.train(load_config({str(config)!r}), {str(config.parent / "killed")!r}, progress="quiet")
            """
        )
    )
    root = Path(__file__).resolve().parents[2]
    environment = {**os.environ, "PYTHONPATH": str(root)}
    ended = subprocess.run([sys.executable, str(script)], env=environment, capture_output=True, check=False)
    assert ended.returncode == -signal.SIGKILL, ended.stderr.decode()[-2000:]
    run = RunDir(config.parent / "killed" / "taught-1")
    train(config, resume=run)
    assert_same_run(whole, run)


REFUSED = {
    "masked: {}": r"first|hides features of tables; these rows have shape",
    "pairs: {until: dense_9}": r"has no layer `dense_9`.*dense_1",
    "supervised: {data: {classes: [0, 7]}}": r"`stages\.0\.pretrain\.supervised\.data`: .*7",
}


@pytest.mark.parametrize("kind", REFUSED)
def test_what_makes_no_sense_is_refused_before_there_is_a_run(kind, write):
    config = write(kind)
    with pytest.raises(InputError, match=REFUSED[kind]):
        train(config)
    assert not (config.parent / "runs").exists()


@pytest.mark.parametrize(
    ("kind", "sets", "said"),
    [
        ("rotation: {}", ["data.source=table.npz", "network.layers=[Dense: 4, Output]"], "rotates square images"),
        ("autoencoder: tied", [f"network.layers={CONV}"], "transposes Dense kernels, and the network has conv"),
        ("autoencoder: stacked", ["network.layers=[Flatten, Output]"], "no hidden layer"),
        (
            "autoencoder: stacked",
            ["network.layers=[Flatten, Residual: [Dense: 49], Output]"],
            "can only mirror a sequential chain",
        ),
        ("pairs: {}", ["task=regression"], "the target is not categorical"),
        ("autoencoder: stacked", ["training.early_stopping.monitor=val_accuracy"], "is not recorded"),
    ],
)
def test_what_does_not_fit_the_rows_or_the_network_is_refused(kind, sets, said, write):
    config = write(kind)
    sets = [one.replace("table.npz", str(config.parent / "table.npz")) for one in sets]
    with pytest.raises(InputError, match=said):
        train(config, *sets)
    assert not (config.parent / "runs").exists()


def test_pairs_are_half_of_one_class_and_a_pure_function_of_the_epoch():
    labels = np.repeat(np.arange(4), [5, 50, 20, 1]).astype(np.int32)
    first, second, same = pretext._draw_pairs(labels, np.random.default_rng(0))
    assert same.sum() == len(labels) // 2 and set(first) == set(range(len(labels)))
    assert ((labels[first] == labels[second]) == (same == 1)).all()


def test_rotations_turn_the_pictures(write):
    from kerasdeep import data

    config = write("rotation: {}")
    rows = data.load(load_config(config).config.data)
    made, draw = pretext.rotation_dataset(rows, 0)
    again, other = draw(0), draw(1)
    assert np.array_equal(made.train.x, again.x) and not np.array_equal(made.train.y, other.y)
    assert isinstance(other, DataSplit)
    for picture, turned, turns in zip(rows.train.x[:20], other.x, other.y, strict=False):
        np.testing.assert_array_equal(np.rot90(picture, turns), turned)
