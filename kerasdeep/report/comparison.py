"""The page of a comparison and its Markdown twin, from `comparison.json`."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import cycle
from typing import Any

from kerasdeep.report import charts, formatting
from kerasdeep.report.formatting import is_number
from kerasdeep.report.page import render_markdown_template, template_environment

TONES = ("one", "two", "three", "four", "five", "six", "seven", "eight")
PLUS_MINUS = "±"
MAX_DIFFERENCES = 60
MAX_CHARTS = 6


@dataclass(frozen=True)
class Conclusion:
    level: str
    title: str
    text: str


@dataclass(frozen=True)
class Strip:
    """One variant on the common scale: a dot a seed and the mean, in per cent of the scale."""

    name: str
    tone: str
    dots: list[float]
    mean: float
    label: str


def render_html(facts: dict[str, Any], path: str) -> str:
    """One file that needs nothing else."""
    return template_environment(autoescape=True).get_template("comparison.html").render(_context(facts, path))


def render_markdown(facts: dict[str, Any], path: str) -> str:
    return render_markdown_template("comparison.md", _context(facts, path))


def _context(facts: dict[str, Any], path: str) -> dict[str, Any]:
    variants = facts.get("variants") or []
    metric = next((variant["headline"] for variant in variants if variant.get("headline")), None)
    tones = {variant["name"]: tone for variant, tone in zip(variants, cycle(TONES), strict=False)}
    strips, ticks = _seed_strips(variants, metric, tones)
    names = _metric_columns(variants, metric)
    return {
        "facts": facts,
        "path": path,
        "metric": metric,
        "metric_label": formatting.metric_heading(metric) if metric else "",
        "verdict": _conclusion(facts, variants, metric),
        "strips": strips,
        "ticks": ticks,
        "columns": [formatting.metric_heading(name) + _split_suffix(name) for name in names],
        "rows": [_variant_row(variant, names) for variant in variants],
        "paired": [_paired_row(row) for row in facts.get("paired") or []],
        "claims": [_claim_row(row) for row in facts.get("expect") or []],
        "charts": _curve_charts(variants, tones),
        "differences": (facts.get("differences") or [])[:MAX_DIFFERENCES],
        "more_differences": max(0, len(facts.get("differences") or []) - MAX_DIFFERENCES),
        "names": list(tones),
        "tones": tones,
        "seeds": max((len(variant["seeds"]) for variant in variants), default=0),
        "runs": sum(len(variant["runs"]) for variant in variants),
        "seconds": sum(_total_seconds(variant) for variant in variants),
    }


def _total_seconds(variant: dict[str, Any]) -> float:
    cost = variant["costs"].get("seconds") or {}
    return cost["mean"] * cost["n"] if is_number(cost.get("mean")) else 0.0


def _metric_columns(variants: list[dict[str, Any]], metric: str | None) -> list[str]:
    """The metrics worth a column: the headline, its twin on the other part, and the losses."""
    available = {name for variant in variants for name in variant["metrics"]}
    base_name = (metric or "").removeprefix("test_").removeprefix("val_")
    loss = "data_loss" if _penalized(variants) else "loss"
    wanted = [f"{prefix}{name}" for name in (base_name, loss) for prefix in ("test_", "val_")]
    return [name for name in dict.fromkeys(wanted) if name in available]


def _penalized(variants: list[dict[str, Any]]) -> bool:
    """Whether some variant's loss holds penalties, so that losses are to be compared without them."""
    loss_pairs = [(v["metrics"].get("val_loss"), v["metrics"].get("val_data_loss")) for v in variants]
    return any(
        with_penalties and without_penalties and with_penalties["mean"] != without_penalties["mean"]
        for with_penalties, without_penalties in loss_pairs
    )


def _split_suffix(name: str) -> str:
    return {"test": ", test", "val": ", validation"}.get(name.split("_")[0], "")


def _variant_row(variant: dict[str, Any], names: list[str]) -> dict[str, Any]:
    costs = variant["costs"]
    return {
        "name": variant["name"],
        "seeds": len(variant["seeds"]),
        "failed": variant["statuses"].count("failed"),
        "cells": [mean_and_std(name, variant["metrics"].get(name)) for name in names],
        "best_epoch": _format_mean(costs.get("best_epoch")),
        "seconds": formatting.duration((costs.get("seconds") or {}).get("mean")),
        "parameters": _format_mean(costs.get("parameters")),
    }


def _format_mean(summary: dict[str, Any] | None) -> str:
    value = (summary or {}).get("mean")
    return formatting.number(round(value) if is_number(value) and value == round(value) else value, 3)


def mean_and_std(name: str, summary: dict[str, Any] | None) -> str:
    """`86.5 % ± 0.3`: the mean and, for several seeds, the deviation."""
    if not summary or not is_number(summary.get("mean")):
        return formatting.NO_VALUE
    mean = formatting.metric_value(name, summary["mean"])
    if summary["n"] < 2:
        return mean
    share = formatting.is_fraction(name)
    std = f"{100 * summary['std']:.1f}" if share else formatting.number(summary["std"], 2)
    return f"{mean} {PLUS_MINUS} {std}"


def _format_difference(name: str, value: Any) -> str:
    if not is_number(value):
        return formatting.NO_VALUE
    if formatting.is_fraction(name):
        return f"{100 * value:+.2f}".replace("-", "−")
    return ("+" if value > 0 else "") + formatting.number(value, 3)


def _paired_row(row: dict[str, Any]) -> dict[str, Any]:
    low, high, name = row["low"], row["high"], row["metric"]
    excludes_zero = is_number(low) and is_number(high) and low * high > 0
    interval = (
        f"{_format_difference(name, low)} … {_format_difference(name, high)}" if is_number(low) else formatting.NO_VALUE
    )
    return {
        **row,
        "label": formatting.metric_label(name)
        + _split_suffix(name)
        + (", points" if formatting.is_fraction(name) else ""),
        "said": _format_difference(name, row["difference"]),
        "interval": interval,
        "sure": "yes" if excludes_zero else "no" if is_number(low) else "one seed cannot say",
    }


def _claim_row(row: dict[str, Any]) -> dict[str, Any]:
    means = ", ".join(f"{name} = {formatting.number(value)}" for name, value in row["figures"].items())
    return {**row, "means": means, "level": "good" if row["met"] else "bad"}


def _conclusion(facts: dict[str, Any], variants: list[dict[str, Any]], metric: str | None) -> Conclusion:
    claim_rows = facts.get("expect") or []
    missed = sum(not row["met"] for row in claim_rows)
    claims_text = (
        f"{missed} of {len(claim_rows)} claims are missed." if missed else f"All {len(claim_rows)} claims are met."
    )
    claims_text = claims_text if claim_rows else ""
    measured = [variant for variant in variants if is_number((variant["metrics"].get(metric) or {}).get("mean"))]
    if not measured:
        return Conclusion("warning", "Nothing to compare yet.", f"No run has figures of its own. {claims_text}".strip())
    less_is_better = metric in (facts.get("less_is_better") or [])
    ranked = sorted(measured, key=lambda variant: variant["metrics"][metric]["mean"], reverse=not less_is_better)
    best, level = ranked[0], "bad" if missed else "good"
    figure = f"{formatting.metric_label(metric)}{_split_suffix(metric)} {mean_and_std(metric, best['metrics'][metric])}"
    if len(ranked) == 1:
        return Conclusion(level, f"{best['name']}: {figure}.", claims_text)
    runner_up = ranked[1]
    return Conclusion(
        level,
        f"{best['name']} comes first: {figure}.",
        f"{runner_up['name']} follows with {mean_and_std(metric, runner_up['metrics'][metric])}. {claims_text}".strip(),
    )


def _seed_strips(
    variants: list[dict[str, Any]], metric: str | None, tones: dict[str, str]
) -> tuple[list[Strip], list[charts.Tick]]:
    """The headline of every run on one scale."""
    values_by_variant = {
        variant["name"]: variant["values"].get(metric) or [] for variant in variants if variant.get("values")
    }
    all_values = [value for values in values_by_variant.values() for value in values if is_number(value)]
    if not all_values or metric is None:
        return [], []
    scale = charts.axis(
        all_values, formatting.percent if formatting.is_fraction(metric) else formatting.number, allow_log=False
    )
    strips = []
    for variant in variants:
        values = [value for value in values_by_variant.get(variant["name"], []) if is_number(value)]
        if values:
            mean = variant["metrics"][metric]["mean"]
            dots = [round(scale.position(value), 2) for value in values]
            label = mean_and_std(metric, variant["metrics"][metric])
            strips.append(Strip(variant["name"], tones[variant["name"]], dots, round(scale.position(mean), 2), label))
    return strips, scale.ticks


def _curve_charts(variants: list[dict[str, Any]], tones: dict[str, str]) -> list[charts.LineChart]:
    """The curves of all variants over each other, one chart a figure of the history."""
    columns = dict.fromkeys(name for variant in variants for name in variant["curves"])
    hidden = {"loss", "val_loss"} if _penalized(variants) else {"data_loss", "val_data_loss"}
    line_charts = []
    for name in sorted(columns, key=_chart_order):
        lines = [
            (v["name"], tones[v["name"]], v["curves"][name])
            for v in variants
            if any(map(is_number, v["curves"].get(name) or []))
        ]
        constant = name in ("learning_rate", "momentum") and all(len(set(values)) < 2 for _, _, values in lines)
        if name in hidden or constant or not lines:
            continue
        n_epochs = max(len(values) for _, _, values in lines)
        lines = [
            (variant_name, tone, [*values, *[None] * (n_epochs - len(values))]) for variant_name, tone, values in lines
        ]
        formatter = formatting.percent if formatting.is_fraction(name) else formatting.number
        formatter = formatting.learning_rate if name == "learning_rate" else formatter
        title = formatting.metric_heading(name) + (", validation" if name.startswith("val_") else "")
        epochs = [str(number + 1) for number in range(n_epochs)]
        chart = charts.line_chart(name, title, epochs, lines, formatter, shown=n_epochs - 1)
        line_charts += [chart] if chart else []
    return line_charts[:MAX_CHARTS]


def _chart_order(name: str) -> tuple[int, str]:
    ranks = ("val_accuracy", "val_data_loss", "val_loss", "data_loss", "loss")
    last = {"learning_rate": 90, "momentum": 91}
    return (ranks.index(name) if name in ranks else last.get(name, 50), name)
