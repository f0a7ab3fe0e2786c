"""What `init` writes: for a table, against scikit-learn's defaults; for pictures, against other settings.

`python -m benchmarks.defaults [--seeds 5] [TABLE …]` prints a line for each table: means over seeds, each with a
split of its own, of the network and of both opponents, from `result.json`.
`python -m benchmarks.defaults --pictures FOLDER [--per-class 5 50 500] [--seeds 3]` [fashion] [cifar] prints a line for
each slice and each of `PICTURE_SETTINGS`; FOLDER holds Fashion-MNIST's official files and CIFAR-10 in
an .npz file.
"""

import argparse
import contextlib
import io
import statistics
import tempfile
from collections.abc import Iterator
from pathlib import Path

import kerasdeep
from benchmarks import picture_data, table_data
from kerasdeep.scaffold import draft_config


def batch_norm(momentum: float) -> dict[str, object]:
    return {"regularization.batch_norm": {"placement": "before", "momentum": momentum}}


COSINE = {**batch_norm(0.9), "schedule": "cosine", "training.early_stopping": None, "training.epochs": 30}
AUGMENTED = {"data.augmentation": [{"RandomTranslation": {"height_factor": 0.1, "width_factor": 0.1}}]}
FLIPPED = {"data.augmentation": [{"RandomFlip": "horizontal"}, *AUGMENTED["data.augmentation"]]}
STOPPED = {"schedule": None, "training.epochs": 30, "training.early_stopping": {"patience": 8}}
PICTURE_SETTINGS: dict[str, dict[str, object]] = {
    "constant rate, patience 8, batch norm 0.99": {**STOPPED, **batch_norm(0.99)},
    "constant rate, patience 8, batch norm 0.9": {**STOPPED, **batch_norm(0.9)},
    "cosine, 30 epochs, batch norm 0.9": COSINE,
    "cosine, shifts": {**COSINE, **AUGMENTED},
    "cosine, flips and shifts": {**COSINE, **FLIPPED},
    "cosine, flips and shifts, 60 epochs": {**COSINE, **FLIPPED, "training.epochs": 60},
}
"""Put over what `init` writes for a folder of pictures."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", help="tables, or fashion and cifar; all by default")
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--pictures", type=Path, metavar="FOLDER")
    parser.add_argument("--per-class", type=int, nargs="*", default=[5, 50, 500])
    parser.add_argument("--settings", nargs="*", default=[*PICTURE_SETTINGS], choices=[*PICTURE_SETTINGS])
    arguments = parser.parse_args()
    if arguments.pictures:
        print("| data | pictures a class | settings | test accuracy | epochs |\n|---|---|---|---|---|")
        for per_class in arguments.per_class:
            for name in arguments.names or picture_data.READERS:
                for line in picture_rows(name, per_class, range(arguments.seeds), arguments):
                    print(line, flush=True)
        return
    print("| table | metric | network | linear | gradient boosting | seconds: network | boosting |")
    print("|---|---|---|---|---|---|---|")
    for name in arguments.names or table_data.TABLES:
        with tempfile.TemporaryDirectory() as folder:
            print(row(name, Path(folder), range(arguments.seeds)), flush=True)


def picture_rows(name: str, per_class: int, seeds: range, arguments: argparse.Namespace) -> Iterator[str]:
    with tempfile.TemporaryDirectory() as folder:
        paths = []
        for seed in seeds:
            source = picture_data.write(name, arguments.pictures, per_class, Path(folder), seed)
            paths.append(draft_config(str(source), Path(folder) / f"{source.name}.yaml")[0])
        for settings in arguments.settings:
            results = []
            for seed, path in zip(seeds, paths, strict=True):
                overrides = {"seed": seed, "data.seed": seed, "runtime.threads": 1, "report.tensorboard": False}
                overrides |= {"training.watch": None, **PICTURE_SETTINGS[settings]}
                silence = io.StringIO()
                with contextlib.redirect_stdout(silence), contextlib.redirect_stderr(silence):
                    results.append(kerasdeep.train(path, overrides=overrides, out=Path(folder) / "runs").result)
            scores = [result["metrics"]["test_accuracy"] for result in results]
            epochs = ", ".join(str(result["epochs"]) for result in results)
            mean = f"{statistics.mean(scores):.4f} ± {statistics.pstdev(scores):.4f}"
            yield f"| {name} | {per_class} | {settings} | {mean} | {epochs} |"


def row(name: str, folder: Path, seeds: range) -> str:
    path, _ = draft_config(str(table_data.write(name, folder)), folder / f"{name}.yaml", table_data.TARGET)
    results = []
    for seed in seeds:
        with contextlib.redirect_stdout(io.StringIO()):
            overrides = {"seed": seed, "data.seed": seed, "report.tensorboard": False}
            results.append(kerasdeep.train(path, overrides=overrides, out=folder / "runs").result)
    metric = results[0]["verdict"][0]["metric"]
    contenders = [
        [result["metrics"][metric] for result in results],
        *([result["opponents"][n]["metrics"][metric] for result in results] for n in (0, 1)),
    ]
    scores = [f"{statistics.mean(values):.4f} ± {statistics.pstdev(values):.4f}" for values in contenders]
    seconds = [
        statistics.mean(result["seconds"] for result in results),
        statistics.mean(result["opponents"][1]["seconds"] for result in results),
    ]
    return f"| {name} | {metric} | {' | '.join(scores)} | {' | '.join(f'{value:.1f}' for value in seconds)} |"


if __name__ == "__main__":
    main()
