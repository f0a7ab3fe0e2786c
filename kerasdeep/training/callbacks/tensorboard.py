"""Scalars and histograms for TensorBoard, by epoch, written by TensorBoard's own writer on every backend."""

from __future__ import annotations

import contextlib
import sys
import time
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from types import ModuleType
from typing import Any

from kerasdeep.training.phase import Callback

_NOT_SCALARS = ("stage", "epoch")


class TensorBoard(Callback):
    """Writes `logs/train` and `logs/validation`, so that both curves share one chart."""

    def __init__(self, folder: Path, say: Callable[[str], None]) -> None:
        self._folder = folder
        self._writers: dict[str, Any] = {}
        # TensorBoard's own switch: without it a run on JAX would import TensorFlow only to write files.
        sys.modules.setdefault("tensorboard.compat.notf", ModuleType("tensorboard.compat.notf"))
        self.available = _is_installed()
        if not self.available:
            say("TensorBoard is not installed, so no logs are written for it: pip install tensorboard")

    def on_epoch_end(self, epoch: int, row: dict[str, Any]) -> None:
        if not self.available:
            return
        scalars_by_split: dict[str, dict[str, float]] = {"train": {}, "validation": {}}
        for name, value in row.items():
            if name not in _NOT_SCALARS and value is not None:
                split = "validation" if name.startswith("val_") else "train"
                scalars_by_split[split][name.removeprefix("val_")] = value
        for split, scalars in scalars_by_split.items():
            if scalars:
                self._write(split, scalars, row["epoch"])

    def __enter__(self) -> TensorBoard:
        return self

    def __exit__(self, *_: object) -> None:
        for writer in self._writers.values():
            writer.close()

    def write_histograms(self, step: int, families: dict[str, dict[str, dict[str, list[float]]]]) -> None:
        """Histograms (edges and counts) by family and layer, such as `weights/dense_1`."""
        if not self.available:
            return
        from tensorboard.compat.proto.summary_pb2 import HistogramProto, Summary

        values = []
        for family, layers in families.items():
            for layer, histogram in layers.items():
                edges, counts = histogram["edges"], histogram["counts"]
                middles = [(low + high) / 2 for low, high in pairwise(edges)]
                proto = HistogramProto(
                    min=edges[0],
                    max=edges[-1],
                    num=sum(counts),
                    sum=sum(count * middle for count, middle in zip(counts, middles, strict=True)),
                    sum_squares=sum(count * middle**2 for count, middle in zip(counts, middles, strict=True)),
                    bucket_limit=edges[1:],
                    bucket=counts,
                )
                values.append(Summary.Value(tag=f"{family}/{layer}", histo=proto))
        self._write_event("train", values, step)

    def _write(self, split: str, scalars: dict[str, float], step: int) -> None:
        from tensorboard.compat.proto.summary_pb2 import Summary

        values = [Summary.Value(tag=tag, simple_value=value) for tag, value in scalars.items()]
        self._write_event(split, values, step)

    def _write_event(self, split: str, values: list[Any], step: int) -> None:
        from tensorboard.compat.proto.event_pb2 import Event
        from tensorboard.compat.proto.summary_pb2 import Summary
        from tensorboard.summary.writer.event_file_writer import EventFileWriter

        if split not in self._writers:
            self._writers[split] = EventFileWriter(str(self._folder / split))
        self._writers[split].add_event(Event(wall_time=time.time(), step=step, summary=Summary(value=values)))
        self._writers[split].flush()


def _is_installed() -> bool:
    with contextlib.suppress(ImportError):
        import tensorboard.summary.writer.event_file_writer  # noqa: F401

        return True
    return False
