"""Schedules in words become schedules of updates; optimizers get rate, momentum and decay."""

import keras
import numpy as np
import pytest
from helpers.choices import read_choice
from helpers.marks import sampled

from kerasdeep import custom_objects
from kerasdeep.errors import InputError
from kerasdeep.modeling.optimizer import (
    build_optimizer,
    check_multi_optimizer,
    exclude_biases_and_norms_from_decay,
    last_learning_rate,
    last_momentum,
)


def rates(schedule, steps, optimizer_text="SGD: 0.01", per_epoch=100, total=1000):
    built = build_optimizer(
        read_choice("optimizer", optimizer_text), read_choice("schedule", schedule), None, per_epoch, total
    )
    return [float(built._learning_rate(step)) for step in steps]


def test_a_plain_optimizer_keeps_its_number():
    built = build_optimizer(read_choice("optimizer", "SGD: {learning_rate: 0.02, momentum: 0.9, nesterov: true}"))
    assert float(built.learning_rate) == pytest.approx(0.02)
    assert built.momentum == 0.9 and built.nesterov
    assert last_learning_rate(built) == pytest.approx(0.02) and last_momentum(built) == 0.9


def test_one_cycle_takes_the_stage_as_its_length():
    cycle = rates("one_cycle: {max_rate: 0.1}", [0, 4837, 9674, 10_749], total=10_750)
    assert cycle == pytest.approx([0.01, 0.1, 0.01, 1.928e-5], rel=2e-3)
    half = rates("one_cycle: {max_rate: 0.1, steps: 50%}", [225, 900], total=1000)
    assert half == pytest.approx([0.1, 1e-5], rel=1e-2)


def test_power_and_exponential_start_at_the_optimizers_rate_unless_they_state_one():
    assert rates("power: 10 epochs", [0, 1000]) == pytest.approx([0.01, 0.005])
    assert rates("power: {decay_steps: 1000, exponent: 2}", [1000]) == pytest.approx([0.0025])
    assert rates("exponential: 500 steps", [0, 500, 1000]) == pytest.approx([0.01, 1e-3, 1e-4])
    stated = rates("exponential: {decay_steps: 50%, initial_learning_rate: 0.2}", [0, 500])
    assert stated == pytest.approx([0.2, 0.02])
    assert rates("power: 1 epochs", [0], "Adam") == pytest.approx([0.001])


def test_piecewise_counts_epochs_in_steps():
    schedule = "piecewise: {boundaries: [5 epochs, 80%], values: [0.1, 0.05, 0.01]}"
    assert rates(schedule, [500, 501, 800, 801]) == pytest.approx([0.1, 0.05, 0.05, 0.01])
    with pytest.raises(InputError, match=r"must rise.*\[800, 500\]"):
        rates("piecewise: {boundaries: [800, 5 epochs], values: [1.0, 2.0, 3.0]}", [0])


def test_cosine_with_and_without_warmup():
    assert rates("cosine", [0, 500, 1000]) == pytest.approx([0.01, 0.005, 0], abs=1e-8)
    warm = rates("cosine: {warmup: 100, alpha: 0.1}", [0, 99, 100, 550, 1000])
    assert warm == pytest.approx([1e-4, 0.01, 0.01, 0.0055, 0.001], rel=1e-4)
    target = rates("cosine: {warmup: 1 epochs, warmup_target: 0.5}", [0, 50, 100, 550])
    assert target == pytest.approx([0.01, 0.255, 0.5, 0.25], rel=1e-4)


def test_linear_warmup_wraps_a_rate_or_a_schedule():
    assert rates("linear_warmup: 10", [0, 9, 500]) == pytest.approx([0.001, 0.01, 0.01])
    wrapped = rates("linear_warmup: {warmup: 10%, schedule: cosine}", [99, 100, 550, 1000])
    assert wrapped == pytest.approx([0.01, 0.01, 0.005, 0], abs=1e-8)


def test_noam_and_keras_own_schedules():
    expected = 64**-0.5 * 50 * 100**-1.5
    assert rates("noam: {model_dimension: 64, warmup: 1 epochs}", [49]) == pytest.approx([expected])
    own = "CosineDecayRestarts: {initial_learning_rate: 0.1, first_decay_steps: 100}"
    assert rates(own, [0, 50]) == pytest.approx([0.1, 0.05], rel=1e-4)
    assert rates("PolynomialDecay: {decay_steps: 50%}", [0, 250, 500]) == pytest.approx([0.01, 0.00505, 1e-4])
    pieces = "PiecewiseConstantDecay: {boundaries: [1 epochs], values: [0.5, 0.25]}"
    assert rates(pieces, [100, 101]) == pytest.approx([0.5, 0.25])
    with pytest.raises(InputError, match="warmup_target"):
        rates("CosineDecay: {decay_steps: 100, warmup_steps: 10}", [0])


def test_performance_leaves_the_rate_a_number():
    built = build_optimizer(
        read_choice("optimizer", "SGD: 0.02"), read_choice("schedule", "performance"), None, 10, 100
    )
    built.learning_rate = 0.01
    assert last_learning_rate(built) == pytest.approx(0.01)


@pytest.mark.parametrize(
    "name", sampled(["SGD", "RMSprop", "Adam", "AdamW", "Nadam", "Adamax"], always=("SGD", "Nadam"))
)
def test_one_cycle_momentum_moves(name):
    schedule = read_choice("schedule", "one_cycle: {max_rate: 0.01, momentum: [0.95, 0.85]}")
    built = build_optimizer(read_choice("optimizer", f"{name}: {{clipnorm: 1.0}}"), schedule, None, 10, 21)
    assert type(built).__name__ == f"Moving{name}" and built.clipnorm == 1.0
    x = keras.Variable(np.ones((2, 2), "float32"))
    built.build([x])
    seen = []
    for _ in range(21):
        built.apply([np.ones((2, 2), "float32")])
        seen.append((last_learning_rate(built), last_momentum(built)))
    assert seen[0] == pytest.approx((0.001, 0.95))
    assert seen[9] == pytest.approx((0.01, 0.85))
    assert seen[20][1] == pytest.approx(0.95)


def test_momentum_cycle_needs_an_optimizer_that_has_momentum():
    schedule = read_choice("schedule", "one_cycle: {max_rate: 0.01, momentum: [0.95, 0.85]}")
    with pytest.raises(InputError, match="Adagrad does not support"):
        build_optimizer(read_choice("optimizer", "Adagrad"), schedule, None, 10, 20)


def test_schedules_count_updates_under_accumulation():
    choice = read_choice("optimizer", "SGD: {learning_rate: 1.0, gradient_accumulation_steps: 4}")
    built = build_optimizer(choice, read_choice("schedule", "exponential: 1 epochs"), None, 40, 80)
    x = keras.Variable(np.zeros((2, 2), "float32"))
    built.build([x])
    for batch in range(80):
        built.apply([np.zeros((2, 2), "float32")])
        if (batch + 1) % 4 == 0:
            assert last_learning_rate(built) == pytest.approx(0.1 ** (batch // 4 / 10), rel=1e-4)
    assert isinstance(built._learning_rate, custom_objects.PerUpdate)


def test_weight_decay_spares_biases_norms_and_slopes():
    layers = [keras.Input((4,)), keras.layers.Dense(3), keras.layers.BatchNormalization(), keras.layers.PReLU()]
    model = keras.Sequential([*layers, custom_objects.LearnedSwish(), keras.layers.Dense(1)])
    for variable in model.trainable_variables:
        variable.assign(np.ones(variable.shape))
    built = build_optimizer(read_choice("optimizer", "SGD: 0.5"), None, 0.1)
    spared = exclude_biases_and_norms_from_decay(built, model)
    assert len(spared) == 6
    built.build(model.trainable_variables)
    built.apply([np.zeros(v.shape, "float32") for v in model.trainable_variables])
    for variable in model.trainable_variables:
        expected = 0.95 if variable.name == "kernel" else 1.0
        np.testing.assert_allclose(variable.numpy(), expected, rtol=1e-6)


def test_the_optimizers_own_weight_decay_wins_and_none_is_added_unasked():
    assert build_optimizer(read_choice("optimizer", "AdamW: {weight_decay: 0.05}"), None, None).weight_decay == 0.05
    assert build_optimizer(read_choice("optimizer", "SGD"), None, None).weight_decay is None
    assert build_optimizer(read_choice("optimizer", "Nadam"), None, 0.02).weight_decay == 0.02


def test_loss_scaling_wraps_the_scheduled_optimizer():
    choice = read_choice("optimizer", "LossScaleOptimizer: {inner_optimizer: {SGD: 0.1}, initial_scale: 8.0}")
    built = build_optimizer(choice, read_choice("schedule", "exponential: 10"), 0.01, 10, 100)
    assert isinstance(built, keras.optimizers.LossScaleOptimizer)
    assert built.initial_scale == 8.0 and built.inner_optimizer.weight_decay == 0.01
    assert last_learning_rate(built) == pytest.approx(0.1)


def two_layers():
    layers = [keras.layers.Dense(3, name="body"), keras.layers.Dense(1, name="head")]
    inputs = keras.Input((4,))
    return keras.Model(inputs, layers[1](layers[0](inputs)))


def test_groups_of_layers_have_their_own_optimizers():
    text = "MultiOptimizer: {default_optimizer: {SGD: 0.5}, optimizer_map: {body/.*: {SGD: 0.1}}}"
    model, choice = two_layers(), read_choice("optimizer", text)
    check_multi_optimizer(choice, model)
    built = build_optimizer(choice, read_choice("schedule", "exponential: 10"), 0.2, 10, 100)
    assert len(exclude_biases_and_norms_from_decay(built, model)) == 2
    for variable in model.trainable_variables:
        variable.assign(np.ones(variable.shape))
    built.build(model.trainable_variables)
    built.apply([np.zeros(v.shape, "float32") for v in model.trainable_variables])
    kernels = [model.get_layer(name).kernel.numpy().mean() for name in ("body", "head")]
    assert kernels == pytest.approx([1 - 0.1 * 0.2, 1 - 0.5 * 0.2])
    assert model.get_layer("body").bias.numpy().mean() == 1.0
    assert last_learning_rate(built) == pytest.approx(0.5)


@pytest.mark.parametrize(
    ("patterns", "said"),
    [
        ("{bod/.*: SGD}", "matches none of the variables"),
        ("{body/.*: SGD, .*/kernel: SGD}", "both match body/kernel"),
        ("{body/(: SGD}", "not a valid regular expression"),
    ],
)
def test_patterns_that_meet_nothing_or_the_same_are_refused(patterns, said):
    text = f"MultiOptimizer: {{default_optimizer: SGD, optimizer_map: {patterns}}}"
    with pytest.raises(InputError, match=said):
        check_multi_optimizer(read_choice("optimizer", text), two_layers())
