"""Monte Carlo dropout: how much a model's predictions vary when its dropout layers stay random.

Gal & Ghahramani 2016, "Dropout as a Bayesian approximation": the mean over random copies of the network is the
prediction, their spread its uncertainty. All copies run inside one compiled call for each batch of rows; only sums
leave it, so memory does not grow with the number of copies.
"""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
from keras import ops

from kerasdeep.backends import current_backend
from kerasdeep.errors import InputError, SourceLocation
from kerasdeep.evaluation.types import Moments
from kerasdeep.heads import by_head
from kerasdeep.inference.mc_layers import dropout_enabled, has_positive_rate, random_layers
from kerasdeep.inference.mc_split import split_at_dropout
from kerasdeep.modeling.batches import evaluation_batch_size


def sample_outputs(model: keras.Model, x: Any, samples: int, seed: int) -> dict[str, Moments]:
    """Moments by head over `samples` random copies of every row of `x`.

    Each row, copy and layer draws for itself; the same seed gives the same numbers. Raises InputError when the
    model has no layer that drops units.
    """
    layers = random_layers(model)
    if not layers:
        message = (
            "this model has no dropout-like layer (Dropout, SpatialDropout, AlphaDropout, GaussianDropout, or a "
            "recurrent layer with dropout), so all copies would be equal. Predict without --mc, or train with "
            "the layer `Dropout: 0.2` in front of `Output`, or `regularization: {dropout: 0.2}` for Dense layers."
        )
        raise InputError(message, "no-dropout", SourceLocation("--mc"))
    if not has_positive_rate(layers):
        samples = 1  # every rate is 0: all copies are the same
    rows = len(keras.tree.flatten(x)[0])
    max_rows = evaluation_batch_size(model)
    batch = min(rows, max_rows)
    copies = 1 if _shares_masks(layers) else _copies_at_once(samples, max_rows // batch)
    run_batch = current_backend().compile_function(_sampler(model, layers, batch, samples, copies, seed), model)
    starts = range(0, rows, batch)
    parts = [
        run_batch(_padded_batch(x, start, batch), np.int32(batch_number)) for batch_number, start in enumerate(starts)
    ]
    parts = [keras.tree.map_structure(np.asarray, part) for part in parts]
    totals = keras.tree.map_structure(lambda *pieces: np.concatenate(pieces)[:rows], *parts)
    return {head: _moments_from_sums(**sums, samples=samples) for head, sums in totals.items()}


def _moments_from_sums(
    center: np.ndarray, sum: np.ndarray, squares: np.ndarray, entropies: np.ndarray, samples: int
) -> Moments:
    center, mean = center.astype(np.float64), sum.astype(np.float64) / samples
    variance = squares.astype(np.float64) / samples - np.square(mean)
    return Moments(center + mean, np.sqrt(np.maximum(0.0, variance)), entropies.astype(np.float64) / samples)


def _sampler(model: keras.Model, layers: list[Any], batch: int, samples: int, copies: int, seed: int) -> Any:
    """A function (rows of one batch, the batch's number) -> sums over all copies, by head.

    What lies before the first random layers is computed once. Sums are of differences from the model's plain
    output, so that small deviations do not drown in float32.
    """
    rounds = samples // copies
    before, after = split_at_dropout(model, layers) or (None, model)

    def sampler(x: Any, batch_number: Any) -> dict[str, dict[str, Any]]:
        deterministic = by_head(model(x, training=False))
        center = {head: ops.cast(output, "float32") for head, output in deterministic.items()}
        shared = x if before is None else before(x, training=False)
        repeated = keras.tree.map_structure(
            lambda rows: ops.tile(rows, (copies, *(1,) * (len(rows.shape) - 1))), shared
        )

        def add_round(round_number: Any, sums: dict[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
            with dropout_enabled(
                layers, seed, lambda: batch_number * rounds + round_number, current_backend().fast_dropout()
            ):
                outputs = by_head(after(repeated, training=False))
            return {head: _add_sums(sums[head], outputs[head], center[head], copies) for head in sums}

        zeros = {
            head: {
                "sum": ops.zeros_like(output),
                "squares": ops.zeros_like(output),
                "entropies": ops.zeros((batch,), "float32"),
            }
            for head, output in center.items()
        }
        sums = ops.fori_loop(0, rounds, add_round, zeros)
        return {head: {"center": center[head], **sums[head]} for head in sums}

    return sampler


def _add_sums(sums: dict[str, Any], output: Any, center: Any, copies: int) -> dict[str, Any]:
    output = ops.cast(output, "float32")
    difference = ops.reshape(output, (copies, *center.shape)) - center
    entropies = ops.reshape(_entropy(output), (copies, center.shape[0]))
    return {
        "sum": sums["sum"] + ops.sum(difference, axis=0),
        "squares": sums["squares"] + ops.sum(ops.square(difference), axis=0),
        "entropies": sums["entropies"] + ops.sum(entropies, axis=0),
    }


def _entropy(p: Any) -> Any:
    """Entropy of each row in nats; a lone column is the probability of class 1."""
    if p.shape[-1] == 1:
        p = ops.concatenate([p, 1 - p], axis=-1)
    return -ops.sum(ops.where(p > 0, p * ops.log(ops.where(p > 0, p, 1.0)), 0.0), axis=-1)


def _shares_masks(layers: list[Any]) -> bool:
    """Whether a mask spans the batch, so that repeated rows would not be independent copies."""
    return any((getattr(layer, "noise_shape", None) or (None,))[0] is not None for layer in layers)


def _copies_at_once(samples: int, max_copies: int) -> int:
    """The largest divisor of `samples` up to `max_copies`: a batch of one row costs nearly as much as of a hundred."""
    return max(divisor for divisor in range(1, min(max_copies, samples) + 1) if samples % divisor == 0)


def _padded_batch(x: Any, start: int, size: int) -> Any:
    """`size` rows from `start` on; the last is repeated where there are fewer, so that one graph serves all."""

    def cut(array: Any) -> np.ndarray:
        rows = np.asarray(array[start : start + size])
        return np.concatenate([rows, np.repeat(rows[-1:], size - len(rows), axis=0)])

    return keras.tree.map_structure(cut, x)
