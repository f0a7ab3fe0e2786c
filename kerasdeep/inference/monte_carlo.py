"""Monte Carlo dropout: how much a model's answers vary when its dropout layers stay random.

Gal & Ghahramani 2016, "Dropout as a Bayesian approximation": the mean over random copies of the network is the
prediction, their spread its uncertainty. All copies run inside one compiled call for each batch of rows; only sums
leave it, so memory does not grow with the number of copies.
"""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
from keras import ops

from kerasdeep.build.batches import evaluation_batch
from kerasdeep.data.dataset import OUTPUT
from kerasdeep.errors import InputError, Mark
from kerasdeep.inference.dropout import is_random, kept_random, random_layers
from kerasdeep.inference.splitting import split
from kerasdeep.measuring.probabilities import both_columns, entropy


@dataclass(frozen=True, slots=True)
class Moments:
    """What the copies say about one head, (rows, units): mean and deviation (of the copies, not of their mean).

    `mean_entropy` is (rows,), the mean of each copy's own entropy in nats; it means nothing for numbers.
    """

    mean: np.ndarray
    std: np.ndarray
    mean_entropy: np.ndarray

    @property
    def predictive_entropy(self) -> np.ndarray:
        """Entropy of the mean: all uncertainty there is, in nats (rows,)."""
        return entropy(both_columns(self.mean))

    @property
    def mutual_information(self) -> np.ndarray:
        """What of it comes from the model not being settled (Houlsby et al. 2011), in nats: (rows,)."""
        return np.maximum(0.0, self.predictive_entropy - self.mean_entropy)


def sample(model: keras.Model, x: Any, samples: int, seed: int) -> dict[str, Moments]:
    """Moments by head over `samples` random copies of every row of `x`.

    Each row, copy and layer draws for itself; the same seed gives the same numbers. Raises InputError when the
    model has no layer that drops units.
    """
    layers = random_layers(model)
    if not layers:
        message = (
            "this model has no dropout-like layer (Dropout, SpatialDropout, AlphaDropout, GaussianDropout, or a "
            "recurrent layer with dropout), so all copies would be equal. Predict without --mc, or train with "
            "`regularization: {dropout: 0.2}`."
        )
        raise InputError(message, "no-dropout", Mark("--mc"))
    if not is_random(layers):
        samples = 1  # every rate is 0: all copies are the same
    rows = len(keras.tree.flatten(x)[0])
    most = evaluation_batch(model)
    batch = min(rows, most)
    copies = 1 if _shares_masks(layers) else _copies_at_once(samples, most // batch)
    run = _backend().compiled(_sampler(model, layers, batch, samples, copies, seed), model)
    starts = range(0, rows, batch)
    parts = [run(_batch(x, start, batch), np.int32(number)) for number, start in enumerate(starts)]
    parts = [keras.tree.map_structure(np.asarray, part) for part in parts]
    together = keras.tree.map_structure(lambda *pieces: np.concatenate(pieces)[:rows], *parts)
    return {head: _moments(**sums, samples=samples) for head, sums in together.items()}


def _moments(
    center: np.ndarray, sum: np.ndarray, squares: np.ndarray, entropies: np.ndarray, samples: int
) -> Moments:
    center, mean = center.astype(np.float64), sum.astype(np.float64) / samples
    variance = squares.astype(np.float64) / samples - np.square(mean)
    return Moments(center + mean, np.sqrt(np.maximum(0.0, variance)), entropies.astype(np.float64) / samples)


def _sampler(model: keras.Model, layers: list[Any], batch: int, samples: int, copies: int, seed: int) -> Any:
    """A function (rows of one batch, the batch's number) -> sums over all copies, by head.

    What lies before the first random layers is computed once. Sums are of differences from the model's plain
    answer, so that small deviations do not drown in float32.
    """
    rounds = samples // copies
    before, after = split(model, layers) or (None, model)

    def sampler(x: Any, number: Any) -> dict[str, dict[str, Any]]:
        plain = by_head(model(x, training=False))
        center = {head: ops.cast(output, "float32") for head, output in plain.items()}
        same = x if before is None else before(x, training=False)
        repeated = keras.tree.map_structure(
            lambda rows: ops.tile(rows, (copies, *(1,) * (len(rows.shape) - 1))), same
        )

        def add_round(position: Any, sums: dict[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
            with kept_random(layers, seed, lambda: number * rounds + position, _backend().dropped):
                outputs = by_head(after(repeated, training=False))
            return {head: _added(sums[head], outputs[head], center[head], copies) for head in sums}

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


def _added(sums: dict[str, Any], output: Any, center: Any, copies: int) -> dict[str, Any]:
    output = ops.cast(output, "float32")
    apart = ops.reshape(output, (copies, *center.shape)) - center
    entropies = ops.reshape(_entropy(output), (copies, center.shape[0]))
    return {
        "sum": sums["sum"] + ops.sum(apart, axis=0),
        "squares": sums["squares"] + ops.sum(ops.square(apart), axis=0),
        "entropies": sums["entropies"] + ops.sum(entropies, axis=0),
    }


def _entropy(p: Any) -> Any:
    """Entropy of each row in nats; a lone column is the probability of class 1."""
    if p.shape[-1] == 1:
        p = ops.concatenate([p, 1 - p], axis=-1)
    return -ops.sum(ops.where(p > 0, p * ops.log(ops.where(p > 0, p, 1.0)), 0.0), axis=-1)


def by_head(outputs: Any) -> dict[str, Any]:
    """A model's outputs by head; a single head has no name of its own in the model."""
    return dict(outputs) if isinstance(outputs, Mapping) else {OUTPUT: outputs}


def _shares_masks(layers: list[Any]) -> bool:
    """Whether a mask spans the batch, so that repeated rows would not be independent copies."""
    return any((getattr(layer, "noise_shape", None) or (None,))[0] is not None for layer in layers)


def _copies_at_once(samples: int, most: int) -> int:
    """The largest divisor of `samples` that is at most `most`: a batch of one row costs nearly as much as one of a
    hundred."""
    return max(divisor for divisor in range(1, min(most, samples) + 1) if samples % divisor == 0)


def _batch(x: Any, start: int, size: int) -> Any:
    """`size` rows from `start` on; the last is repeated where there are fewer, so that one graph serves all."""

    def cut(array: Any) -> np.ndarray:
        rows = np.asarray(array[start : start + size])
        return np.concatenate([rows, np.repeat(rows[-1:], size - len(rows), axis=0)])

    return keras.tree.map_structure(cut, x)


def _backend() -> Any:
    return importlib.import_module(f"kerasdeep.inference.compiled_{keras.config.backend()}")
