"""Measuring: the command on a recipe's first line, and the few facts of it that the pages need."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from benchmarks.collection.recipe import ROOT, MeasuredRecipe
from kerasdeep.config import load_config
from kerasdeep.runs import RunDir
from kerasdeep.runs.files import read_json

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


def measure(recipe: MeasuredRecipe, out: Path, sources: dict[str, Path]) -> bool:
    """Runs the comparison and keeps its facts; false where the command did not come to its end.

    `sources` names a file that stands for a built-in data set, as for machines where it cannot be downloaded.
    """
    options = [*recipe.command[3:], "--out", str(out), "--quiet", "--json"]
    source = load_config(recipe.path).config.data.source
    if source in sources:
        options += ["--set", f"data.source={sources[source]}"]
    command = [sys.executable, "-m", "kerasdeep", *recipe.command[1:2], str(recipe.path), *options]
    completed = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, check=False)
    try:
        comparison = json.loads(completed.stdout)
    except ValueError:
        comparison = {}
    if "variants" not in comparison:
        print(
            f"{recipe.name}: no comparison came out (exit code {completed.returncode}). {comparison}", file=sys.stderr
        )
        return False
    recipe.result.parent.mkdir(parents=True, exist_ok=True)
    facts = _round_floats(reduce_comparison(comparison, recipe))
    recipe.result.write_text(json.dumps(facts, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    return True


def reduce_comparison(comparison: dict[str, Any], recipe: MeasuredRecipe) -> dict[str, Any]:
    """What the pages need, without paths of the machine that measured."""
    variants = []
    for variant in comparison["variants"]:
        metrics = {name: value for name, value in variant["metrics"].items() if _is_kept(name)}
        kept = {key: variant[key] for key in ("name", "seeds", "statuses", "headline", "costs")}
        variants.append({**kept, "metrics": metrics, "best": _best_epoch_accuracy(variant)})
    environment = read_json(RunDir(Path(comparison["variants"][0]["runs"][0])).environment)
    return {
        "command": " ".join(recipe.command),
        "configuration": recipe.config_hash(),
        "versions": {name: environment["versions"].get(name) for name in KEPT_VERSIONS},
        "kerasdeep": environment["kerasdeep"],
        "machine": {"device": environment["device"], "threads": environment["threads"]},
        "data_hash": environment["data_hash"][:16],
        "variants": variants,
        "expect": comparison["expect"],
    }


def _is_kept(name: str) -> bool:
    return name.removeprefix("val_").removeprefix("test_") in KEPT_METRICS


def _best_epoch_accuracy(variant: dict[str, Any]) -> dict[str, Any] | None:
    """The best epoch's validation accuracy, its mean over seeds: the figure that the book's tables rank by."""
    from kerasdeep.studies import metric_values, seed_statistics

    values = [metric_values.read_metric(RunDir(Path(path)), "best.val_accuracy") for path in variant["runs"]]
    mean_std = seed_statistics.mean_and_std(values)
    return mean_std if mean_std["n"] else None


def _round_floats(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _round_floats(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_round_floats(item) for item in value]
    return float(f"{value:.{DIGITS}g}") if isinstance(value, float) else value
