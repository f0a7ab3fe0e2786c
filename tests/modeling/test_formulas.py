"""What the chapter states as formulas: variances, slopes, SELU's depth, the direction of clipped gradients."""

import math

import keras
import numpy as np
import pytest
from helpers.choices import read_choice

from kerasdeep.modeling.factory import create
from kerasdeep.modeling.optimizer import build_optimizer

INPUTS, UNITS = 300, 100
VARIANCES = {
    "he_normal": 2 / INPUTS,
    "he_uniform": 2 / INPUTS,
    "lecun_normal": 1 / INPUTS,
    "glorot_normal": 2 / (INPUTS + UNITS),
    "glorot_uniform": 2 / (INPUTS + UNITS),
    "VarianceScaling: {scale: 2.0, mode: fan_avg, distribution: uniform}": 4 / (INPUTS + UNITS),
}


@pytest.mark.parametrize(("text", "variance"), VARIANCES.items())
def test_initializers_draw_the_variance_of_their_formula(text, variance):
    keras.utils.set_random_seed(42)
    drawn = np.asarray(create(read_choice("initializer", text))((INPUTS, UNITS)))
    assert drawn.var() == pytest.approx(variance, rel=0.05)
    assert abs(drawn.mean()) < 0.05 * math.sqrt(variance)


def _softplus(z):
    return np.log1p(np.exp(z))


SMOOTH = {
    "elu": lambda z: np.where(z > 0, z, np.expm1(z)),
    "gelu": lambda z: z * np.vectorize(lambda one: 0.5 * (1 + math.erf(one / math.sqrt(2))))(z),
    "swish": lambda z: z / (1 + np.exp(-z)),
    "mish": lambda z: z * np.tanh(_softplus(z)),
    "selu": lambda z: 1.0507009873554805 * np.where(z > 0, z, 1.6732632423543772 * np.expm1(z)),
}


@pytest.mark.parametrize(("name", "formula"), SMOOTH.items())
def test_smooth_activations_and_their_slopes_follow_the_formula(name, formula):
    import tensorflow as tf

    z, step = np.linspace(-4.05, 4.05, 82), 1e-5
    point = tf.constant(z, "float32")
    with tf.GradientTape() as tape:
        tape.watch(point)
        value = create(read_choice("activation", name))(point)
    assert np.asarray(value) == pytest.approx(formula(z), abs=1e-5)
    slope = (formula(z + step) - formula(z - step)) / (2 * step)
    assert np.asarray(tape.gradient(value, point)) == pytest.approx(slope, abs=1e-5)


def test_selu_keeps_its_scale_through_a_thousand_layers():
    """Klambauer et al. 2017; the notebooks find deviations of 0.83 to 1 and means within 0.05.

    The mean of 100 units is itself drawn, with a deviation near 0.1: rows grow alike in so deep a net.
    """
    generator = np.random.default_rng(42)
    signal = generator.normal(size=(50, 100))
    for layer in range(1000):
        signal = SMOOTH["selu"](signal @ generator.normal(scale=0.1, size=(100, 100)))
        if layer % 100 == 0:
            assert 0.8 < signal.std() < 1.2
            assert abs(signal.mean()) < 0.25


def _steps(arguments):
    """What an SGD step of rate 1 takes from two variables whose gradients are (0.9, 100) and (3, 4)."""
    built = build_optimizer(read_choice("optimizer", f"SGD: {{learning_rate: 1.0, {arguments}}}"))
    variables = [keras.Variable(np.zeros(2, "float32")) for _ in range(2)]
    built.build(variables)
    built.apply([np.array([0.9, 100], "float32"), np.array([3, 4], "float32")])
    return [-np.asarray(variable.value) for variable in variables]


def _cosine(one, other):
    return float(one @ other / np.linalg.norm(one) / np.linalg.norm(other))


def test_clipping_by_norm_keeps_the_direction_and_by_value_does_not():
    gradients = [np.array([0.9, 100.0]), np.array([3.0, 4.0])]
    by_value, by_norm = _steps("clipvalue: 1.0"), _steps("clipnorm: 1.0")
    assert by_value[0] == pytest.approx([0.9, 1.0])
    assert _cosine(by_value[0], gradients[0]) < 0.8
    for step, gradient in zip(by_norm, gradients, strict=True):
        assert _cosine(step, gradient) == pytest.approx(1.0, abs=1e-6)
        assert np.linalg.norm(step) == pytest.approx(1.0, rel=1e-5)
    whole = np.concatenate(_steps("global_clipnorm: 1.0"))
    assert np.linalg.norm(whole) == pytest.approx(1.0, rel=1e-5)
    assert _cosine(whole, np.concatenate(gradients)) == pytest.approx(1.0, abs=1e-6)
