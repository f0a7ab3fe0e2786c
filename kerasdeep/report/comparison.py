"""The page of a comparison and its Markdown twin, from `comparison.json`."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import cycle
from typing import Any

from kerasdeep.report import charts, numbers
from kerasdeep.report.numbers import is_number
from kerasdeep.report.page import as_markdown, templates

TONES = ("one", "two", "three", "four", "five", "six", "seven", "eight")
PLUS_MINUS = "±"
MOST_DIFFERENCES = 60
MOST_CHARTS = 6


@dataclass(frozen=True)
class Verdict:
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
    said: str


def html(facts: dict[str, Any], path: str) -> str:
    """One file that needs nothing else."""
    return templates(autoescape=True).get_template("comparison.html").render(_context(facts, path))


def markdown(facts: dict[str, Any], path: str) -> str:
    return as_markdown("comparison.md", _context(facts, path))


def _context(facts: dict[str, Any], path: str) -> dict[str, Any]:
    variants = facts.get("variants") or []
    metric = next((variant["headline"] for variant in variants if variant.get("headline")), None)
    tones = {variant["name"]: tone for variant, tone in zip(variants, cycle(TONES), strict=False)}
    strips, ticks = _strips(variants, metric, tones)
    names = _columns(variants, metric)
    return {
        "facts": facts,
        "path": path,
        "metric": metric,
        "metric_label": numbers.heading(metric) if metric else "",
        "verdict": _verdict(facts, variants, metric),
        "strips": strips,
        "ticks": ticks,
        "columns": [numbers.heading(name) + _part(name) for name in names],
        "rows": [_row(variant, names) for variant in variants],
        "paired": [_paired(row) for row in facts.get("paired") or []],
        "claims": [_claim(row) for row in facts.get("expect") or []],
        "charts": _charts(variants, tones),
        "differences": (facts.get("differences") or [])[:MOST_DIFFERENCES],
        "more_differences": max(0, len(facts.get("differences") or []) - MOST_DIFFERENCES),
        "names": list(tones),
        "tones": tones,
        "seeds": max((len(variant["seeds"]) for variant in variants), default=0),
        "runs": sum(len(variant["runs"]) for variant in variants),
        "seconds": sum(_total(variant) for variant in variants),
    }


def _total(variant: dict[str, Any]) -> float:
    cost = variant["costs"].get("seconds") or {}
    return cost["mean"] * cost["n"] if is_number(cost.get("mean")) else 0.0


def _columns(variants: list[dict[str, Any]], metric: str | None) -> list[str]:
    """The metrics worth a column: the headline, its twin on the other part, and the losses."""
    there = {name for variant in variants for name in variant["metrics"]}
    bare = (metric or "").removeprefix("test_").removeprefix("val_")
    loss = "data_loss" if _penalized(variants) else "loss"
    wanted = [f"{part}{name}" for name in (bare, loss) for part in ("test_", "val_")]
    return [name for name in dict.fromkeys(wanted) if name in there]


def _penalized(variants: list[dict[str, Any]]) -> bool:
    """Whether some variant's loss holds penalties, so that losses are to be compared without them."""
    both = [(v["metrics"].get("val_loss"), v["metrics"].get("val_data_loss")) for v in variants]
    return any(whole and bare and whole["mean"] != bare["mean"] for whole, bare in both)


def _part(name: str) -> str:
    return {"test": ", test", "val": ", validation"}.get(name.split("_")[0], "")


def _row(variant: dict[str, Any], names: list[str]) -> dict[str, Any]:
    costs = variant["costs"]
    return {
        "name": variant["name"],
        "seeds": len(variant["seeds"]),
        "failed": variant["statuses"].count("failed"),
        "cells": [spread(name, variant["metrics"].get(name)) for name in names],
        "best_epoch": _mean(costs.get("best_epoch")),
        "seconds": numbers.duration((costs.get("seconds") or {}).get("mean")),
        "parameters": _mean(costs.get("parameters")),
    }


def _mean(found: dict[str, Any] | None) -> str:
    value = (found or {}).get("mean")
    return numbers.number(round(value) if is_number(value) and value == round(value) else value, 3)


def spread(name: str, found: dict[str, Any] | None) -> str:
    """`86.5 % ± 0.3`: the mean and, for several seeds, the deviation."""
    if not found or not is_number(found.get("mean")):
        return numbers.NOTHING
    mean = numbers.metric(name, found["mean"])
    if found["n"] < 2:
        return mean
    share = numbers.is_share(name)
    std = f"{100 * found['std']:.1f}" if share else numbers.number(found["std"], 2)
    return f"{mean} {PLUS_MINUS} {std}"


def _difference(name: str, value: Any) -> str:
    if not is_number(value):
        return numbers.NOTHING
    if numbers.is_share(name):
        return f"{100 * value:+.2f}".replace("-", "−")
    return ("+" if value > 0 else "") + numbers.number(value, 3)


def _paired(row: dict[str, Any]) -> dict[str, Any]:
    low, high, name = row["low"], row["high"], row["metric"]
    clear = is_number(low) and is_number(high) and low * high > 0
    interval = f"{_difference(name, low)} … {_difference(name, high)}" if is_number(low) else numbers.NOTHING
    return {
        **row,
        "label": numbers.label(name) + _part(name) + (", points" if numbers.is_share(name) else ""),
        "said": _difference(name, row["difference"]),
        "interval": interval,
        "sure": "yes" if clear else "no" if is_number(low) else "one seed cannot say",
    }


def _claim(row: dict[str, Any]) -> dict[str, Any]:
    means = ", ".join(f"{name} = {numbers.number(value)}" for name, value in row["figures"].items())
    return {**row, "means": means, "level": "good" if row["met"] else "bad"}


def _verdict(facts: dict[str, Any], variants: list[dict[str, Any]], metric: str | None) -> Verdict:
    judged = facts.get("expect") or []
    missed = sum(not row["met"] for row in judged)
    claims = f"{missed} of {len(judged)} claims are missed." if missed else f"All {len(judged)} claims are met."
    claims = claims if judged else ""
    known = [variant for variant in variants if is_number((variant["metrics"].get(metric) or {}).get("mean"))]
    if not known:
        return Verdict("warning", "Nothing to compare yet.", f"No run has figures of its own. {claims}".strip())
    less = metric in (facts.get("less_is_better") or [])
    ranked = sorted(known, key=lambda variant: variant["metrics"][metric]["mean"], reverse=not less)
    best, level = ranked[0], "bad" if missed else "good"
    figure = f"{numbers.label(metric)}{_part(metric)} {spread(metric, best['metrics'][metric])}"
    if len(ranked) == 1:
        return Verdict(level, f"{best['name']}: {figure}.", claims)
    second = ranked[1]
    return Verdict(
        level,
        f"{best['name']} comes first: {figure}.",
        f"{second['name']} follows with {spread(metric, second['metrics'][metric])}. {claims}".strip(),
    )


def _strips(
    variants: list[dict[str, Any]], metric: str | None, tones: dict[str, str]
) -> tuple[list[Strip], list[charts.Tick]]:
    """The headline of every run on one scale."""
    found = {variant["name"]: variant["values"].get(metric) or [] for variant in variants if variant.get("values")}
    known = [value for values in found.values() for value in values if is_number(value)]
    if not known or metric is None:
        return [], []
    scale = charts.axis(known, numbers.percent if numbers.is_share(metric) else numbers.number, allow_log=False)
    strips = []
    for variant in variants:
        values = [value for value in found.get(variant["name"], []) if is_number(value)]
        if values:
            mean = variant["metrics"][metric]["mean"]
            dots = [round(scale.place(value), 2) for value in values]
            said = spread(metric, variant["metrics"][metric])
            strips.append(Strip(variant["name"], tones[variant["name"]], dots, round(scale.place(mean), 2), said))
    return strips, scale.ticks


def _charts(variants: list[dict[str, Any]], tones: dict[str, str]) -> list[charts.Chart]:
    """The curves of all variants over each other, one chart a figure of the history."""
    columns = dict.fromkeys(name for variant in variants for name in variant["curves"])
    hidden = {"loss", "val_loss"} if _penalized(variants) else {"data_loss", "val_data_loss"}
    drawn = []
    for name in sorted(columns, key=_chart_order):
        lines = [
            (v["name"], tones[v["name"]], v["curves"][name])
            for v in variants
            if any(map(is_number, v["curves"].get(name) or []))
        ]
        flat = name in ("learning_rate", "momentum") and all(len(set(at)) < 2 for _, _, at in lines)
        if name in hidden or flat or not lines:
            continue
        longest = max(len(at) for _, _, at in lines)
        lines = [(said, tone, [*at, *[None] * (longest - len(at))]) for said, tone, at in lines]
        spell = numbers.percent if numbers.is_share(name) else numbers.number
        spell = numbers.rate if name == "learning_rate" else spell
        title = numbers.heading(name) + (", validation" if name.startswith("val_") else "")
        epochs = [str(number + 1) for number in range(longest)]
        chart = charts.line_chart(name, title, epochs, lines, spell, shown=longest - 1)
        drawn += [chart] if chart else []
    return drawn[:MOST_CHARTS]


def _chart_order(name: str) -> tuple[int, str]:
    ranks = ("val_accuracy", "val_data_loss", "val_loss", "data_loss", "loss")
    last = {"learning_rate": 90, "momentum": 91}
    return (ranks.index(name) if name in ranks else last.get(name, 50), name)
