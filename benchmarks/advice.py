"""Does the first piece of advice help a run that went wrong in a known way?

`python -m benchmarks.advice [FAULT …] [--on SOURCE …] [--seeds 0 1] [--data FOLDER]` trains small networks that are at
fault in one way each, reads the first verdict that the report shows and the first of `diagnose`, trains again with
their settings, and says whether the validation figure improved (`figures`). FOLDER holds Fashion-MNIST's official
files and CIFAR-10 as an .npz file, KERAS_HOME MobileNet's weights; what needs them is left out without it.
"""

import argparse
import contextlib
import io
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from sklearn import datasets

import kerasdeep
from benchmarks import picture_data, table_data
from kerasdeep.advice import Verdict, find_verdicts, read_evidence
from kerasdeep.config import load_config
from kerasdeep.errors import RunFailed
from kerasdeep.runs import RunDir
from kerasdeep.runs.facts import EvaluationFact, read_fact, read_result

DENSE = ["Flatten", {"Dense": 64}, {"Dense": 64}, "Output"]
WIDE = {"network.layers": ["Flatten", {"Dense": 300}, {"Dense": 300}, "Output"], "training.epochs": 100}
BODIES = ("digits_0_to_4", "fashion_0_to_4")
"""Sources of runs whose layers other cases begin with."""
MOBILENET = {"from": "application:MobileNet", "arguments": {"alpha": 0.25}, "size": [96, 96]}


def nadam(rate: float) -> dict[str, Any]:
    return {"optimizer": {"Nadam": {"learning_rate": rate}}}


def sgd(rate: float) -> dict[str, Any]:
    return {"optimizer": {"SGD": {"learning_rate": rate}}}


FAULTS: dict[str, list[tuple[str, dict[str, Any]]]] = {
    "too few epochs": [
        *((source, {"training.epochs": 2}) for source in ("digits", "friedman", "fashion")),
        ("moons", {"training.epochs": 1}),
    ],
    "rate too high": [("digits", nadam(0.3)), ("friedman", nadam(0.3)), ("moons", nadam(1.0)), ("fashion", sgd(2.0))],
    "rate too low": [
        ("digits", nadam(1e-5)),
        ("friedman", nadam(3e-5)),
        ("moons", nadam(1e-5)),
        ("fashion", sgd(1e-4)),
    ],
    "no scaling": [
        (source, {"data.scaling": "none", **sgd(0.01)}) for source in ("breast_cancer", "diabetes", "wine", "fashion")
    ],
    "overfitting": [
        (source, {**WIDE, "data.limit": rows})
        for source, rows in (("digits", 150), ("moons", 300), ("diabetes", 200), ("fashion", 400))
    ],
    "imbalance": [("rare_of_two", {}), ("rare_digit", {}), ("rare_of_three", {}), ("rare_clothes", {})],
    "frozen body": [
        ("digits_5_to_9", {"pretrained": {"from": "digits_0_to_4"}}),
        ("digits_5_to_9", {"pretrained": {"from": "digits_0_to_4"}, "data.limit": 100}),
        ("fashion_5_to_9", {"pretrained": {"from": "fashion_0_to_4"}}),
        ("cifar", {"pretrained": MOBILENET}),
    ],
}
"""By fault: sources, and what is wrong with the run, by the paths of settings."""


class Sources:
    """Files of the cases, written when they are asked for; None for what `data` does not hold."""

    def __init__(self, folder: Path, data: Path | None) -> None:
        self._folder, self._data = folder, data

    def path(self, name: str) -> tuple[str, str | None] | None:
        """The source and, of a table, its target."""
        if name in ("digits", "breast_cancer", "diabetes", "wine"):
            return name, None
        if name in table_data.TABLES:
            return str(table_data.write(name, self._folder)), table_data.TARGET
        arrays = self._arrays(name)
        if arrays is None:
            return None
        path = self._folder / f"{name}.npz"
        np.savez(path, x=arrays[0], y=arrays[1])
        return str(path), None

    def _arrays(self, name: str) -> tuple[np.ndarray, np.ndarray] | None:
        rng = np.random.default_rng(0)
        kind, _, classes = name.partition("_")
        if name == "rare_of_two":
            return datasets.make_classification(2000, 10, weights=[0.93], class_sep=0.8, random_state=0)
        if name == "rare_of_three":
            weights = [0.6, 0.35, 0.05]
            return datasets.make_classification(
                2000, 10, n_informative=5, n_classes=3, weights=weights, class_sep=0.8, random_state=0
            )
        if name == "rare_digit":
            x, y = datasets.load_digits(return_X_y=True)
            return x + rng.normal(size=x.shape) * 6, (y == 8).astype(int)
        pictures = self._pictures("fashion" if name == "rare_clothes" else kind)
        if pictures is None:
            return None
        x, y = pictures
        if name == "rare_clothes":  # shirts among T-shirts and pullovers
            keep = np.flatnonzero(np.isin(y, [0, 2]) | ((y == 6) & (rng.random(len(y)) < 0.08)))
        else:
            low, high = (int(part) for part in (classes or "0_to_9").split("_to_"))
            keep = np.flatnonzero((y >= low) & (y <= high))
        keep = rng.permutation(keep)[: 500 if kind == "cifar" else 2000]
        return x[keep], y[keep]

    def _pictures(self, name: str) -> tuple[np.ndarray, np.ndarray] | None:
        if name == "digits":
            found = datasets.load_digits()
            return found.images.astype(np.uint8), found.target
        parts = picture_data.READERS[name](self._data) if self._data else None
        return None if parts is None else parts[:2]


class Trials:
    """Trains cases, each run in a folder of its own."""

    def __init__(self, folder: Path, data: Path | None) -> None:
        self._folder, self._sources = folder, Sources(folder, data)
        self._bodies: dict[str, Path] = {}
        self._count = 0

    def train(self, config: dict[str, Any] | Path, overrides: dict[str, Any]) -> RunDir:
        """The run, also where it failed."""
        self._count += 1
        out = self._folder / f"trial_{self._count}"
        overrides = {**overrides, "training.watch": None}
        silence = io.StringIO()
        with contextlib.redirect_stdout(silence), contextlib.redirect_stderr(silence), contextlib.suppress(RunFailed):
            kerasdeep.train(config, overrides=overrides, out=out, progress="quiet")
        return RunDir(next(out.iterdir()))

    def at_fault(self, source: str, settings: dict[str, Any], seed: int) -> RunDir | None:
        """The run of a case; None where its data is not at hand."""
        found = self._sources.path(source)
        if found is None:
            return None
        path, target = found
        config = {
            "version": 1,
            "name": source,
            "seed": seed,
            "data": {"source": path, "validation": 0.3, "seed": seed, **({"target": target} if target else {})},
            "network": {"layers": DENSE},
            **nadam(1e-3),
            "training": {"epochs": 20},
            "runtime": {"threads": 1},
            "report": {"tensorboard": False, "opponents": False},
        }
        if body := settings.get("pretrained"):
            config["stages"] = [{"name": "head", "train": "head", "epochs": 10}]
            config["network"] = ["Output"]
            if body["from"] in BODIES:
                settings = {**settings, "pretrained": {"from": str(self._body(body["from"]))}}
        return self.train(config, settings)

    def _body(self, source: str) -> Path:
        if source not in self._bodies:
            run = self.at_fault(source, {}, 0)
            assert run is not None
            self._bodies[source] = run.path
        return self._bodies[source]


def figures(run: RunDir, fault: str) -> tuple[float, ...]:
    """The validation figures of a run, higher ones better: the first has to improve, no other to fall.

    It is the headline metric; the loss, with its sign turned, where that rose by overfitting; and where classes are
    imbalanced, the F1 of the second of two, or the mean recall of several.
    """
    evaluation = read_fact(run, EvaluationFact)
    if evaluation is None:  # it failed
        return (-np.inf,)
    metrics, target = read_result(run).metrics, evaluation.parts["validation"].targets[0]
    if fault == "imbalance":
        f1 = target.metrics.get("f1")
        return (float(np.mean([row.recall for row in target.per_class])) if f1 is None else f1,)
    headline = metrics.get("val_accuracy", metrics.get("val_r2_score"))
    return (-metrics["val_loss"], headline) if fault == "overfitting" else (headline,)


def first_verdicts(run: RunDir) -> dict[str, Verdict | None]:
    """The first that the report shows, and the first of `diagnose`."""
    from_report = find_verdicts(read_evidence(run, load_config(run.resolved).config))
    with contextlib.redirect_stderr(io.StringIO()):
        from_diagnose = kerasdeep.diagnose(run.path).verdicts
    return {
        name: next((verdict for verdict in verdicts if verdict.overrides), None)
        for name, verdicts in (("report", from_report), ("diagnose", from_diagnose))
    }


def rows(fault: str, source: str, settings: dict[str, Any], seed: int, trials: Trials) -> Iterator[tuple[str, bool]]:
    """A line of the table for each piece of advice, and whether it helped."""
    run = trials.at_fault(source, settings, seed)
    if run is None:
        return
    before, lines = figures(run, fault), {}
    for name, verdict in first_verdicts(run).items():
        text = "; ".join(verdict.sets) if verdict else "–"
        lines.setdefault(text, []).append((name, verdict))
    for text, named in lines.items():
        verdict = named[0][1]
        after = figures(trials.train(run.path, verdict.overrides), fault) if verdict else before
        improved = after[0] > before[0] and all(b >= a for a, b in zip(before, after, strict=False))
        names = " and ".join(name for name, _ in named)
        shown = f"{verdict.title}: `{text}`" if verdict else "none"
        columns = (" and ".join(f"{value:.4f}" for value in values) for values in (before, after))
        yield f"| {fault} | {source} | {seed} | {names} | {shown} | {' | '.join(columns)} |", improved


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("faults", nargs="*", default=[*FAULTS])
    parser.add_argument("--on", nargs="*", metavar="SOURCE")
    parser.add_argument("--seeds", type=int, nargs="*", default=[0, 1])
    parser.add_argument("--data", type=Path)
    arguments = parser.parse_args()
    print("| fault | data | seed | advice of | first advice | before | after |\n|---|---|---|---|---|---|---|")
    helped = []
    with tempfile.TemporaryDirectory() as folder:
        trials = Trials(Path(folder), arguments.data)
        for fault in arguments.faults:
            for source, settings in FAULTS[fault]:
                for seed in arguments.seeds if source in (arguments.on or [source]) else ():
                    for line, improved in rows(fault, source, settings, seed, trials):
                        print(line, flush=True)
                        helped.append(improved)
    print(f"\nIt improved {sum(helped)} of {len(helped)}.")


if __name__ == "__main__":
    main()
