"""Run directories as `kerasdeep train` leaves them, made up without training: for the tests of the report."""

from __future__ import annotations

import json
import math
from pathlib import Path
from types import SimpleNamespace

import numpy as np
from helpers.evaluated import evaluate_dataset

from kerasdeep.data import Dataset, DataSplit, Preprocessing
from kerasdeep.data.encoders.category import CategoryEncoder
from kerasdeep.data.encoders.number import NumberEncoder
from kerasdeep.data.preprocessing import ArrayTransform, TableTransform
from kerasdeep.data.targets import TargetEncoder
from kerasdeep.report.run_facts import FACT_KINDS, RunFacts
from kerasdeep.runs import RunDir
from kerasdeep.runs.facts import ResultFact, parse_fact


def facts_of(**raw: object) -> RunFacts:
    """The facts of a run `r` as they would be read from files with these values; history, config and such as given."""
    kinds = {**FACT_KINDS, "result": ResultFact}
    checked = {
        name: parse_fact(kinds[name], value, Path(name)) if name in kinds else value for name, value in raw.items()
    }
    return RunFacts("r", **checked)


GARMENTS = ["T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot"]
DIGITS_CONFIG = """\
version: 1
name: {name}
description: Ten kinds of garments from 28 × 28 pixels, three hidden layers and 1cycle.
seed: 42
data: {{source: digits, validation: 0.1, test: 0.2, scaling: unit}}
network:
  layers: [Flatten, {{Dense: 300}}, {{Dense: 100}}, Output]
optimizer: {{SGD: {{learning_rate: 0.05, momentum: 0.9}}}}  # the peak of the cycle
regularization: {{l2: 1e-4, dropout: 0.2}}
training: {{epochs: 25, batch_size: 32, early_stopping: {{patience: 5}}}}
"""
HOUSING_CONFIG = """\
version: 1
name: {name}
data: {{source: house prices.csv, target: [price], validation: 0.1, test: 0.2}}
network:
  layers: [{{Dense: 64}}, {{Dense: 64}}, Output]
training: {{epochs: 30}}
"""


def pictures(rows: int, seed: int = 0) -> np.ndarray:
    """Soft blobs on 28 × 28 pixels, 0 … 1."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[0:28, 0:28]
    cx, cy, wide, tall = (rng.uniform(*limits, (rows, 1, 1)) for limits in ((9, 19), (9, 19), (2, 7), (2, 8)))
    blobs = np.exp(-(((x - cx) / wide) ** 2) - ((y - cy) / tall) ** 4)
    return np.round(255 * np.clip(blobs * 1.3, 0, 1)).astype(np.float32) / 255


def classes_evaluation(names: list[str], rows: int = 600, sharpness: float = 3.0) -> SimpleNamespace:
    """Answers that are mostly right, and wrong among neighbours."""
    rng = np.random.default_rng(0)
    rule = TargetEncoder("garment", "multiclass", [str(n) for n in range(len(names))], names)
    y = np.arange(rows, dtype=np.int32) % len(names)
    scores = rng.normal(size=(rows, len(names)))
    scores[np.arange(rows), y] += sharpness
    scores[np.arange(rows), (y + 2) % len(names)] += sharpness / 2
    probabilities = np.exp(1.5 * scores) / np.exp(1.5 * scores).sum(axis=1, keepdims=True)
    inputs = {"input": ArrayTransform((28, 28), np.array(0.0), np.array(0.0), np.array(255.0))}
    part = DataSplit(pictures(rows), y, np.arange(rows))
    preprocessing = Preprocessing("image", inputs, [rule])
    dataset = Dataset(part, part, part, None, [rule.target], {"input": (28, 28)}, preprocessing, {}, [], "f00d")
    return evaluate_dataset(dataset, {"validation": np.roll(probabilities, 0, axis=0), "test": probabilities})


def numbers_evaluation(rows: int = 800) -> SimpleNamespace:
    rng = np.random.default_rng(0)
    rule = TargetEncoder("price", "regression", center=2.1, scale=1.1)
    z = rng.gamma(2.0, 0.7, rows).astype(np.float32) - 1.4
    names = ["MedInc", "HouseAge", "AveRooms", "Latitude", "Longitude"]
    offsets, scales = [3.9, 28.6, 5.4, 35.6, -119.6], [1.9, 12.6, 2.4, 2.1, 2.0]
    numbers = [NumberEncoder(name, 0.0, *values) for name, *values in zip(names, offsets, scales, strict=True)]
    table = TableTransform([*numbers, CategoryEncoder("coast", ["inland", "near bay"])])
    x = np.concatenate([rng.normal(size=(rows, 5)), np.eye(2)[rng.integers(0, 2, rows)]], axis=1)
    part = DataSplit(x.astype(np.float32), z, np.arange(rows))
    preprocessing = Preprocessing("table", {"input": table}, [rule])
    dataset = Dataset(part, part, part, None, [rule.target], {"input": (7,)}, preprocessing, {}, [], "f00d")
    said = z + 0.3 * rng.standard_t(5, rows).astype(np.float32)
    return evaluate_dataset(dataset, {"validation": said, "test": said[:, None]})


def history(run: RunDir, epochs: int, metric: str = "accuracy", overfit: bool = True, momentum: bool = True) -> int:
    """Write `epochs` rows that look like learning; returns the best epoch."""
    rng = np.random.default_rng(3)
    val_losses = []
    for epoch in range(1, epochs + 1):
        loss = 0.16 + 0.75 * math.exp(-epoch / 5)
        val_losses.append(0.3 + 0.45 * math.exp(-epoch / 4) + (0.006 * max(0, epoch - 12) if overfit else 0))
        val_losses[-1] += 0.006 * rng.normal()
        phase = abs(2 * epoch / 25 - 1)
        row = {"stage": "main", "epoch": epoch, "loss": loss + 0.05, "data_loss": loss}
        row |= {"val_loss": val_losses[-1] + 0.05, "val_data_loss": val_losses[-1]}
        good = (lambda value: 1 - 0.42 * value) if metric == "accuracy" else (lambda value: 1.1 * value)
        row |= {metric: good(loss), f"val_{metric}": good(val_losses[-1])}
        row["learning_rate"] = 0.05 * max(0.0, 1 - phase) + 0.002
        if momentum:
            row["momentum"] = 0.85 + 0.1 * min(1.0, phase)
        row |= {"seconds": 2.1 if epoch > 1 else 4.6, "examples_per_second": 24_310.0 + 80 * epoch}
        run.history.append(row)
    return int(np.argmin(val_losses)) + 1


def classification(folder: Path, name: str = "garments", classes: list[str] | None = None) -> RunDir:
    """A completed run of ten classes with pictures."""
    classes = classes or GARMENTS
    run, evaluation = _made(folder, name, DIGITS_CONFIG), classes_evaluation(classes)
    best = history(run, 22)
    run.write_fact("evaluation", evaluation.evaluation)
    run.write_fact("samples", evaluation.samples)
    counts = {"train": [4800 + 37 * n for n in range(len(classes))], "test": [60] * len(classes)}
    target = {"name": "garment", "kind": "multiclass", "classes": classes, "counts": counts}
    rows = {"train": sum(counts["train"]), "validation": 600, "test": 600, "unlabelled": 0}
    _describe(run, rows, target, duplicates={"train_validation": 0, "train_test": 3}, shape=[28, 28])
    _result(run, "completed", evaluation, task="multiclass", best_epoch=best, epochs=22, seconds=48.7)
    stage = {"name": "main", "train": "all", "first_epoch": 1, "epochs": 25, "best_epoch": best, "steps": 4125}
    run.write_fact("stages", [stage | {"optimizer": {"SGD": {"learning_rate": 0.05}}, "stopped": "early"}])
    watched(run, 22)
    return run


def watched(run: RunDir, epochs: int, dead: float = 0.1) -> None:
    """Health, weights and a range test of a healthy network; `dead` is the share of dead units in dense_2."""
    names = ("dense_1", "dense_2", "output")
    histogram = {"edges": [number / 20 - 1 for number in range(41)], "counts": [20 - abs(20 - n) for n in range(40)]}
    readings = []
    for epoch in range(1, epochs + 1):
        signals = {}
        for depth, name in enumerate(names):
            shares = {"dead": None if name == "output" else (dead if depth else 0.02), "saturated": None}
            size = math.exp(-epoch / 8) / (depth + 1)
            signals[name] = {"mean": 0.1, "deviation": 0.8 + 0.1 * depth, "typical": 0.9, "norm": 9.0 + depth}
            signals[name] |= {"gradient": 0.01 * size, "update_ratio": 0.002 * size, **shares}
        readings.append({"stage": "main", "epoch": epoch, "loss": 0.3, "seconds": 0.05, "layers": signals})
    layers = [{"name": n, "class": "Dense", "activation": "relu", "output": n == "output"} for n in names]
    gradients = dict.fromkeys(names, histogram)
    run.write_fact("health", {"rows": 256, "layers": layers, "readings": readings, "gradients": gradients})
    kernel = {"size": 800, "norm": 9.1, "largest_unit_norm": 1.4, "mean_unit_norm": 0.8, "small": 0.02, "zero": 0.0}
    kernels = [{"name": n, "hidden": n != "output", **kernel, "histogram": histogram} for n in names]
    run.write_fact("weights", {"layers": kernels})
    rates = [1e-5 * 10 ** (point / 20) for point in range(121)]
    losses = [2.3 - 1.8 / (1 + math.exp(-(point - 60) / 8)) + max(0, point - 95) ** 2 / 40 for point in range(121)]
    curve = {"rate": rates, "loss": losses, "smoothed": losses}
    run.write_fact("lr_find", {"suggestion": 0.01, "current": 0.05, "suggestions": {"steepest": 0.01}, "curve": curve})


def regression(folder: Path, name: str = "prices") -> RunDir:
    """A completed run on a table with one number to predict."""
    run, evaluation = _made(folder, name, HOUSING_CONFIG), numbers_evaluation()
    history(run, 30, "mean_absolute_error", overfit=False, momentum=False)
    run.write_fact("evaluation", evaluation.evaluation)
    run.write_fact("samples", evaluation.samples)
    summary = {"mean": 2.07, "std": 1.15, "min": 0.15, "max": 5.0}
    target = {"name": "price", "kind": "regression", "classes": [], "summary": summary}
    rows = {"train": 14448, "validation": 2064, "test": 800}
    features = [
        {"name": "MedInc", "kind": "number", "missing": 0, "unique": 12928, "mean": 3.87, "std": 1.9, "min": 0.5},
        {"name": "coast", "kind": "category", "missing": 12, "unique": 2},
    ]
    left_out = [{"name": "id", "reason": "looks like an identifier"}, {"name": "sold", "reason": "is a date"}]
    _describe(run, rows, target, {"train_validation": 0, "train_test": 0}, [7], features=features, left_out=left_out)
    opponent = {
        "name": "HistGradientBoostingRegressor",
        "metrics": {"test_r2_score": 0.83},
        "rows": 7224,
        "seconds": 0.4,
    }
    verdict = [
        {"winner": opponent["name"], "sentence": "On the test rows HistGradientBoostingRegressor beats the network."}
    ]
    against = {"opponents": [opponent], "verdict": verdict}
    _result(run, "completed", evaluation, task="regression", best_epoch=30, epochs=30, seconds=61.2, **against)
    return run


def interrupted(folder: Path, name: str = "cut") -> RunDir:
    """A run whose process died after three epochs: `running`, without a lock, without an evaluation."""
    run = _made(folder, name, DIGITS_CONFIG)
    history(run, 3)
    stage = {"name": "main", "train": "all", "first_epoch": 1, "epochs": 25, "best_epoch": 3, "stopped": "interrupted"}
    run.write_fact("stages", [stage])
    _result(run, "running", None, task="multiclass", seed=42)
    return run


def _made(folder: Path, name: str, config: str) -> RunDir:
    from kerasdeep.config.load import load_config
    from kerasdeep.config.resolved import resolved_yaml

    run = RunDir(folder / f"{name}-1")
    run.path.mkdir(parents=True)
    run.config.write_text(config.format(name=name), encoding="utf-8")
    run.resolved.write_text(resolved_yaml(load_config(run.config).config), encoding="utf-8")
    return run


def _result(run: RunDir, status: str, evaluation: SimpleNamespace | None, **more: object) -> None:
    measured = {}
    if evaluation:
        measured = {name: getattr(evaluation, name) for name in ("metrics", "baseline", "intervals")}
    run.write_result({"name": run.path.name, "status": status, "parameters": 266610, "seed": 42, **measured, **more})


def _describe(run: RunDir, rows: dict, target: dict, duplicates: dict, shape: list[int], **more: object) -> None:
    profile = {"source": "digits", "format": "builtin", "hash": "f00d", "rows": rows, "input_shapes": {"input": shape}}
    profile |= {"targets": [target], "scaling": "unit", "duplicates": duplicates, "warnings": [], **more}
    run.write_fact("data", profile)
    layers = [
        ("flatten_1", "Flatten", [784], 0, ""),
        ("dense_1", "Dense", [300], 235500, "units=300, activation=relu, kernel_initializer=he_normal"),
        ("dropout_1", "Dropout", [300], 0, "rate=0.2"),
        ("dense_2", "Dense", [100], 30100, "units=100, activation=relu, kernel_initializer=he_normal"),
        ("output", "Dense", [10], 1010, "units=10, activation=softmax"),
    ]
    keys = ("name", "class", "output_shape", "parameters", "settings")
    described = [dict(zip(keys, layer, strict=True)) | {"inputs": [], "trainable": True} for layer in layers]
    whole = {"layers": described, "parameters": 266610, "trainable": 266610, "non_trainable": 0}
    run.write_fact("network", whole)
    run.write_fact("engine", {"backend": "tensorflow", "device": "cpu", "compile": "xla", "chunk": 40, "threads": 2})
    versions = {"python": "3.11.9", "keras": "3.15.1", "tensorflow": "2.21.0", "numpy": "2.4.6"}
    environment = {"kerasdeep": "0.1.0", "versions": versions, "device": "CPU, 2 cores", "git": {"commit": "b27d48d"}}
    run.environment.write_text(json.dumps(environment), encoding="utf-8")
