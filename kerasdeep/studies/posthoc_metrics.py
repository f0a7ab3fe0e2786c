"""Metrics that a verb measures on a finished run: `diagnose`, `evaluate --mc N`, `export`, `lr-find`.

They are kept in the run's `facts/measured.json`, so that a repeated comparison does not measure again.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path

from kerasdeep import diagnostics
from kerasdeep.config import LoadedConfig, Overrides, load_config
from kerasdeep.errors import InputError, RunFailed
from kerasdeep.runs import RunDir, facts
from kerasdeep.studies.metric_paths import MEASURED

_FACT_NAME = "measured"

MetricValues = Mapping[str, float | str | None]


def cached_measurement(run: RunDir, family: str) -> MetricValues:
    """The family's metrics for that run: as measured before, or now. Empty for a run that has no model."""
    measurements = facts.read_fact(run, facts.MeasuredFact) or {}
    if family not in measurements:
        try:
            measurements[family] = dict(_measure(run, family))
        except (InputError, RunFailed) as error:  # a run without a model, a net without dropout, a failed check
            measurements[family] = {"error": str(error)}
        run.write_fact(_FACT_NAME, measurements)
    return measurements[family]


def _measure(run: RunDir, family: str) -> MetricValues:
    if family in _MEASUREMENTS:
        return _MEASUREMENTS[family](run)
    match = MEASURED.fullmatch(family)
    assert match
    if match["samples"]:
        return _measure_mc_dropout(run, int(match["samples"]))
    return _measure_export(run, match["format"], match["options"])


def _load_resolved(run: RunDir) -> LoadedConfig:
    return load_config(run.resolved, Overrides(["runtime.threads=auto"]))


def _measure_mc_dropout(run: RunDir, samples: int) -> MetricValues:
    from kerasdeep.inference.predictor import Predictor
    from kerasdeep.metric_names import PREFIXES

    mc_result = Predictor.load(run).evaluate(mc=samples)["mc"]
    metrics = dict(mc_result["metrics"])
    for part, part_evaluation in mc_result["evaluation"]["parts"].items():
        for name, value in (part_evaluation["targets"][0].get("most_certain") or {}).items():
            metrics[f"{PREFIXES[part]}certain_{name}"] = value
    return metrics


def _measure_train_again(run: RunDir) -> MetricValues:
    """Loss and metrics on the training rows in inference: no dropout, no batch statistics."""
    from kerasdeep.inference.predictor import Predictor

    predictor = Predictor.load(run)
    from kerasdeep import data
    from kerasdeep.inference.run_evaluation import keras_metrics  # loads Keras

    splits = {"train": data.load(predictor.config.data, predictor.config.task).train}
    return keras_metrics(predictor.model, predictor.config, predictor.preprocessing, splits)


def _measure_diagnose(run: RunDir) -> MetricValues:
    """The network as it was initialised, on a real batch."""
    diagnosis = diagnostics.diagnose(_load_resolved(run))
    hidden = [layer["initial"] for layer in diagnosis.layers if not layer["output"]]
    deviations = [signal["deviation"] for signal in hidden]
    metrics: dict[str, float | None] = {
        **diagnosis.moments["initial"],
        "gradient_rms": hidden[0]["gradient"],
        "activation_mean": hidden[-1]["mean"],
        "activation_std": deviations[-1],
        "least_activation_std": min(deviations),
        "most_activation_std": max(deviations),
        "verdicts": len(diagnosis.verdicts),
    }
    metrics |= {f"activation_std_{number}": value for number, value in enumerate(deviations, 1)}
    for fraction_name in ("dead", "saturated"):
        values = [signal[fraction_name] for signal in hidden if signal[fraction_name] is not None]
        metrics[fraction_name] = max(values, default=0.0)
    return metrics


def _measure_lr_find(run: RunDir) -> MetricValues:
    result = diagnostics.lr_find(_load_resolved(run))
    return {"suggestion": result.suggestion, **result.suggestions}


def _measure_export(run: RunDir, format: str, options: str) -> MetricValues:
    from kerasdeep.inference.predictor import Predictor

    predictor = Predictor.load(run)
    from kerasdeep.inference.export import exporter, formats

    fold, float16 = format == "fold" or "_fold" in options, "_float16" in options
    format = "keras" if format == "fold" else format
    with tempfile.TemporaryDirectory() as folder:
        target = Path(folder) / f"model{formats.FORMATS[format].suffix}"
        result = exporter.export_run(predictor, exporter.ExportOptions(format, target, fold, float16, force=True))
    size, time = result["bytes"], result["milliseconds_a_row"]
    return {
        "difference": result["largest_difference"],
        "same_class": result.get("same_class"),
        "layers_removed": len(result["folded"]),
        "bytes_ratio": size["after"] / size["before"],
        "speedup": time["before"] / time["after"],
    }


_MEASUREMENTS: dict[str, Callable[[RunDir], MetricValues]] = {
    "diagnose": _measure_diagnose,
    "train_again": _measure_train_again,
    "lr_find": _measure_lr_find,
}
