"""The contents of a comparison's page and table: each variant's metrics, costs and curves over its seeds."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from kerasdeep.metric_names import headline
from kerasdeep.runs import RunDir, facts
from kerasdeep.runs.facts import ResultFact
from kerasdeep.studies import metric_paths, seed_statistics
from kerasdeep.studies.metric_values import EPOCH_SECONDS, read_metric
from kerasdeep.studies.study import RunsByVariant

COST_METRICS = (*metric_paths.RESULT_KEYS, EPOCH_SECONDS)
CURVE_COLUMNS = ("loss", "data_loss", "learning_rate", "momentum")
MAX_CURVE_EPOCHS = 400


def names_of_metrics(runs: RunsByVariant) -> list[str]:
    results = [facts.read_result(run) for runs_by_seed in runs.values() for run in runs_by_seed.values()]
    return list(dict.fromkeys(name for result in results for name in result.metrics))


def summarize_variant(name: str, runs: Mapping[int, RunDir]) -> dict[str, Any]:
    """One row of the table, and the mean curves of its seeds."""
    results = [facts.read_result(run) for run in runs.values()]
    names = dict.fromkeys(name for result in results for name in result.metrics)
    return {
        "name": name,
        "seeds": list(runs),
        "runs": [str(run.path) for run in runs.values()],
        "statuses": [result.status for result in results],
        "metrics": {name: seed_statistics.mean_and_std(values) for name, values in _metric_values(runs, names).items()},
        "values": _metric_values(runs, names),
        "costs": {
            name: seed_statistics.mean_and_std(values) for name, values in _metric_values(runs, COST_METRICS).items()
        },
        "headline": _first_headline(results),
        "curves": mean_curves(runs),
    }


def _metric_values(runs: Mapping[int, RunDir], names: Iterable[str]) -> dict[str, list[float]]:
    return {name: [read_metric(run, name) for run in runs.values()] for name in names}


def _first_headline(results: list[ResultFact]) -> str | None:
    return next(filter(None, (headline(result.metrics) for result in results)), None)


def mean_curves(runs: Mapping[int, RunDir]) -> dict[str, list[float | None]]:
    """Each plotted column of the history by epoch: the mean over the seeds that reached that epoch."""
    histories = [run.history.rows() for run in runs.values()]
    epoch_count = max((len(rows) for rows in histories), default=0)
    columns = dict.fromkeys(name for rows in histories for row in rows for name in row)
    plotted = [name for name in columns if name.startswith("val_") or name in CURVE_COLUMNS]
    means: dict[str, list[float | None]] = {}
    for name in plotted:
        values_by_epoch = [
            [rows[epoch].get(name) for rows in histories if epoch < len(rows)] for epoch in range(epoch_count)
        ]
        numbers = [
            [value for value in epoch_values if isinstance(value, int | float)] for epoch_values in values_by_epoch
        ]
        means[name] = [float(np.mean(epoch_values)) if epoch_values else None for epoch_values in numbers][
            :MAX_CURVE_EPOCHS
        ]
    return means


def paired_differences(runs: RunsByVariant) -> list[dict[str, Any]]:
    """Every variant against the first, seed by seed, in the first one's headline and in the losses."""
    baseline, *others = runs
    results = [facts.read_result(run) for runs_by_seed in runs.values() for run in runs_by_seed.values()]
    headline_name = _first_headline(results)
    losses = [name for name in ("test_loss", "val_loss") if any(name in result.metrics for result in results)]
    names = dict.fromkeys([*([headline_name] if headline_name else []), *losses[:1]])
    rows = []
    for name in names:
        values = {
            variant: {seed: read_metric(run, name) for seed, run in runs_by_seed.items()}
            for variant, runs_by_seed in runs.items()
        }
        for other in others:
            difference = seed_statistics.paired_t_interval(values[other], values[baseline])
            if difference:
                rows.append({"metric": name, "variant": other, "against": baseline, **difference})
    return rows
