"""The layers' health while a run trains: what `diagnose` reads, on one real batch, at epoch ends.

Stages that train the network on its task are read, not those that pretrain its body on something else. A second
model of the same layers does the reading, and leaves nothing behind: with and without it, weights are the same bit for
bit.
"""

from __future__ import annotations

import time
from dataclasses import asdict
from functools import cached_property
from typing import Any

import keras

from kerasdeep import modeling
from kerasdeep.evaluation import layer_stats, weight_stats
from kerasdeep.experiment import Experiment
from kerasdeep.modeling.param_groups import unwrap_loss_scale
from kerasdeep.runs import RunDir, facts, training_facts
from kerasdeep.training.callbacks.interval import Interval
from kerasdeep.training.callbacks.tensorboard import TensorBoard
from kerasdeep.training.phase import Callback, PhaseState

MAX_TIME_SHARE = 0.05
"""Largest share of the training time that readings may take where `watch` is auto."""
FIRST_READING_SECONDS = 0.1
"""Seconds that the first reading is taken to cost; it is known afterwards."""
FACT = "health"


class LayerMonitor(Callback):
    """Reads at the epoch ends that `watch` asks for, and keeps `facts/health.json`.

    `auto` reads whenever the readings so far and one more cost at most `MAX_TIME_SHARE` of the training time so
    far, so a short run has none. The fact has every reading, and the last one's gradients as histograms;
    `tensorboard` gets histograms of each. Readings of epochs that are not among `rows`, the history so far, are
    forgotten: a resumed run takes them again.
    """

    def __init__(
        self,
        phase: PhaseState,
        run: RunDir,
        experiment: Experiment,
        rows: list[dict[str, Any]],
        tensorboard: TensorBoard | None = None,
    ) -> None:
        self._phase, self._run, self._tensorboard = phase, run, tensorboard
        watch, total_steps = experiment.config.training.watch, phase.steps_per_epoch * phase.epochs
        self._interval = (
            None if watch is None or isinstance(watch, str) else Interval(watch, phase.steps_per_epoch, total_steps)
        )
        self._taps = layer_stats.layer_taps(phase.model)
        self._batch = experiment.first_batch(layer_stats.max_batch_rows(phase.model))
        self._losses = modeling.losses_from_config(experiment.config, experiment.dataset)
        earlier = facts.read_fact(run, training_facts.HealthFact)
        self._readings = [
            asdict(reading) for reading in (earlier.readings if earlier else ()) if reading.epoch <= len(rows)
        ]
        self._reading_seconds = sum(reading["seconds"] for reading in self._readings)
        self._training_seconds = sum(row["seconds"] for row in rows)

    @classmethod
    def for_phase(
        cls,
        phase: PhaseState,
        run: RunDir,
        experiment: Experiment,
        rows: list[dict[str, Any]],
        tensorboard: TensorBoard | None,
    ) -> LayerMonitor | None:
        """For a phase that trains the network itself, on one device: the others would wait for a reading."""
        if not experiment.config.training.watch or experiment.runtime.devices > 1:
            return None
        return cls(phase, run, experiment, rows, tensorboard) if phase.model is experiment.model else None

    def on_epoch_end(self, epoch: int, row: dict[str, Any]) -> None:
        self._training_seconds += row["seconds"]
        if not self._taps or not self._is_due(epoch):
            return
        start = time.perf_counter()
        measured = self._reader.read(self._batch)
        seconds = time.perf_counter() - start
        self._reading_seconds += seconds
        if self._interval:
            self._interval.reset()
        self._readings.append(
            {
                "stage": self._phase.name,
                "epoch": row["epoch"],
                "loss": measured.loss,
                "seconds": round(seconds, 4),
                "layers": {name: asdict(signal) for name, signal in measured.layers.items()},
            }
        )
        batch_rows = len(keras.tree.flatten(self._batch[0])[0])
        fact = {"rows": batch_rows, "layers": self._layer_rows(), "readings": self._readings}
        self._run.write_fact(FACT, {**fact, "gradients": measured.gradient_histograms})
        if self._tensorboard:
            kernels = {
                name: weight_stats.histogram(kernel) for name, kernel in layer_stats.kernel_values(self._taps).items()
            }
            self._tensorboard.write_histograms(
                row["epoch"], {"weights": kernels, "gradients": measured.gradient_histograms}
            )

    def _layer_rows(self) -> list[dict[str, Any]]:
        return [
            {"name": tap.name, "class": type(tap.layer).__name__, "activation": tap.activation, "output": tap.is_output}
            for tap in self._taps
        ]

    def _is_due(self, epoch: int) -> bool:
        if self._interval is None:
            next_seconds = self._readings[-1]["seconds"] if self._readings else FIRST_READING_SECONDS
            return self._reading_seconds + next_seconds <= MAX_TIME_SHARE * self._training_seconds
        steps = self._phase.steps_per_epoch
        return self._interval.is_due((epoch + 1) * steps, since=epoch * steps)

    @cached_property
    def _reader(self) -> layer_stats.LayerReader:
        """Made at the first reading: the optimizer must be built, and a short run needs none."""
        optimizer = unwrap_loss_scale(self._phase.model.optimizer)
        return layer_stats.LayerReader(self._phase.model, self._losses, optimizer)
