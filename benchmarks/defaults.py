"""What `init` writes for a table, against scikit-learn's defaults on the same rows.

`python benchmarks/defaults.py [--seeds 5] [TABLE …]` prints a line for each table: means over seeds, each with a
split of its own, of the network and of both opponents, from `result.json`.
"""

import argparse
import contextlib
import io
import statistics
import tempfile
from pathlib import Path

import kerasdeep
from benchmarks import table_data
from kerasdeep.scaffold import draft_config


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("tables", nargs="*", default=[*table_data.TABLES])
    parser.add_argument("--seeds", type=int, default=5)
    arguments = parser.parse_args()
    print("| table | metric | network | linear | gradient boosting | seconds: network | boosting |")
    print("|---|---|---|---|---|---|---|")
    for name in arguments.tables:
        with tempfile.TemporaryDirectory() as folder:
            print(row(name, Path(folder), range(arguments.seeds)), flush=True)


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
