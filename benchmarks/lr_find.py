"""Does `lr-find --apply` help where a rate is wrong, and does it do no harm where it is right?

`python -m benchmarks.lr_find OUT.jsonl [--data NAME …] [--rates init 1e-5 0.1] [--seeds 10]` writes what `init` would,
with each of the rates (`init`: the one that `init` chose), lets `lr-find --apply` change the file, and trains both on
the same split, on one thread. A file that was left alone gains 0. `OUT.jsonl` gets a line for each; what it has already
is not measured again. Then a table is printed: mean gains in test accuracy or R² with their 95 % intervals over seeds.
"""

import argparse
import contextlib
import io
import json
import re
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from scipy import stats

import kerasdeep
from benchmarks import table_data
from kerasdeep.errors import RunFailed
from kerasdeep.scaffold import draft_config

ROWS = 1000
"""Larger sets are cut to so many rows, taken at random with the seed 0."""
OVERRIDES = {"data.test": 0.3, "report.tensorboard": False, "report.opponents": False, "runtime.threads": 1}


def fashion_mnist(folder: Path) -> Path:
    """Pictures, as an .npz file without a test part."""
    from keras.datasets import fashion_mnist

    (x, y), _ = fashion_mnist.load_data()
    rows = np.random.default_rng(0).permutation(len(x))[:ROWS]
    np.savez(folder / "fashion_mnist.npz", x=x[rows], y=y[rows])
    return folder / "fashion_mnist.npz"


def table(name: str) -> Callable[[Path], Path]:
    def write(folder: Path) -> Path:
        path = table_data.write(name, folder)
        rows = pd.read_csv(path)
        rows.sample(min(ROWS, len(rows)), random_state=0).to_csv(path, index=False)
        return path

    return write


TABLES = ("breast_cancer", "california", "diabetes", "hinge", "moons")
SETS = {**{name: table(name) for name in TABLES}, "fashion_mnist": fashion_mnist}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("out", type=Path)
    parser.add_argument("--data", nargs="*", choices=SETS, default=[*SETS])
    parser.add_argument("--rates", nargs="*", default=["init"])
    parser.add_argument("--seeds", type=int, default=10)
    arguments = parser.parse_args()
    done = read(arguments.out)
    for seed in range(arguments.seeds):
        for name in arguments.data:
            for rate in arguments.rates:
                if (name, rate, seed) in done:
                    continue
                with tempfile.TemporaryDirectory() as folder:
                    case = {"data": name, "rate": rate, "seed": seed, **measure(name, rate, seed, Path(folder))}
                with arguments.out.open("a") as file:
                    print(json.dumps(case), file=file)
                print(json.dumps(case), flush=True)
    print_table(list(read(arguments.out).values()))


def read(path: Path) -> dict[tuple[str, str, int], dict[str, Any]]:
    cases = [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []
    return {(case["data"], case["rate"], case["seed"]): case for case in cases}


def measure(name: str, rate: str, seed: int, folder: Path) -> dict[str, Any]:
    path = folder / f"{name}.yaml"
    source = SETS[name](folder)
    draft_config(str(source), path, None if source.suffix == ".npz" else table_data.TARGET)
    if rate != "init":
        path.write_text(re.sub(r"learning_rate: [^,}]+", f"learning_rate: {rate}", path.read_text()))
    before = path.read_text()
    overrides = {**OVERRIDES, "seed": seed, "data.seed": seed}
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        try:
            found = kerasdeep.lr_find(path, overrides=overrides, apply=True)
        except RunFailed as error:
            return {"written": None, "why": str(error), "before": None, "after": None}
        after = path.read_text()
        facts = {"suggestion": found.suggestion, "why": found.comparison and found.comparison.verdict}
        if after == before:
            return {**facts, "written": None, "before": None, "after": None}
        scores = []
        for text in (before, after):
            path.write_text(text)
            run = kerasdeep.train(path, overrides=overrides, out=folder / "runs", progress="quiet")
            metrics = run.result["metrics"]
            scores.append(next(metrics[key] for key in ("test_accuracy", "test_r2_score") if key in metrics))
    return {**facts, "written": found.suggestion, "before": scores[0], "after": scores[1]}


def print_table(cases: list[dict[str, Any]]) -> None:
    print("| data | rate in the file | written in | rates written | without | gain | worst seed |")
    print("|---|---|---|---|---|---|---|")
    for name, rate in dict.fromkeys((case["data"], case["rate"]) for case in cases):
        chosen = [case for case in cases if (case["data"], case["rate"]) == (name, rate)]
        changed = [case for case in chosen if case["written"]]
        gains = np.array([case["after"] - case["before"] if case["written"] else 0.0 for case in chosen])
        margin = f" ± {stats.t.ppf(0.975, len(gains) - 1) * stats.sem(gains):.4f}" if len(gains) > 1 else ""
        rates = " – ".join(f"{rate:g}" for rate in sorted({case["written"] for case in changed})) or "–"
        before = f"{np.mean([case['before'] for case in changed]):.4f}" if changed else "–"
        print(
            f"| {name} | {rate} | {len(changed)} of {len(chosen)} | {rates} | {before} | "
            f"{gains.mean():+.4f}{margin} | {gains.min():+.4f} |"
        )


if __name__ == "__main__":
    main()
