"""The report's page and its Markdown twin: everything the templates show, put together in one place."""

from __future__ import annotations

import re
import shlex
from typing import Any

from jinja2 import ChainableUndefined, Environment, PackageLoader, Undefined
from markupsafe import Markup

from kerasdeep.report import classes, configuration, curves, distributions, health, numbers, verdicts
from kerasdeep.report.calibration import reliability
from kerasdeep.report.doubts import doubts
from kerasdeep.report.rate_test import rate_test
from kerasdeep.report.reading import PREFIX, Facts, by_name, metric_names

MOST_PICTURE_BYTES = 2_000_000
MOST_LINES = 400  # of layers and of features
PICTURE = re.compile(r"data:image/png;base64,[A-Za-z0-9+/=]+")
STATUS = {
    "completed": "completed",
    "running": "still running",
    "interrupted": "interrupted",
    "failed": "failed",
}
_MARKDOWN = re.compile(r"([\\`*_{}\[\]<>#|~])")
_FILTERS = {
    "number": numbers.number,
    "short": numbers.short,
    "percent": numbers.percent,
    "rate": numbers.rate,
    "duration": numbers.duration,
    "label": numbers.label,
}


def html(facts: Facts) -> str:
    """One file that needs nothing else: styles, script and pictures are inside it."""
    return templates(autoescape=True).get_template("report.html").render(_context(facts))


def markdown(facts: Facts) -> str:
    """The same story in short, for a pull request; what comes from the run is escaped where it is put in."""
    return as_markdown("report.md", _context(facts))


def as_markdown(template: str, context: dict[str, Any]) -> str:
    pages = templates(autoescape=False, finalize=_escaped)
    return re.sub(r"\n{3,}", "\n\n", pages.get_template(template).render(context))


def templates(**options: Any) -> Environment:
    """The templates with the filters by which every page spells its figures."""
    loader = PackageLoader("kerasdeep.report", "templates")
    pages = Environment(
        loader=loader, trim_blocks=True, lstrip_blocks=True, undefined=ChainableUndefined, **options
    )
    pages.filters |= {name: _tolerant(function) for name, function in _FILTERS.items()}
    pages.globals |= {"metric": numbers.metric, "interval": numbers.interval, "count": numbers.count}
    return pages


def _tolerant(function: Any) -> Any:
    """A fact that is missing is spelled like one that is null."""
    return lambda value: function(None if isinstance(value, Undefined) else value)


def _escaped(value: Any) -> Any:
    return (
        _MARKDOWN.sub(r"\\\1", " ".join(value.split()))
        if isinstance(value, str) and not isinstance(value, Markup)
        else value
    )


def _context(facts: Facts) -> dict[str, Any]:
    spec = configuration.read(facts.resolved)
    outcome, course = verdicts.outcome(facts), verdicts.course(facts)
    names, rows = curves.table(facts)
    return {
        "facts": facts,
        "status": STATUS.get(facts.status, facts.status),
        "description": spec.description if spec else "",
        "verdict": outcome[0],
        "more_outcome": outcome[1:],
        "course": course,
        "doubts": doubts(facts),
        "gauges": [(target, classes.gauge(target)) for target in facts.evaluated.get("targets") or []],
        "metrics": _metrics(facts),
        "charts": curves.draw(facts),
        "layer_findings": health.findings(facts),
        "heat_maps": health.heat_maps(facts),
        "kernels": distributions.kernels(facts),
        "rate_test": rate_test(facts),
        "history_names": names,
        "history_rows": rows,
        "differences": configuration.differences(spec) if spec else [],
        "resolved": configuration.highlighted(facts.resolved),
        "config": configuration.highlighted(facts.config),
        "layers": [_layer(layer) for layer in (facts.network.get("layers") or [])[:MOST_LINES]],
        "features": (facts.data.get("features") or [])[:MOST_LINES],
        "balance": [(target, classes.balance(target)) for target in facts.data.get("targets") or []],
        "targets": [_judged(target) for target in facts.evaluated.get("targets") or []],
        "mistakes": _mistakes(facts),
        "reconstructions": [(str(told.get("stage")), _reconstructed(told)) for told in facts.reconstructions],
        "environment": dict(_flat(facts.environment | ({"engine": facts.engine} if facts.engine else {}))),
        "commands": _commands(facts),
    }


def _metrics(facts: Facts) -> list[dict[str, str]]:
    """A line for each metric: every held-out part, and the interval and the baseline of the headline's part."""
    values, bounds, guesses = (by_name(facts, kind) for kind in ("metrics", "intervals", "baseline"))
    lines = []
    parts = [prefix for prefix in ("val_", "test_") if f"{prefix}loss" in values]
    penalized = any(values[f"{prefix}loss"] != values.get(f"{prefix}data_loss") for prefix in parts)
    for name in metric_names(facts):
        if name == "data_loss" and not penalized:
            continue
        best = f"test_{name}" if f"test_{name}" in values else f"val_{name}"
        line = {"name": name, "label": numbers.heading(name), "interval": numbers.interval(name, bounds.get(best))}
        line["baseline"] = numbers.metric(name, guesses.get(best))
        line |= {part: numbers.metric(name, values.get(PREFIX[part] + name)) for part in ("validation", "test")}
        lines.append(line)
    return lines


def _layer(layer: dict[str, Any]) -> dict[str, Any]:
    sizes = ["any" if size is None else str(size) for size in layer.get("output_shape") or []]
    return layer | {"shape": " × ".join(sizes) or numbers.NOTHING}


def _judged(target: dict[str, Any]) -> dict[str, Any]:
    scatter, bars, quantiles = classes.residuals(target)
    return target | {
        "heat_map": classes.heat_map(target),
        "scatter": scatter,
        "bars": bars,
        "quantiles": quantiles,
        "reliability": reliability(target),
    }


def _mistakes(facts: Facts) -> list[dict[str, Any]]:
    """Mistakes to show; a picture that is no PNG, or one too many, is left out."""
    room, shown = MOST_PICTURE_BYTES, []
    for mistake in facts.samples.get("mistakes") or []:
        image = str(mistake.get("image") or "")
        room -= len(image)
        shown.append(mistake | {"image": image if room > 0 and PICTURE.fullmatch(image) else None})
    return shown


def _reconstructed(told: dict[str, Any]) -> list[dict[str, Any]]:
    """The rows of one autoencoder whose pictures, or features, are both there."""
    rows = [row for row in told.get("rows") or [] if isinstance(row, dict)]
    pictures = [row for row in rows if all(PICTURE.fullmatch(str(row.get(key))) for key in ("input", "output"))]
    return pictures or [row | {"input": None} for row in rows if row.get("features")]


def _flat(value: dict[str, Any], where: str = "") -> list[tuple[str, str]]:
    found = []
    for name, item in value.items():
        if isinstance(item, dict):
            found += _flat(item, f"{where}{name} ")
        elif item not in (None, "", []):
            said = ", ".join(map(str, item)) if isinstance(item, list) else str(item)
            found.append((f"{where}{name}".replace("_", " "), said))
    return found


def _commands(facts: Facts) -> list[tuple[str, str]]:
    """What can be done with this run, as commands to copy."""
    run = shlex.quote(facts.path)
    resolved = shlex.quote(f"{facts.path}/resolved.yaml")
    commands = []
    if facts.status in ("interrupted", "failed"):
        commands.append(("Go on where it stopped", f"kerasdeep train {run} --resume"))
    if facts.status == "completed":
        commands.append(("Measure it on other data", f"kerasdeep evaluate {run} --data PATH"))
        commands.append(("See where signal and gradients stand", f"kerasdeep diagnose {run}"))
        commands.append(("Answer new rows", f"kerasdeep predict {run} INPUT -o answers.csv"))
    commands.append(("Repeat it exactly", f"kerasdeep train {resolved}"))
    if facts.status == "completed":
        seed = facts.result.get("seed")
        other = seed + 1 if isinstance(seed, int) else 1
        commands.append(("See how much is luck: another seed", f"kerasdeep train {resolved} --seed {other}"))
    commands.append(("Write this report anew", f"kerasdeep report {run}"))
    return commands
