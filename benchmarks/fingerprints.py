"""Did a change move bits or shapes that people rely on?

    python benchmarks/fingerprints.py record before.json     # once before the change, once after it
    python benchmarks/fingerprints.py compare before.json after.json

Trains eight small experiments on both backends with the installed `kerasdeep` command, on data made here, and keeps
hashes of the weights and of the history (without its times), a resolved file, the JSON Schema, and the shape of what
every verb prints with `--json`. Equal figures mean equal bits on one machine; other processors give others.
"""

from __future__ import annotations

import argparse
import csv
import hashlib
import io
import json
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path
from typing import Any

import numpy as np

TIMES = ("seconds", "examples_per_second")
BACKENDS = ("tensorflow", "jax")
DENSE = "[Flatten, {Dense: 32}, {Dense: 16}, Output]"
EXPERIMENTS = {
    "plain": f"data: {{source: digits, test: 0.2}}\nnetwork: {DENSE}\ntraining: {{epochs: 3}}\n",
    "stages": f"data: {{source: digits, test: 0.2}}\nnetwork: {DENSE}\n"
    "stages: [{name: head, train: head, epochs: 1}, {name: all, epochs: 2, rates: {'first:1': 0.1}}]\n",
    "one_cycle": f"data: {{source: digits, test: 0.2}}\nnetwork: {DENSE}\ntraining: {{epochs: 3}}\n"
    "optimizer: SGD\n"
    "schedule: {one_cycle: {max_rate: 0.05, momentum: [0.95, 0.85]}}\n",
    "dropout_batch_norm": f"data: {{source: digits, test: 0.2}}\nnetwork: {DENSE}\n"
    "regularization: {batch_norm: before, dropout: {rate: 0.2, input: true}, l2: 1e-4, max_norm: 1.0}\n"
    "training: {epochs: 3, early_stopping: {patience: 2}}\n",
    "cnn": "data: {source: digits, test: 0.2, augmentation: [{RandomFlip: horizontal}]}\n"
    "network: [{Conv2D: {filters: 8, kernel_size: 3, padding: same}}, MaxPooling2D, Flatten, Output]\n"
    "training: {epochs: 2}\n",
    "table": "data: {source: table.csv, target: label, test: 0.2, class_weight: balanced}\n"
    "network: [{Dense: 16}, Output]\nactivation: selu\ntraining: {epochs: 3}\n",
    "pretraining": f"data: {{source: digits, labelled: 400, test: 0.2}}\nnetwork: {DENSE}\n"
    "stages: [{name: code, epochs: 1, pretrain: {autoencoder: tied}}, {name: task, epochs: 2}]\n",
    "streamed": "data: {source: arrays, stream: true}\nnetwork: [{Dense: 16}, Output]\ntraining: {epochs: 2}\n",
}
VARIANTS = "variants: {small: {training: {epochs: 1}}, large: {training: {epochs: 2}}}\n"


def make_data(folder: Path) -> None:
    """A table with numbers, gaps and categories, and a folder of .npy files; the same in every run."""
    random = np.random.default_rng(7)
    rows = 400
    number, other = random.normal(size=rows), random.normal(size=rows)
    colour = random.choice(["red", "green", "blue"], rows)
    label = np.where(number + (colour == "red") > 0.3, "yes", "no")
    with (folder / "table.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["number", "other", "colour", "label"])
        for row in range(rows):
            writer.writerow(
                [f"{number[row]:.5f}", "" if row % 17 == 0 else f"{other[row]:.5f}", colour[row], label[row]]
            )
    arrays = folder / "arrays"
    arrays.mkdir()
    for part, count in (("train", 600), ("test", 100)):
        x = random.normal(size=(count, 10)).astype(np.float32)
        np.save(arrays / f"x_{part}.npy", x)
        np.save(arrays / f"y_{part}.npy", (x[:, 0] + x[:, 1] > 0).astype(np.int64))


def run(folder: Path, *arguments: str) -> str:
    command = [sys.executable, "-m", "kerasdeep", *arguments]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{' '.join(arguments)} ended with {done.returncode}:\n{done.stdout}\n{done.stderr}")
    return done.stdout


def weights_hash(model: Path) -> str:
    """Of every array in the file, by its place; not of the ZIP file, which holds the time."""
    import h5py

    found: dict[str, bytes] = {}
    with zipfile.ZipFile(model) as archive, h5py.File(io.BytesIO(archive.read("model.weights.h5"))) as weights:
        weights.visititems(
            lambda name, item: found.update({name: np.asarray(item).tobytes()}) if hasattr(item, "shape") else None
        )
    digest = hashlib.sha256()
    for name in sorted(found):
        digest.update(name.encode() + found[name])
    return digest.hexdigest()[:16]


def history_hash(history: Path) -> str:
    with history.open(newline="") as file:
        rows = [{name: cell for name, cell in row.items() if name not in TIMES} for row in csv.DictReader(file)]
    return hashlib.sha256(json.dumps(rows).encode()).hexdigest()[:16]


def shape(value: Any) -> Any:
    """What a JSON value looks like: keys and types, a list by its first item."""
    if isinstance(value, dict):
        return {key: shape(item) for key, item in value.items()}
    if isinstance(value, list):
        return [shape(value[0])] if value else []
    return "number" if isinstance(value, int | float) and not isinstance(value, bool) else type(value).__name__


def record(folder: Path) -> dict[str, Any]:
    make_data(folder)
    bits: dict[str, Any] = {}
    for name, text in EXPERIMENTS.items():
        (folder / f"{name}.yaml").write_text(f"version: 1\nname: {name}\nseed: 3\nruntime: {{threads: 1}}\n{text}")
        for backend in BACKENDS:
            out = f"runs-{backend}"
            run(folder, "train", f"{name}.yaml", "--backend", backend, "--out", out, "--quiet")
            path = folder / out / f"{name}-1"
            bits[f"{name}/{backend}"] = {
                "weights": weights_hash(path / "model.keras"),
                "history": history_hash(path / "history.csv"),
                # A reading of the layers comes when there is time for one.
                "facts": sorted(file.name for file in (path / "facts").iterdir() if file.name != "health.json"),
            }
            print(f"{name} on {backend}: {bits[f'{name}/{backend}']['weights']}", file=sys.stderr)
    (folder / "study.yaml").write_text((folder / "plain.yaml").read_text() + VARIANTS)
    plain = "runs-tensorflow/plain-1"
    verbs = {
        "train": ("train", "plain.yaml", "--json"),
        "evaluate": ("evaluate", plain, "--json"),
        "evaluate --mc": ("evaluate", "runs-tensorflow/dropout_batch_norm-1", "--mc", "5", "--json"),
        "plan": ("plan", "table.yaml", "--json"),
        "validate": ("validate", "stages.yaml", "--json"),
        "lr-find": ("lr-find", "plain.yaml", "--json"),
        "diagnose": ("diagnose", "plain.yaml", "--json"),
        "compare": ("compare", "study.yaml", "--seeds", "2", "--json"),
        "runs": ("runs", "--out", "runs-tensorflow", "--json"),
        "explain": ("explain", "Dense", "--json"),
        "recipes list": ("recipes", "list", "--json"),
        "doctor": ("doctor", "--json"),
        "export": ("export", plain, "--format", "keras", "--json"),
    }
    shapes = {verb: shape(json.loads(run(folder, *arguments))) for verb, arguments in verbs.items()}
    return {
        "bits": bits,
        "shapes": shapes,
        "schema": hashlib.sha256(run(folder, "schema").encode()).hexdigest()[:16],
        "resolved": (folder / "runs-tensorflow" / "table-1" / "resolved.yaml")
        .read_text()
        .replace(str(folder), "FOLDER"),
        "predictions": run(folder, "predict", "runs-tensorflow/table-1", "table.csv").splitlines()[:20],
    }


def differences(before: Any, after: Any, place: str = "") -> list[str]:
    if isinstance(before, dict) and isinstance(after, dict):
        keys = dict.fromkeys([*before, *after])
        return [line for key in keys for line in differences(before.get(key), after.get(key), f"{place}/{key}")]
    return [] if before == after else [f"{place}: {before!r} became {after!r}"]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("record").add_argument("file", type=Path)
    comparing = commands.add_parser("compare")
    comparing.add_argument("before", type=Path)
    comparing.add_argument("after", type=Path)
    given = parser.parse_args()
    if given.command == "record":
        with tempfile.TemporaryDirectory() as folder:
            given.file.write_text(json.dumps(record(Path(folder)), indent=1) + "\n")
        return
    found = differences(json.loads(given.before.read_text()), json.loads(given.after.read_text()))
    print("\n".join(found) or "No difference.")
    raise SystemExit(bool(found))


if __name__ == "__main__":
    main()
