"""The contents of a comparison's page and table: each variant's metrics, costs and curves over its seeds."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from kerasdeep.catalog.traits import lower_is_better
from kerasdeep.metric_names import on_test_rows, ranking_metric
from kerasdeep.runs import RunDir, facts
from kerasdeep.runs.facts import ResultFact
from kerasdeep.studies import metric_paths, seed_statistics
from kerasdeep.studies.metric_values import EPOCH_SECONDS, read_metric
from kerasdeep.studies.seed_statistics import CONFIDENCE
from kerasdeep.studies.study import RunKey, RunsByVariant

COST_METRICS = (*metric_paths.RESULT_KEYS, EPOCH_SECONDS)
CURVE_COLUMNS = ("loss", "data_loss", "learning_rate", "momentum")
MAX_CURVE_EPOCHS = 400


def names_of_metrics(runs: RunsByVariant) -> list[str]:
    results = [facts.read_result(run) for runs_by_seed in runs.values() for run in runs_by_seed.values()]
    return list(dict.fromkeys(name for result in results for name in result.metrics))


def summarize_variant(name: str, runs: Mapping[RunKey, RunDir]) -> dict[str, Any]:
    """One row of the table, and the mean curves of its runs."""
    results = [facts.read_result(run) for run in runs.values()]
    names = dict.fromkeys(name for result in results for name in result.metrics)
    return {
        "name": name,
        "seeds": [key.seed for key in runs],
        "folds": [key.fold for key in runs if key.fold is not None],
        "runs": [str(run.path) for run in runs.values()],
        "statuses": [result.status for result in results],
        "metrics": {name: seed_statistics.mean_and_std(values) for name, values in _metric_values(runs, names).items()},
        "values": _metric_values(runs, names),
        "costs": {
            name: seed_statistics.mean_and_std(values) for name, values in _metric_values(runs, COST_METRICS).items()
        },
        "headline": _ranking_metric(results),
        "curves": mean_curves(runs),
    }


def _metric_values(runs: Mapping[RunKey, RunDir], names: Iterable[str]) -> dict[str, list[float]]:
    return {name: [read_metric(run, name) for run in runs.values()] for name in names}


def _ranking_metric(results: list[ResultFact]) -> str | None:
    return next(filter(None, (ranking_metric(result.metrics) for result in results)), None)


def mean_curves(runs: Mapping[RunKey, RunDir]) -> dict[str, list[float | None]]:
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
    """Every variant against the first, pair by pair: in what they are ranked by, on the test rows, and in the loss."""
    baseline, *others = runs
    rows = []
    for name in _paired_metrics(runs):
        for other in others:
            difference = paired_difference(runs[other], runs[baseline], name)
            if difference:
                rows.append({"metric": name, "variant": other, "against": baseline, **difference})
    return rows


def _paired_metrics(runs: RunsByVariant) -> list[str]:
    results = [facts.read_result(run) for runs_by_key in runs.values() for run in runs_by_key.values()]
    metric = _ranking_metric(results)
    names = dict.fromkeys([metric, on_test_rows(metric), "val_loss", "test_loss"] if metric else [])
    measured = [name for name in names if any(result.metrics.get(name) is not None for result in results)]
    return [name for name in measured if name != "test_loss" or "val_loss" not in measured]


def paired_difference(
    runs: Mapping[RunKey, RunDir], baseline: Mapping[RunKey, RunDir], name: str, confidence: float = CONFIDENCE
) -> dict[str, Any] | None:
    """The difference in a metric between runs with the same keys, with its interval.

    Pairs are seeds, or folds, each the mean over its seeds: seeds do not make a fold's rows any more.
    """
    values, baseline_values = (_values_by_pair(one, name) for one in (runs, baseline))
    shared_rows = seed_statistics.held_out_ratio(next(iter(baseline.values()))) if next(iter(baseline)).fold else 0.0
    return seed_statistics.paired_t_interval(values, baseline_values, shared_rows, confidence)


def _values_by_pair(runs: Mapping[RunKey, RunDir], name: str) -> dict[int, float]:
    values: dict[int, list[float]] = {}
    for key, run in runs.items():
        values.setdefault(key.seed if key.fold is None else key.fold, []).append(read_metric(run, name))
    return {pair: float(np.mean(numbers)) for pair, numbers in values.items()}


def judge(runs: RunsByVariant) -> dict[str, Any] | None:
    """Which variant is best on the validation rows, and whether that is shown; None for less than two with results.

    `verdict` is better where the interval of the difference between the first two excludes zero, otherwise
    no_clear_difference; `tied` are those that no interval tells from the best.
    """
    results = [facts.read_result(run) for runs_by_key in runs.values() for run in runs_by_key.values()]
    metric = _ranking_metric(results)
    means = {
        variant: seed_statistics.mean_and_std([read_metric(run, metric) for run in runs_by_key.values()])["mean"]
        for variant, runs_by_key in runs.items()
        if metric
    }
    ranked = sorted(filter(lambda variant: math.isfinite(means[variant]), means), key=means.__getitem__)
    if metric is None or len(ranked) < 2:
        return None
    best, second, *_ = ranked if lower_is_better(metric) else reversed(ranked)
    differences = {other: paired_difference(runs[best], runs[other], metric) for other in ranked if other != best}
    tied = [other for other, difference in differences.items() if not seed_statistics.excludes_zero(difference)]
    return {
        "verdict": "no_clear_difference" if second in tied else "better",
        "metric": metric,
        "best": best,
        "second": second,
        **(differences[second] or {}),
        "tied": tied,
    }
