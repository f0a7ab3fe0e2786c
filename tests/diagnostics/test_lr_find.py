"""The range test on real networks: it finds a working rate and leaves no trace."""

import random
from functools import cache
from pathlib import Path
from types import SimpleNamespace

import keras
import numpy as np
import pytest

from kerasdeep import diagnostics
from kerasdeep.config import Overrides, load_config
from kerasdeep.config.rate_setting import find_rate_setting
from kerasdeep.data.types import DataSplit
from kerasdeep.diagnostics.lr_finder import planned_rates, range_test_optimizer, rows_to_compare_on
from kerasdeep.diagnostics.range_test import range_test
from kerasdeep.errors import InputError, RunFailed
from kerasdeep.experiment import Experiment

NET = """
version: 1
seed: 1
data: {source: digits, validation: 0.1}
network: {layers: [Flatten, Dense: 30, Output]}
optimizer: {SGD: {learning_rate: 0.01}}
training: {epochs: 3, batch_size: 64}
"""


@pytest.fixture
def config(tmp_path):
    path = tmp_path / "digits.yaml"
    path.write_text(NET)
    return path


def test_the_suggestion_is_a_rate_that_learns(config):
    found = diagnostics.lr_find(load_config(config))
    assert found.recommended == "minimum_tenth" and found.suggestion == found.suggestions["minimum_tenth"]
    assert found.setting == "optimizer.SGD.learning_rate" and found.current == 0.01
    assert 0.003 < found.suggestion < 0.3
    assert {len(line) for line in found.curve.values()} == {len(found.curve["rate"])}
    assert found.curve["rate"][0] == pytest.approx(1e-5)
    rates, smoothed = np.array(found.curve["rate"]), np.array(found.curve["smoothed"])
    at = {name: smoothed[np.abs(np.log(rates / rate)).argmin()] for name, rate in found.suggestions.items()}
    assert at["minimum"] < at["minimum_tenth"] < smoothed[0]


def test_a_cycle_gets_the_edge_and_its_own_setting(config):
    found = diagnostics.lr_find(load_config(config, Overrides(["schedule.one_cycle=0.05"])))
    assert found.setting == "schedule.OneCycle.max_rate" and found.current == 0.05
    assert found.suggestion == found.suggestions["edge"] >= found.suggestions["minimum"]


def test_a_cycle_of_momentum_is_tested_with_the_momentum_of_its_top(config):
    cycle = ["schedule.one_cycle={max_rate: 0.05, momentum: [0.95, 0.85]}"]
    assert range_test_optimizer(load_config(config, Overrides(cycle)).config).arguments["momentum"] == 0.85
    adam = range_test_optimizer(load_config(config, Overrides([*cycle, "optimizer=Adam"])).config)
    assert adam.arguments == {"beta_1": 0.85}


@pytest.mark.parametrize(
    ("schedule", "first", "last"),
    [
        ("schedule=null", 0.2, 0.2),
        ("schedule=cosine", 0.2, 0.2 * (1 + np.cos(np.pi * 0.9)) / 2),
        ("schedule=one_cycle", 0.02, 0.02 * 1e-3),
        ("schedule={linear_warmup: {warmup: 20%, schedule: {one_cycle: 0.5}}}", 0.0, 0.02 * 1e-3),
    ],
)
def test_rates_are_compared_as_the_schedule_of_the_file_moves_them(config, schedule, first, last):
    schedule = "schedule.one_cycle=0.5" if schedule == "schedule=one_cycle" else schedule
    loaded = load_config(config, Overrides([schedule])).config
    rates = planned_rates(loaded, find_rate_setting(loaded), 0.2, 10)
    assert len(rates) == 10 and max(rates) <= 0.2 * (1 + 1e-6)
    assert (rates[0], rates[-1]) == pytest.approx((first, last), rel=0.01, abs=0.01)


@pytest.mark.parametrize("validation", [30, 100])
def test_rates_are_compared_on_training_rows_where_few_are_held_out(config, validation):
    parts = [DataSplit(np.arange(rows)[:, None], np.arange(rows), np.arange(rows)) for rows in (240, validation)]
    dataset = SimpleNamespace(train=parts[0], validation=parts[1], class_weight=None)
    experiment = Experiment(load_config(config).config, None, dataset, (), None)
    batches, part, rows = rows_to_compare_on(experiment)
    assert part is parts[validation == 100] and len(rows) == (80 if validation == 30 else 100)
    if validation == 30:
        found = batches()
        drawn = {int(row) for _ in range(20) for row in next(found)[0][:, 0]}
        assert drawn and drawn.isdisjoint(rows.tolist())


def test_the_same_file_and_seed_find_the_same(config):
    assert diagnostics.lr_find(load_config(config), steps=40) == diagnostics.lr_find(load_config(config), steps=40)


def test_a_net_that_cannot_learn_is_no_suggestion(config):
    sets = ["initializer=zeros", "network.layers.1.Dense.bias_initializer.Constant.value=-10"]
    with pytest.raises(RunFailed, match="kerasdeep diagnose"):
        diagnostics.lr_find(load_config(config, Overrides([*sets, "network.layers.2.Output.use_bias=false"])), steps=40)


def test_wrong_ranges_and_several_rates_are_refused(config):
    with pytest.raises(InputError, match="--from < --to"):
        diagnostics.lr_find(load_config(config), lowest=1.0, highest=0.1)
    sets = ["optimizer.MultiOptimizer={default_optimizer: SGD, optimizer_map: {x: Adam}}"]
    with pytest.raises(InputError, match="several rates"):
        diagnostics.lr_find(load_config(config, Overrides(sets)))


def state_of(model):
    arrays = [keras.ops.convert_to_numpy(variable.value) for variable in (*model.variables, *model.optimizer.variables)]
    return arrays, random.getstate(), np.random.get_state()


def assert_same(one, other):
    assert len(one[0]) == len(other[0])
    for a, b in zip(one[0], other[0], strict=True):
        np.testing.assert_array_equal(a, b)
    assert one[1] == other[1]
    assert all(np.array_equal(a, b) for a, b in zip(one[2], other[2], strict=True))


def tried(test):
    """A trained model's state before and after `test`, and after one more epoch of training."""
    keras.utils.set_random_seed(0)
    layers = [
        keras.layers.Dense(8),
        keras.layers.BatchNormalization(),
        keras.layers.Dropout(0.5),
        keras.layers.Dense(1),
    ]
    model = keras.Sequential([keras.Input((4,)), *layers])
    model.compile(keras.optimizers.SGD(0.03, momentum=0.9), "mse", metrics=["mae"])
    x, y = np.random.normal(size=(64, 4)).astype("float32"), np.random.normal(size=(64, 1)).astype("float32")
    model.fit(x, y, verbose=0, shuffle=False)  # slots, moving statistics and dropout seeds have moved
    before = state_of(model)
    test(model, x, y)
    after, drawn = state_of(model), keras.random.uniform((3,))
    model.fit(x, y, verbose=0, shuffle=False)
    return before, after, (*state_of(model), drawn)


@pytest.mark.parametrize(
    "highest", [1.0, pytest.param(1e30, marks=pytest.mark.slow)], ids=["to the end", "into infinity"]
)
def test_weights_slots_rate_seeds_and_generators_are_bit_equal_afterwards(highest):
    sweeps = []

    def test(model, x, y):
        def batches():
            while True:
                random.random(), np.random.random()
                yield x, y, None

        sweeps.append(range_test(model, batches(), 1e-4, highest, 30))
        assert float(model.optimizer.learning_rate) == pytest.approx(0.03)

    before, after, later = tried(test)
    assert (sweeps[0].stopped == "end") == (highest == 1.0)
    assert np.isfinite(sweeps[0].losses).all() and len(set(sweeps[0].losses)) > 5
    assert_same(before, after)
    # Training goes on as if nothing had been: its twin that was never tested ends with the same bits.
    assert_same(later[:3], untested()[:3])
    np.testing.assert_array_equal(later[3], untested()[3])


@cache
def untested():
    return tried(lambda *_: None)[2]


def test_the_range_test_stops_on_divergence_long_before_the_end(config):
    found = diagnostics.lr_find(
        load_config(config, Overrides(["task=regression", "optimizer=SGD"])), highest=1e6, steps=200
    )
    assert found.stopped in ("diverged", "not-finite") and len(found.curve["rate"]) < 190


REFERENCE = """
version: 1
data: {source: fashion_mnist, validation: {last: 5000}, scaling: unit}
network: {layers: [Flatten, Dense: 100, Dense: 100, Dense: 100, Output]}
optimizer: {SGD: {learning_rate: 0.01}}
schedule: {one_cycle: {max_rate: 0.05}}
training: {epochs: 25, batch_size: 128}
"""
SHARED = Path(__file__).resolve().parents[3] / "shared" / "data"


@pytest.mark.slow
@pytest.mark.real_data
@pytest.mark.skipif(not SHARED.is_dir(), reason="needs ../shared/data beside the clone")
@pytest.mark.parametrize("seed", [42, 43])
def test_the_chapters_1cycle_run_gets_a_maximum_as_the_book_chose_it(tmp_path, monkeypatch, seed):
    monkeypatch.setenv("KERAS_HOME", str(SHARED / "keras_home"))
    path = tmp_path / "reference.yaml"
    path.write_text(REFERENCE)
    found = diagnostics.lr_find(load_config(path, Overrides([f"seed={seed}"])))
    assert 0.05 <= found.suggestion <= 0.3
    assert found.setting == "schedule.OneCycle.max_rate"
