"""What a comparison's page and table are made of: every variant's metrics, costs and curves over its seeds."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from kerasdeep.comparing import figures, statistics
from kerasdeep.run_dir import RunDir

COSTS = (*figures.OF_RESULT, "seconds_an_epoch")
HEADLINES = ("accuracy", "r2_score", "mean_absolute_error", "loss")
"""The figure that says most, first that there is; of test rows before validation rows."""
CURVES = ("loss", "data_loss", "learning_rate", "momentum")
LONGEST_CURVE = 400

Runs = Mapping[str, Mapping[int, RunDir]]


def headline(result: dict[str, Any]) -> str | None:
    """The name of the run's first figure; None for a run without metrics."""
    names = (f"{part}{name}" for name in HEADLINES for part in ("test_", "val_", ""))
    return next((name for name in names if result["metrics"].get(name) is not None), None)


def metric_names(runs: Runs) -> list[str]:
    results = [run.read_result() for of in runs.values() for run in of.values()]
    return list(dict.fromkeys(name for result in results for name in result["metrics"]))


def variant(name: str, runs: Mapping[int, RunDir]) -> dict[str, Any]:
    """One row of the table, and the mean curves of its seeds."""
    results = [run.read_result() for run in runs.values()]
    names = dict.fromkeys(name for result in results for name in result["metrics"])
    return {
        "name": name,
        "seeds": list(runs),
        "runs": [str(run.path) for run in runs.values()],
        "statuses": [result["status"] for result in results],
        "metrics": {name: statistics.moments(values) for name, values in _values(runs, names).items()},
        "values": _values(runs, names),
        "costs": {name: statistics.moments(values) for name, values in _values(runs, COSTS).items()},
        "headline": next(filter(None, map(headline, results)), None),
        "curves": curves(runs),
    }


def _values(runs: Mapping[int, RunDir], names: Iterable[str]) -> dict[str, list[float]]:
    return {name: [figures.read(run, name) for run in runs.values()] for name in names}


def curves(runs: Mapping[int, RunDir]) -> dict[str, list[float | None]]:
    """Every figure of the history by epoch, the mean over those seeds that came so far."""
    histories = [run.history.rows() for run in runs.values()]
    longest = max((len(rows) for rows in histories), default=0)
    columns = dict.fromkeys(name for rows in histories for row in rows for name in row)
    kept = [name for name in columns if name.startswith("val_") or name in CURVES]
    found: dict[str, list[float | None]] = {}
    for name in kept:
        values = [[rows[epoch].get(name) for rows in histories if epoch < len(rows)] for epoch in range(longest)]
        known = [[value for value in at if isinstance(value, int | float)] for at in values]
        found[name] = [float(np.mean(at)) if at else None for at in known][:LONGEST_CURVE]
    return found


def paired(runs: Runs) -> list[dict[str, Any]]:
    """Every variant against the first, seed by seed, in the first one's headline and in the losses."""
    first, *others = runs
    results = [run.read_result() for of in runs.values() for run in of.values()]
    leading = next(filter(None, map(headline, results)), None)
    losses = [name for name in ("test_loss", "val_loss") if any(name in result["metrics"] for result in results)]
    names = dict.fromkeys([*([leading] if leading else []), *losses[:1]])
    rows = []
    for name in names:
        values = {
            variant: {seed: figures.read(run, name) for seed, run in of.items()} for variant, of in runs.items()
        }
        for other in others:
            found = statistics.paired(values[other], values[first])
            if found:
                rows.append({"metric": name, "variant": other, "against": first, **found})
    return rows
