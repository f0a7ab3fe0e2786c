"""Measuring: the command on a recipe's first line, and the few facts of it that the pages need."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from benchmarks.collection.recipe import RESULTS, ROOT, Recipe
from kerasdeep import run_dir, spec

KEPT_METRICS = (
    "accuracy",
    "loss",
    "data_loss",
    "log_loss",
    "expected_calibration_error",
    "r2_score",
    "mean_absolute_error",
)
KEPT_VERSIONS = ("keras", "tensorflow", "jax", "numpy")
DIGITS = 6


def measure(recipe: Recipe, out: Path, sources: dict[str, Path]) -> bool:
    """Runs the comparison and keeps its facts; false where the command did not come to its end.

    `sources` names a file that stands for a built-in data set, as for machines where it cannot be downloaded.
    """
    options = [*recipe.command[3:], "--out", str(out), "--quiet", "--json"]
    source = spec.load(recipe.path).spec.data.source
    if source in sources:
        options += ["--set", f"data.source={sources[source]}"]
    command = [sys.executable, "-m", "kerasdeep", *recipe.command[1:2], str(recipe.path), *options]
    ended = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, check=False)
    try:
        found = json.loads(ended.stdout)
    except ValueError:
        found = {}
    if "variants" not in found:
        print(f"{recipe.name}: no comparison came out (exit code {ended.returncode}). {found}", file=sys.stderr)
        return False
    RESULTS.mkdir(exist_ok=True)
    facts = _shortened(reduced(found, recipe))
    recipe.result.write_text(json.dumps(facts, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    return True


def reduced(found: dict[str, Any], recipe: Recipe) -> dict[str, Any]:
    """What the pages need, without paths of the machine that measured."""
    variants = []
    for one in found["variants"]:
        metrics = {name: value for name, value in one["metrics"].items() if _is_kept(name)}
        kept = {key: one[key] for key in ("name", "seeds", "statuses", "headline", "costs")}
        variants.append({**kept, "metrics": metrics, "best": _best(one)})
    environment = run_dir.RunDir(Path(found["variants"][0]["runs"][0])).read_environment()
    return {
        "command": " ".join(recipe.command),
        "configuration": recipe.configuration(),
        "versions": {name: environment["versions"].get(name) for name in KEPT_VERSIONS},
        "kerasdeep": environment["kerasdeep"],
        "machine": {"device": environment["device"], "threads": environment["threads"]},
        "data_hash": environment["data_hash"][:16],
        "variants": variants,
        "expect": found["expect"],
    }


def _is_kept(name: str) -> bool:
    return name.removeprefix("val_").removeprefix("test_") in KEPT_METRICS


def _best(one: dict[str, Any]) -> dict[str, Any] | None:
    """The best epoch's validation accuracy, its mean over seeds: the figure that the book's tables rank by."""
    from kerasdeep.comparing import figures, statistics

    values = [figures.read(run_dir.RunDir(Path(path)), "best.val_accuracy") for path in one["runs"]]
    found = statistics.moments(values)
    return found if found["n"] else None


def _shortened(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _shortened(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_shortened(item) for item in value]
    return float(f"{value:.{DIGITS}g}") if isinstance(value, float) else value
