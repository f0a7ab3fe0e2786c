"""Momentum really moves inside a compiled loop: each update is compared with one computed by hand."""

import keras
import numpy as np
import pytest
from keras import ops

from kerasdeep.custom_objects import (
    MovingAdam,
    MovingAdamax,
    MovingAdamW,
    MovingNadam,
    MovingRMSprop,
    MovingSGD,
    OneCycleMomentum,
)

STEPS = 40
CYCLE = OneCycleMomentum(STEPS, high=0.9, low=0.1)
START = np.array([1.0, -2.0, 0.5])
SLOPE = np.array([3.0, 0.2, 1.0])


def momenta():
    return [float(CYCLE(step)) for step in range(STEPS)]


def compiled(optimizer, xla):
    """Minimise sum(SLOPE x**2)/2 for STEPS updates in one compiled loop; the gradient is SLOPE x."""
    x = keras.Variable(START, dtype="float64")
    optimizer.build([x])
    return LOOPS[keras.backend.backend()](optimizer, x, xla)


def loop_in_tensorflow(optimizer, x, xla):
    import tensorflow as tf

    @tf.function(jit_compile=xla)
    def loop():
        step = tf.constant(0)
        while step < STEPS:
            optimizer.apply([ops.cast(SLOPE, "float64") * x.value])
            step += 1

    loop()
    return x.numpy()


def loop_in_jax(optimizer, x, xla):
    import jax

    def step(_, state):
        slots, values = state
        values, slots = optimizer.stateless_apply(slots, [SLOPE * values[0]], values)
        return slots, values

    start = [variable.value for variable in optimizer.variables], [x.value]
    _, (result,) = jax.jit(lambda state: jax.lax.fori_loop(0, STEPS, step, state))(start)
    return np.asarray(result)


LOOPS = {"tensorflow": loop_in_tensorflow, "jax": loop_in_jax}


def by_hand_sgd(nesterov):
    x, v = START.copy(), np.zeros(3)
    for momentum in momenta():
        step = 0.05 * SLOPE * x
        v = momentum * v - step
        x = x + (momentum * v - step if nesterov else v)
    return x


def by_hand_rmsprop(centered):
    x, square, mean, buffer = START.copy(), np.zeros(3), np.zeros(3), np.zeros(3)
    for momentum in momenta():
        gradient = SLOPE * x
        square = 0.9 * square + 0.1 * gradient**2
        mean = 0.9 * mean + 0.1 * gradient
        spread = square + 1e-7 - (mean**2 if centered else 0)
        buffer = momentum * buffer + 0.05 * gradient / np.sqrt(spread)
        x = x - buffer
    return x


def by_hand_adam(kind):
    x, m, s, product = START.copy(), np.zeros(3), np.zeros(3), 1.0
    for t, beta in enumerate(momenta(), 1):
        if kind == "adamw":
            x = x - x * 0.004 * 0.05
        gradient = SLOPE * x
        product *= beta
        m = beta * m + (1 - beta) * gradient
        if kind == "adamax":
            s = np.maximum(0.999 * s, abs(gradient))
            x = x - 0.05 * m / (1 - product) / (s + 1e-7)
        else:
            s = 0.999 * s + 0.001 * gradient**2
            x = x - 0.05 * np.sqrt(1 - 0.999**t) / (1 - product) * m / (np.sqrt(s) + 1e-7)
    return x


def by_hand_nadam():
    x, m, s, product = START.copy(), np.zeros(3), np.zeros(3), 1.0
    for t, beta in enumerate(momenta(), 1):
        gradient = SLOPE * x
        now, ahead = (beta * (1 - 0.5 * 0.96**n) for n in (t, t + 1))
        product *= now
        m = beta * m + (1 - beta) * gradient
        s = 0.999 * s + 0.001 * gradient**2
        looked = ahead * m / (1 - product * ahead) + (1 - now) * gradient / (1 - product)
        x = x - 0.05 * looked / (np.sqrt(s / (1 - 0.999**t)) + 1e-7)
    return x


CASES = {
    "SGD": (MovingSGD, keras.optimizers.SGD, {}, lambda: by_hand_sgd(False)),
    "Nesterov": (MovingSGD, keras.optimizers.SGD, {"nesterov": True}, lambda: by_hand_sgd(True)),
    "RMSprop": (MovingRMSprop, keras.optimizers.RMSprop, {}, lambda: by_hand_rmsprop(False)),
    "centered": (MovingRMSprop, keras.optimizers.RMSprop, {"centered": True}, lambda: by_hand_rmsprop(True)),
    "Adam": (MovingAdam, keras.optimizers.Adam, {}, lambda: by_hand_adam("adam")),
    "AdamW": (MovingAdamW, keras.optimizers.AdamW, {}, lambda: by_hand_adam("adamw")),
    "Adamax": (MovingAdamax, keras.optimizers.Adamax, {}, lambda: by_hand_adam("adamax")),
    "Nadam": (MovingNadam, keras.optimizers.Nadam, {}, by_hand_nadam),
}


XLA_TOO = ("SGD", "Nadam")


@pytest.mark.parametrize(
    ("case", "xla"),
    [
        pytest.param(case, xla, marks=pytest.mark.slow if xla and case not in XLA_TOO else (), id=f"{case}-{kind}")
        for case in CASES
        for xla, kind in ((False, "graph"), (True, "xla"))
    ],
)
def test_momentum_moves_in_a_compiled_loop(case, xla):
    moving, fixed, arguments, by_hand = CASES[case]
    result = compiled(moving(0.05, momentum_schedule=CYCLE, **arguments), xla)
    np.testing.assert_allclose(result, by_hand(), rtol=2e-4, atol=2e-5)
    word = "momentum" if "momentum" in fixed().get_config() else "beta_1"
    still = compiled(fixed(0.05, **{word: 0.9}, **arguments), xla)
    assert abs(result - still).max() > 1e-3


@pytest.mark.parametrize("case", ["SGD", "RMSprop", "Adam", "AdamW", "Adamax", "Nadam"])
def test_a_constant_schedule_is_keras_own_optimizer(case):
    moving, fixed, _, _ = CASES[case]
    word = "momentum" if "momentum" in fixed().get_config() else "beta_1"
    constant = OneCycleMomentum(STEPS, high=0.9, low=0.9)
    result = compiled(moving(0.05, momentum_schedule=constant), False)
    np.testing.assert_allclose(result, compiled(fixed(0.05, **{word: 0.9}), False), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("case", CASES)
def test_moving_optimizers_survive_serialization(case):
    moving, _, arguments, _ = CASES[case]
    optimizer = moving(0.05, momentum_schedule=CYCLE, clipnorm=1.0, **arguments)
    config = keras.optimizers.serialize(optimizer)
    copy = keras.optimizers.deserialize(config)
    assert type(copy) is moving
    assert copy.get_config() == optimizer.get_config()
    assert float(copy.momentum_schedule(18)) == float(CYCLE(18))


def test_moving_momentum_advances_once_per_update_under_accumulation():
    optimizer = MovingSGD(0.05, momentum_schedule=CYCLE, gradient_accumulation_steps=2)
    x = keras.Variable(START, dtype="float64")
    optimizer.build([x])
    for _ in range(STEPS):
        gradient = SLOPE * x.numpy()
        for _ in range(2):
            optimizer.apply([ops.convert_to_tensor(gradient, "float64")])
    np.testing.assert_allclose(x.numpy(), by_hand_sgd(False), rtol=2e-4, atol=2e-5)
