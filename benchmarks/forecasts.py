"""What `init --window 48/12` writes for four made-up series, other networks in its place, and the opponents.

`python benchmarks/forecasts.py [--seeds 1] [SERIES …]` prints a line for each series: mean absolute errors on the test
rows, means over seeds.
"""

import argparse
import contextlib
import io
import statistics
import tempfile
from pathlib import Path

import numpy as np
import pandas as pd

import kerasdeep
from kerasdeep.scaffold import Roles, draft_config

NETWORKS = {
    "init": None,
    "Dense 64": ["Flatten", {"Dense": 64}, "Output"],
    "Conv1D, Dense 64": [{"Conv1D": {"filters": 32, "kernel_size": 7}}, "Flatten", {"Dense": 64}, "Output"],
}


def stores(rng: np.random.Generator, rows: int = 900) -> pd.DataFrame:
    """Three stores with a day, a week and growth, all multiplicative."""
    hours, frames = np.arange(rows), []
    for store in range(3):
        season = 1 + 0.25 * np.sin(2 * np.pi * hours / 24 + rng.uniform(0, 6)) + 0.1 * np.sin(2 * np.pi * hours / 168)
        sales = (20 + 10 * store) * (1 + 0.0004 * hours) * season * np.exp(0.05 * rng.normal(size=rows))
        times = pd.date_range("2024-01-01", periods=rows, freq="h")
        frames.append(pd.DataFrame({"time": times, "store": f"store {store}", "y": sales.round(3)}))
    return pd.concat(frames)


def driven(rng: np.random.Generator, rows: int = 2000) -> pd.DataFrame:
    """What follows the distance of another column from 16, six rows later."""
    hours, weather = np.arange(rows), np.zeros(rows)
    for row in range(1, rows):
        weather[row] = 0.9 * weather[row - 1] + rng.normal()
    warmth = 12 + 8 * np.sin(2 * np.pi * hours / 240) + 4 * np.sin(2 * np.pi * hours / 24) + weather
    y = np.zeros(rows)
    for row in range(6, rows):
        y[row] = 0.5 * y[row - 1] + abs(warmth[row - 6] - 16) + 0.5 * rng.normal()
    return pd.DataFrame({"time": hours, "warmth": warmth.round(2), "y": y.round(3)})


def chaos(rng: np.random.Generator, rows: int = 2000) -> pd.DataFrame:
    """The Mackey-Glass equation in steps of one, with noise."""
    x = np.full(rows + 500, 1.2)
    x[:20] += 0.1 * rng.normal(size=20)
    for row in range(20, rows + 499):
        x[row + 1] = 0.9 * x[row] + 0.2 * x[row - 17] / (1 + x[row - 17] ** 10)
    return pd.DataFrame({"time": np.arange(rows), "y": (x[500:] + 0.02 * rng.normal(size=rows)).round(4)})


def walk(rng: np.random.Generator, rows: int = 2000) -> pd.DataFrame:
    """A random walk, of which nothing but the last value says anything."""
    return pd.DataFrame({"time": np.arange(rows), "y": rng.normal(size=rows).cumsum().round(3)})


SERIES = {each.__name__: each for each in (stores, driven, chaos, walk)}
OPPONENTS = ("as last time", "as a season ago", "LinearRegression")


def row(name: str, folder: Path, seeds: range) -> str:
    SERIES[name](np.random.default_rng(0)).to_csv(folder / f"{name}.csv", index=False)
    roles = Roles(time="time", window="48/12")
    path, _ = draft_config(str(folder / f"{name}.csv"), folder / f"{name}.yaml", "y", roles=roles)
    errors: dict[str, list[float]] = {}
    for network, layers in NETWORKS.items():
        for seed in seeds:
            overrides = {"seed": seed, "report.tensorboard": False, "training.watch": None}
            overrides |= {"network.layers": layers} if layers else {}
            with contextlib.redirect_stdout(io.StringIO()):
                result = kerasdeep.train(path, overrides=overrides, out=folder / "runs").result
            errors.setdefault(network, []).append(result["metrics"]["test_mean_absolute_error"])
            known = {each["name"]: each["metrics"]["test_mean_absolute_error"] for each in result["opponents"]}
    cells = [f"{statistics.mean(each):.4f}" for each in errors.values()]
    cells += [f"{known[opponent]:.4f}" if opponent in known else "" for opponent in OPPONENTS]
    return f"| {name} | {' | '.join(cells)} |"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("series", nargs="*", default=[*SERIES])
    parser.add_argument("--seeds", type=int, default=1)
    arguments = parser.parse_args()
    print(f"| series | {' | '.join([*NETWORKS, *OPPONENTS])} |")
    print("|---|" + "---|" * (len(NETWORKS) + len(OPPONENTS)))
    for name in arguments.series:
        with tempfile.TemporaryDirectory() as folder:
            print(row(name, Path(folder), range(arguments.seeds)), flush=True)


if __name__ == "__main__":
    main()
