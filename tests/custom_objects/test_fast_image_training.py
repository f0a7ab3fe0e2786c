"""What the fastest CIFAR-10 recipes need and Keras lacks, against formulas in NumPy."""

import keras
import numpy as np
import pytest

from kerasdeep.custom_objects import ConvMuon, PartialIdentity, RandomShift


def orthogonal(matrix, steps):
    a, b, c = 3.4445, -4.7750, 2.0315
    x = matrix / (np.linalg.norm(matrix) + 1e-7)
    for _ in range(steps):
        gram = x @ x.T
        x = a * x + (b * gram + c * gram @ gram) @ x
    return x


@pytest.mark.parametrize("shape", [(3, 3, 4, 8), (5, 7), (40, 3)])
@pytest.mark.parametrize("normalize", [False, True])
def test_muon_steps_are_orthogonal_for_kernels_of_every_rank(shape, normalize):
    numbers = np.random.default_rng(0)
    start, gradients = numbers.normal(size=shape), numbers.normal(size=(2, *shape))
    kernel, bias = keras.Variable(start.astype("float32")), keras.Variable(np.ones(4, "float32"))
    optimizer = ConvMuon(0.1, momentum=0.6, steps=3, normalize=normalize)
    expected, velocity, rows = start, np.zeros(shape), shape[-1]
    for gradient in gradients:
        optimizer.apply([keras.ops.convert_to_tensor(gradient, "float32"), keras.ops.ones(4)], [kernel, bias])
        velocity = 0.6 * velocity + gradient
        step = (gradient + 0.6 * velocity).reshape(-1, rows).T
        if normalize:
            expected = expected * np.sqrt(rows) / np.linalg.norm(expected)
        expected = expected - 0.1 * orthogonal(step, 3).T.reshape(shape)
    np.testing.assert_allclose(kernel.numpy(), expected, rtol=2e-3, atol=2e-4)
    np.testing.assert_allclose(bias.numpy(), 1 - 0.1 * (1.6 + 1 + 0.6 * 1.6), rtol=1e-5)


def test_muon_steps_from_a_kernel_of_zeros():
    kernel = keras.Variable(np.zeros((4, 3), "float32"))
    ConvMuon(0.1, normalize=True).apply([keras.ops.ones((4, 3))], [kernel])
    assert np.isfinite(kernel.numpy()).all() and np.abs(kernel.numpy()).max() > 0


def test_muon_lifts_every_singular_value_near_one_and_is_saved():
    step = ConvMuon()._orthogonal(np.random.default_rng(1).normal(size=(3, 3, 16, 24)).astype("float32"))
    values = np.linalg.svd(np.array(step).reshape(-1, 24), compute_uv=False)
    assert values.min() > 0.6 and values.max() < 1.3
    again = ConvMuon.from_config(ConvMuon(0.2, steps=3, compute_dtype="bfloat16").get_config())
    assert (again.steps, again.compute_dtype, float(again.learning_rate)) == (3, "bfloat16", pytest.approx(0.2))
    with pytest.raises(ValueError, match="at least 1"):
        ConvMuon(steps=0)


def test_the_first_outputs_repeat_the_inputs():
    kernel = np.array(PartialIdentity(seed=3)((3, 3, 4, 10)))
    pictures = np.random.default_rng(0).normal(size=(2, 6, 6, 4)).astype("float32")
    answers = np.array(keras.ops.conv(pictures, kernel, padding="same"))
    np.testing.assert_allclose(answers[..., :4], pictures, rtol=1e-6)
    drawn = kernel[..., 4:]
    assert np.abs(drawn).max() <= 1 / 6 and drawn.var() == pytest.approx(1 / 108, rel=0.1)  # fan_in 36
    np.testing.assert_array_equal(kernel, np.array(PartialIdentity.from_config({"seed": 3})((3, 3, 4, 10))))
    np.testing.assert_array_equal(np.array(PartialIdentity()((5, 2)))[:2], np.eye(2))


def test_each_picture_gets_its_own_shift_with_mirrored_edges():
    pictures = np.random.default_rng(0).normal(size=(200, 6, 7, 2)).astype("float32")
    layer = RandomShift(2, seed=1)
    np.testing.assert_array_equal(layer(pictures), pictures)
    moved, seen = np.array(layer(pictures, training=True)), set()
    padded = np.pad(pictures, ((0, 0), (2, 2), (2, 2), (0, 0)), mode="reflect")
    for number, picture in enumerate(moved):
        offsets = [
            (top, left)
            for top in range(5)
            for left in range(5)
            if np.array_equal(picture, padded[number, top : top + 6, left : left + 7])
        ]
        assert len(offsets) == 1
        seen.update(offsets)
    assert len(seen) == 25
    assert RandomShift.from_config(layer.get_config()).pixels == 2
    with pytest.raises(ValueError, match="larger pictures"):
        RandomShift(6)(pictures)
