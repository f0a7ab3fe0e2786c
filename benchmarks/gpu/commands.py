"""Whole `kerasdeep train` commands: their seconds, their programs, what SIGKILL leaves, and whether bits repeat.

No part imports JAX itself: the commands need the device's memory.
"""

from __future__ import annotations

import csv
import json
import os
import shutil
import signal
import statistics
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.gpu import rows
from benchmarks.gpu.record import Options, Record

DENSE = """\
version: 1
name: dense
data: {{source: {source}, validation: {{last: {validation}}}}}
network: {{layers: [Flatten, {{Dense: 300}}, {{Dense: 100}}, Output]}}
initializer: glorot_uniform
optimizer: {{SGD: {{learning_rate: 0.01}}}}
training: {{epochs: {epochs}, batch_size: 32}}
runtime: {{backend: jax, device: {device}}}
"""
RESNET9 = """\
version: 1
name: resnet9
data:
  source: {source}
  validation: {{last: {validation}}}
  augmentation: [RandomFlip: horizontal, RandomTranslation: {{height_factor: 0.125, width_factor: 0.125}}]
network:
  layers:
    - Conv2D: {{filters: {w1}, kernel_size: 3, padding: same}}
    - Conv2D: {{filters: {w2}, kernel_size: 3, padding: same}}
    - MaxPooling2D: 2
    - Residual: [Conv2D: {{filters: {w2}, kernel_size: 3, padding: same}},
                 Conv2D: {{filters: {w2}, kernel_size: 3, padding: same}}]
    - Conv2D: {{filters: {w3}, kernel_size: 3, padding: same}}
    - MaxPooling2D: 2
    - Conv2D: {{filters: {w4}, kernel_size: 3, padding: same}}
    - MaxPooling2D: 2
    - Residual: [Conv2D: {{filters: {w4}, kernel_size: 3, padding: same}},
                 Conv2D: {{filters: {w4}, kernel_size: 3, padding: same}}]
    - GlobalMaxPooling2D
    - Output
regularization: {{batch_norm: before}}
optimizer: {{SGD: {{learning_rate: 0.002, momentum: 0.9, nesterov: true}}}}
training: {{epochs: {epochs}, batch_size: {batch}}}
runtime: {{backend: jax, device: {device}, precision: mixed_bfloat16}}
"""
TRACED = "benchmarks.gpu.traced"
ROOT = Path(__file__).parents[2]


def programs(options: Options, record: Record) -> None:
    """Cold with an empty cache, then again with what JAX's persistent cache kept."""
    config, cache = _write_dense(options), options.work / "cache"
    for way in ("cold", "warm"):
        if record.has("train, 10 epochs", way):
            continue
        out, compiled = options.work / f"programs-{way}", options.out / f"programs-{way}-compiled.json"
        for folder in (out, cache) if way == "cold" else (out,):
            shutil.rmtree(folder, ignore_errors=True)
        seconds, _ = _train(config, out, options, cache=cache, traced=compiled)
        result, found = _result(out), json.loads(compiled.read_text(encoding="utf-8"))
        note = f"{len(found)} XLA programs, {sum(one['seconds'] for one in found):.1f} s in them; "
        epochs = [row["seconds"] for row in _history(_run(out))]
        note += f"{_most(found)}; training {result['seconds']:.1f} s, "
        note += f"first epoch {epochs[0]:.2f} s, median {_steady(epochs):.3f} s"
        record.add("train, 10 epochs", way, seconds, "s the command", note=note, programs=_by_origin(found))


def resnet9(options: Options, record: Record) -> None:
    widths = (8, 16, 32, 64) if options.quick else (64, 128, 256, 512)
    count = options.row_count(50_000)
    validation = max(10, count // 10)
    values = dict(zip(("w1", "w2", "w3", "w4"), widths, strict=True))
    values |= {"epochs": 2 if options.quick else 8, "batch": min(512, count - validation)}
    config = _write("resnet9", RESNET9, rows.write_npz("cifar", options), validation, options, **values)
    cache = options.work / "cache-resnet9"
    for way in ("cold", "warm"):
        if record.has("train", f"kerasdeep, {way}: to the end of epoch 1"):
            continue
        out = options.work / f"resnet9-{way}"
        for folder in (out, cache) if way == "cold" else (out,):
            shutil.rmtree(folder, ignore_errors=True)
        seconds, first = _train(config, out, options, cache=cache)
        epochs = [row["seconds"] for row in _history(_run(out))]
        note = f"of it {epochs[0]:.1f} s in epoch 1; whole command {seconds:.1f} s"
        record.add("train", f"kerasdeep, {way}: to the end of epoch 1", first, "s", note=note, epochs=epochs)
        if way == "cold":
            record.add("steady pace", "kerasdeep", _steady(epochs), "s an epoch", epochs[0])


def kill(options: Options, record: Record) -> None:
    """All three runs with the same cache: what chose the kernels is the same."""
    config, cache, folder = _write_dense(options, name="kill"), options.work / "cache", options.work / "kill"
    shutil.rmtree(folder, ignore_errors=True)
    _train(config, folder / "whole", options, cache=cache)

    def stop(process: subprocess.Popen, out: Path) -> None:
        while process.poll() is None and len(_history(_run(out))) < 3:
            time.sleep(0.005)
        process.send_signal(signal.SIGKILL)

    _train(config, folder / "killed", options, cache=cache, meanwhile=stop)
    done = len(_history(_run(folder / "killed")))
    seconds, _ = _train(config, folder / "killed", options, "--resume", cache=cache)
    equal, note = _compare(_run(folder / "whole"), _run(folder / "killed"))
    note += f"; killed behind epoch {done}"
    record.add("SIGKILL, --resume", "kerasdeep", "the same bits" if equal else "other bits", "", note=note)
    record.add("SIGKILL, --resume", "resumed command", seconds, "s")


def bits(options: Options, record: Record) -> None:
    """Two runs without a cache, and those that `programs` left: with an empty cache, and with what that one kept."""
    config = _write_dense(options)
    for name in ("bits-1", "bits-2"):
        if not _is_completed(options.work / name):
            shutil.rmtree(options.work / name, ignore_errors=True)
            _train(config, options.work / name, options)
    pairs = {
        "no cache, twice": ("bits-1", "bits-2"),
        "no cache, and an empty one": ("bits-1", "programs-cold"),
        "an empty cache, and the same filled": ("programs-cold", "programs-warm"),
    }
    for case, names in pairs.items():
        one, other = (options.work / name for name in names)
        if _is_completed(one) and _is_completed(other) and not record.has(case, "kerasdeep"):
            equal, note = _compare(_run(one), _run(other))
            record.add(case, "kerasdeep", "the same bits" if equal else "other bits", "", note=note)


def _write_dense(options: Options, name: str = "dense") -> Path:
    count = options.row_count(60_000)
    epochs = 2 if options.quick and name != "kill" else 10 if name == "dense" else 40
    source = rows.write_npz("fashion", options)
    return _write(name, DENSE, source, max(10, count // 12), options, epochs=epochs)


def _write(name: str, text: str, source: Path, validation: int, options: Options, **values: Any) -> Path:
    path = options.work / f"{name}.yaml"
    device = {"auto": "auto", "gpu": "gpu", "cpu": "cpu"}[options.device]
    content = text.format(source=source, validation=validation, device=device, **values)
    path.write_text(content, encoding="utf-8")
    return path


def _train(
    config: Path,
    out: Path,
    options: Options,
    *more: str,
    cache: Path | None = None,
    traced: Path | None = None,
    meanwhile: Callable[[subprocess.Popen, Path], None] | None = None,
) -> tuple[float, float | None]:
    """Seconds of the whole command, and until it has written its first epoch."""
    module = [TRACED, str(traced)] if traced else ["kerasdeep"]
    command = [sys.executable, "-m", *module, "train", str(config), "--out", str(out), "--quiet", *more]
    environment = dict(os.environ)
    if cache:
        environment |= {
            "JAX_COMPILATION_CACHE_DIR": str(cache),
            "JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS": "0",
            "JAX_PERSISTENT_CACHE_MIN_ENTRY_SIZE_BYTES": "-1",
        }
    log = out.parent / f"{out.name}.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    start, first = time.perf_counter(), None
    with log.open("w", encoding="utf-8") as file:
        process = subprocess.Popen(command, env=environment, cwd=ROOT, stdout=file, stderr=subprocess.STDOUT)
        if meanwhile:
            meanwhile(process, out)
        while process.poll() is None:
            if first is None and _history(_run(out)):
                first = time.perf_counter() - start
            time.sleep(0.02)
    if process.returncode and not meanwhile:
        raise RuntimeError(f"{' '.join(command)} ended with {process.returncode}:\n{log.read_text()[-3000:]}")
    return time.perf_counter() - start, first


def _run(out: Path) -> Path | None:
    """The latest run directory below `out`."""
    found = sorted(out.glob("*/result.json"), key=lambda path: int(path.parent.name.rsplit("-", 1)[1]))
    return found[-1].parent if found else None


def _result(out: Path) -> dict[str, Any]:
    return json.loads((_run(out) / "result.json").read_text(encoding="utf-8"))


def _is_completed(out: Path) -> bool:
    return _run(out) is not None and _result(out)["status"] == "completed"


def _history(run: Path | None) -> list[dict[str, float]]:
    path = run / "history.csv" if run else None
    if path is None or not path.is_file():
        return []
    with path.open(newline="", encoding="utf-8") as file:
        return [{"seconds": float(row["seconds"] or 0)} for row in csv.DictReader(file) if row.get("seconds")]


def _steady(epochs: list[float]) -> float:
    return statistics.median(epochs[2:] or epochs[-1:])


def _compare(one: Path, other: Path) -> tuple[bool, str]:
    """Whether weights, optimizer and metric state of the last checkpoints are equal, and by how much they differ."""
    arrays = []
    for run in (one, other):
        last = sorted(path for path in (run / "checkpoints").iterdir() if (path / "arrays.npz").is_file())[-1]
        with np.load(last / "arrays.npz", allow_pickle=False) as file:
            arrays.append({name: file[name] for name in file.files})
    first, second = arrays
    if first.keys() != second.keys():
        return False, "other arrays"
    different = [name for name in first if first[name].tobytes() != second[name].tobytes()]
    return not different, f"{len(different)} of {len(first)} arrays differ"


def _most(compiled: list[dict[str, Any]]) -> str:
    """Which file has most programs compiled, how many, and their seconds."""
    files = [one["origin"].split(":")[0] for one in compiled]
    if not files:
        return "none"
    file, count = Counter(files).most_common(1)[0]
    seconds = sum(one["seconds"] for one, origin in zip(compiled, files, strict=True) if origin == file)
    return f"{count} from {file}, {seconds:.1f} s"


def _by_origin(compiled: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The programs by name and the line that had them compiled, dearest first."""
    counts: Counter[tuple[str, str]] = Counter()
    seconds: Counter[tuple[str, str]] = Counter()
    for one in compiled:
        counts[one["name"], one["origin"]] += 1
        seconds[one["name"], one["origin"]] += one["seconds"]
    found = [
        {"name": key[0], "origin": key[1], "count": count, "seconds": round(seconds[key], 3)}
        for key, count in counts.items()
    ]
    return sorted(found, key=lambda one: -one["seconds"])
