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

from kerasdeep import modeling
from kerasdeep.catalog.types import Duration
from kerasdeep.config.root import Config
from kerasdeep.data import Dataset
from kerasdeep.evaluation import layer_stats, weight_stats
from kerasdeep.modeling.batches import epoch_permutation
from kerasdeep.modeling.param_groups import unwrap_loss_scale
from kerasdeep.runs import RunDir, facts
from kerasdeep.training.phase import PhaseState
from kerasdeep.training.tensorboard import TensorBoard

MAX_TIME_SHARE = 0.05
"""Of the training time, that readings may take where `watch` is auto."""
FIRST_READING_SECONDS = 0.1
"""Seconds that the first reading is taken to cost; it is known afterwards."""
FACT = "health"


class LayerMonitor:
    """Reads at the epoch ends that `watch` asks for, and keeps `facts/health.json`.

    `auto` reads whenever the readings so far and one more cost at most `SHARE` of the training time so far, so a
    short run has none. The fact has every reading, and the last one's gradients as histograms; `tensorboard` gets
    histograms of each. Readings of epochs after the first `epochs` are forgotten: a resumed run takes them again.
    """

    def __init__(
        self,
        run: RunDir,
        config: Config,
        dataset: Dataset,
        model: keras.Model,
        epochs: int,
        tensorboard: TensorBoard | None = None,
    ) -> None:
        self._run, self._spec, self._dataset, self._model = run, config, dataset, model
        self._tensorboard = tensorboard
        self._interval: Duration | str = config.training.watch
        self._taps = layer_stats.layer_taps(model)
        row_indices = epoch_permutation(config.seed, 0, len(dataset.train))[: layer_stats.max_batch_rows(model)]
        self._batch = layer_stats.take_rows(dataset.train, row_indices, modeling.sample_weights(dataset))
        earlier = facts.read_fact(run, facts.HealthFact)
        self._readings = [
            asdict(reading) for reading in (earlier.readings if earlier else ()) if reading.epoch <= epochs
        ]
        self._reading_seconds = sum(reading["seconds"] for reading in self._readings)
        self._training_seconds = 0.0
        self._last = time.monotonic()
        self._reader_model: tuple[int, keras.Model] | None = None

    def on_epoch_end(self, phase: PhaseState, row: dict[str, Any]) -> None:
        self._training_seconds += row["seconds"]
        if phase.model is not self._model or not self._taps or not self._is_due(phase, row["epoch"]):
            return
        start = time.perf_counter()
        measured = layer_stats.measure_layers(
            self._reader_for(phase), self._taps, self._batch, unwrap_loss_scale(self._model.optimizer)
        )
        seconds = time.perf_counter() - start
        self._reading_seconds += seconds
        self._last = time.monotonic()
        self._readings.append(
            {
                "stage": phase.name,
                "epoch": row["epoch"],
                "loss": measured.loss,
                "seconds": round(seconds, 4),
                "layers": {name: asdict(signal) for name, signal in measured.layers.items()},
            }
        )
        fact = {"rows": len(self._rows), "layers": self._layers, "readings": self._readings}
        self._run.write_fact(FACT, {**fact, "gradients": measured.gradient_histograms})
        if self._tensorboard:
            kernels = {
                name: weight_stats.histogram(kernel) for name, kernel in layer_stats.kernel_values(self._taps).items()
            }
            self._tensorboard.write_histograms(
                row["epoch"], {"weights": kernels, "gradients": measured.gradient_histograms}
            )

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
            for site in self._taps
        ]

    def _is_due(self, phase: PhaseState, epoch: int) -> bool:
        if isinstance(self._interval, str):
            next_seconds = self._readings[-1]["seconds"] if self._readings else FIRST_READING_SECONDS
            return self._reading_seconds + next_seconds <= MAX_TIME_SHARE * self._training_seconds
        if self._interval.unit == "minutes":
            return time.monotonic() - self._last >= 60 * self._interval.amount
        interval_steps = self._interval.steps(phase.steps_per_epoch, phase.steps_per_epoch * phase.epochs)
        steps_done = (epoch - phase.first_epoch) * phase.steps_per_epoch
        return steps_done // interval_steps > (steps_done - phase.steps_per_epoch) // interval_steps

    def _reader_for(self, phase: PhaseState) -> keras.Model:
        """A second model of the same layers, compiled for reading; anew in each stage, which trains other ones."""
        if self._reader_model is None or self._reader_model[0] != phase.index:
            reader = keras.Model(self._model.input, self._model.output)
            layer_stats.compile_for_gradients(reader, modeling.losses_from_config(self._spec, self._dataset))
            self._reader_model = phase.index, reader
        return self._reader_model[1]
