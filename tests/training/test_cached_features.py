"""`cache_features`: the frozen bottom computed once; the same learning, and what cannot be cached is refused."""

import numpy as np
import pytest

from kerasdeep import training
from kerasdeep.config import Overrides, load_config
from kerasdeep.engine import checkpoint
from kerasdeep.errors import InputError, Interrupted
from kerasdeep.modeling import feature_cache
from kerasdeep.runs import RunDir

NET = """
version: 1
name: cached
seed: 3
data: {source: rows.npz, validation: 48, test: 32, scaling: none}
network: {layers: [Dense: 12, Dense: 8, {Dense: {units: 6, name: top}}, Output]}
regularization: {batch_norm: before, l2: 1e-3}
optimizer: {SGD: {learning_rate: 0.01, momentum: 0.9}}
training: {epochs: 2, batch_size: 32, watch: null}
report: {tensorboard: false}
stages:
  - {name: all}
  - {name: top, train: ["top*", head], rates: {head: 2}, early_stopping: 5}
"""


@pytest.fixture
def config(tmp_path):
    random = np.random.default_rng(0)
    x = random.normal(size=(240, 6)).astype("float32")
    np.savez(tmp_path / "rows.npz", x=x, y=(x[:, 0] + x[:, 1] > 0).astype("int32"))
    path = tmp_path / "cached.yaml"
    path.write_text(NET)
    return path


def train(config, *sets, out=None, **more):
    return training.train(load_config(config, Overrides(sets)), out or config.parent / "runs", progress="quiet", **more)


def figures(run):
    return [
        {name: value for name, value in row.items() if "second" not in name} for row in run.history.rows()
    ], run.read_result()["metrics"]


CACHED = "stages.1.cache_features=true"


@pytest.mark.parametrize("stage", [0, pytest.param(1, marks=pytest.mark.slow)])
def test_cached_and_not_cached_learn_the_same(config, stage):
    if stage == 0:
        config.write_text(NET.replace("  - {name: all}\n", "").replace("rates: {head: 2}, ", ""))
    plain, cached = train(config), train(config, f"stages.{stage}.cache_features=true")
    (rows, metrics), (others, other_metrics) = figures(plain), figures(cached)
    for row, other in zip(rows, others, strict=True):
        assert row.keys() == other.keys()
        for name, value in row.items():
            same = value is None or isinstance(value, str)
            assert value == (other[name] if same else pytest.approx(other[name], rel=1e-4, abs=1e-6))
    assert metrics == pytest.approx(other_metrics, rel=1e-4)
    facts = [run.read_fact("stages")[stage] for run in (plain, cached)]
    assert facts[1]["cached"] == [8] and "cached" not in facts[0]
    assert facts[0]["proof"] == facts[1]["proof"] and facts[1]["proof"]["frozen"] == 10


@pytest.mark.slow
def test_features_of_layers_that_a_stage_pretrained_are_cached_too(config):
    """The cached stage is checked before the pretraining starts, when its rows are not yet features."""
    pretrain = "stages.0={name: pretrained, pretrain: {supervised: {data: {classes: [0, 1]}}}}"
    plain, cached = train(config, pretrain), train(config, pretrain, CACHED)
    assert figures(cached)[1] == pytest.approx(figures(plain)[1], rel=1e-4)
    assert cached.read_fact("stages")[1]["cached"] == [8]


@pytest.mark.slow
@pytest.mark.parametrize("last", [1, 3])
def test_it_resumes_to_the_same_bits(config, last, monkeypatch):
    whole, save, made = train(config, CACHED), checkpoint.save, []

    def save_and_stop(*given):
        save(*given)
        made.append(1)
        if len(made) == last:
            raise KeyboardInterrupt

    monkeypatch.setattr(checkpoint, "save", save_and_stop)
    with pytest.raises(Interrupted):
        train(config, CACHED, out=config.parent / "killed")
    monkeypatch.setattr(checkpoint, "save", save)
    run = RunDir(config.parent / "killed" / "cached-1")
    train(config, CACHED, resume=run)
    assert figures(run) == figures(whole)


@pytest.mark.parametrize(
    ("sets", "said"),
    [
        (["stages.1.train=[first:1, head]"], "no layer with weights is frozen below `dense_1`"),
        (["regularization.dropout=0.2"], "cannot be computed once: dense_1_dropout"),
        (["regularization.input_noise=0.1"], "cannot be computed once: input_noise"),
    ],
)
def test_what_cannot_be_cached_is_refused_before_there_is_a_run(config, sets, said):
    with pytest.raises(InputError, match=said):
        train(config, CACHED, *sets)
    with pytest.raises(InputError, match=said):
        training.plan(load_config(config, Overrides([CACHED, *sets])))
    assert not (config.parent / "runs").exists()


@pytest.mark.slow
def test_dropout_on_top_of_the_frozen_part_is_no_hindrance(config):
    layers = "[Dense: 12, Dense: 8, {Dropout: 0.3}, {Dense: {units: 6, name: top}}, Output]"
    run = train(config, CACHED, f"network.layers={layers}")
    assert run.read_fact("stages")[1]["cached"] == [8]


def test_a_way_around_the_frozen_part_is_seen():
    import keras

    given = keras.Input((4,))
    first = keras.layers.Dense(3, name="first", trainable=False)(given)
    second = keras.layers.Dense(3, name="second", trainable=False)(first)
    added = keras.layers.Add(name="sum")([first, second])
    around = keras.Model(given, keras.layers.Dense(1, name="head")(added))
    below, top = feature_cache.split_frozen_base(around, "here", None)
    assert below.layers[-1].name == "sum" and [layer.name for layer in top.layers[1:]] == ["head"]
    again, _ = feature_cache.split_frozen_base(around, "here", None)
    assert again.layers[-1].name == "sum", "a cut leaves the network as it was"
    around.get_layer("second").trainable = True
    below, top = feature_cache.split_frozen_base(around, "here", None)
    assert below.layers[-1].name == "first"
    x = np.random.default_rng(0).normal(size=(5, 4)).astype("float32")
    np.testing.assert_allclose(top.predict(below.predict(x, verbose=0), verbose=0), around.predict(x, verbose=0))
