"""The layers' health while a run trains: what `diagnose` reads, on one real batch, at epoch ends.

Stages that train the network on its task are read, not those that pretrain its body on something else. A second
model of the same layers does the reading, and leaves no trace: with and without it, weights are the same bit for
bit.
"""

from __future__ import annotations

import time
from dataclasses import asdict
from typing import Any

import keras

from kerasdeep import build
from kerasdeep.build.batches import permutation
from kerasdeep.catalog.types import Duration
from kerasdeep.data import Dataset
from kerasdeep.measuring import signals, weights
from kerasdeep.run_dir import RunDir
from kerasdeep.spec.experiment import Spec
from kerasdeep.training.stage import Stage
from kerasdeep.training.tensorboard import TensorBoard

SHARE = 0.05
"""Of the training time, that readings may take where `watch` is auto."""
FIRST = 0.1
"""Seconds that the first reading is taken to cost; it is known afterwards."""
FACT = "health"


class Health:
    """Reads at the epoch ends that `watch` asks for, and keeps `facts/health.json`.

    `auto` reads whenever the readings so far and one more cost at most `SHARE` of the training time so far, so a
    short run has none. The fact has every reading, and the last one's gradients as histograms; `tensorboard` gets
    histograms of each. Readings of epochs after the first `epochs` are forgotten: a resumed run takes them again.
    """

    def __init__(
        self,
        run: RunDir,
        spec: Spec,
        dataset: Dataset,
        model: keras.Model,
        epochs: int,
        tensorboard: TensorBoard | None = None,
    ) -> None:
        self._run, self._spec, self._dataset, self._model = run, spec, dataset, model
        self._tensorboard = tensorboard
        self._every: Duration | str = spec.training.watch
        self._places = signals.sites(model)
        rows = permutation(spec.seed, 0, len(dataset.train))[: signals.rows_for(model)]
        self._batch = signals.take(dataset.train, rows, build.sample_weights(dataset))
        known = (run.read_fact(FACT) or {}).get("readings") or []
        self._readings = [reading for reading in known if reading["epoch"] <= epochs]
        self._spent = sum(reading["seconds"] for reading in self._readings)
        self._trained = 0.0
        self._last = time.monotonic()
        self._reader: tuple[int, keras.Model] | None = None

    def epoch_end(self, stage: Stage, row: dict[str, Any]) -> None:
        self._trained += row["seconds"]
        if stage.model is not self._model or not self._places or not self._due(stage, row["epoch"]):
            return
        start = time.perf_counter()
        found = signals.read(self._reader_of(stage), self._places, self._batch, _unscaled(self._model.optimizer))
        seconds = time.perf_counter() - start
        self._spent += seconds
        self._last = time.monotonic()
        self._readings.append(
            {
                "stage": stage.name,
                "epoch": row["epoch"],
                "loss": found.loss,
                "seconds": round(seconds, 4),
                "layers": {name: asdict(signal) for name, signal in found.signals.items()},
            }
        )
        fact = {"rows": len(self._rows), "layers": self._layers, "readings": self._readings}
        self._run.write_fact(FACT, {**fact, "gradients": found.gradients})
        if self._tensorboard:
            kernels = {name: weights.histogram(kernel) for name, kernel in signals.kernels(self._places).items()}
            self._tensorboard.histograms(row["epoch"], {"weights": kernels, "gradients": found.gradients})

    @property
    def _rows(self) -> Any:
        return keras.tree.flatten(self._batch[0])[0]

    @property
    def _layers(self) -> list[dict[str, Any]]:
        return [
            {
                "name": site.name,
                "class": type(site.layer).__name__,
                "activation": site.activation,
                "output": site.is_output,
            }
            for site in self._places
        ]

    def _due(self, stage: Stage, epoch: int) -> bool:
        if isinstance(self._every, str):
            next_one = self._readings[-1]["seconds"] if self._readings else FIRST
            return self._spent + next_one <= SHARE * self._trained
        if self._every.unit == "minutes":
            return time.monotonic() - self._last >= 60 * self._every.amount
        steps = self._every.steps(stage.steps_per_epoch, stage.steps_per_epoch * stage.epochs)
        done = (epoch - stage.first_epoch) * stage.steps_per_epoch
        return done // steps > (done - stage.steps_per_epoch) // steps

    def _reader_of(self, stage: Stage) -> keras.Model:
        """A second model of the same layers, compiled for reading; anew in each stage, which trains other ones."""
        if self._reader is None or self._reader[0] != stage.number:
            reader = keras.Model(self._model.input, self._model.output)
            signals.catch(reader, build.all_losses(self._spec, self._dataset))
            self._reader = stage.number, reader
        return self._reader[1]


def _unscaled(optimizer: keras.optimizers.Optimizer) -> keras.optimizers.Optimizer:
    """Without the wrapper that scales the loss: the gradients that are read are not scaled."""
    while isinstance(optimizer, keras.optimizers.LossScaleOptimizer):
        optimizer = optimizer.inner_optimizer
    return optimizer
