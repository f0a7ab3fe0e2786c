"""The report's page and its Markdown twin: everything the templates show, put together in one place."""

from __future__ import annotations

import re
import shlex
from typing import Any

from jinja2 import ChainableUndefined, Environment, PackageLoader, Undefined
from markupsafe import Markup

from kerasdeep.report import config_summary, curves, distributions, formatting, insights, layer_health, target_charts
from kerasdeep.report.calibration import reliability_diagram
from kerasdeep.report.caveats import find_caveats
from kerasdeep.report.lr_range_test import range_test
from kerasdeep.report.run_facts import METRIC_PREFIXES, RunFacts, by_keras_name, held_out_metrics

MAX_IMAGE_BYTES = 2_000_000
MAX_TABLE_ROWS = 400  # of layers and of features
PNG_DATA_URL = re.compile(r"data:image/png;base64,[A-Za-z0-9+/=]+")
STATUS_LABELS = {"completed": "completed", "running": "still running", "interrupted": "interrupted", "failed": "failed"}
_MARKDOWN = re.compile(r"([\\`*_{}\[\]<>#|~])")
_FILTERS = {
    "number": formatting.number,
    "short": formatting.compact_number,
    "percent": formatting.percent,
    "rate": formatting.learning_rate,
    "duration": formatting.duration,
    "label": formatting.metric_label,
}


def render_html(facts: RunFacts) -> str:
    """One file that needs nothing else: styles, script and pictures are inside it."""
    return template_environment(autoescape=True).get_template("report.html").render(_context(facts))


def render_markdown(facts: RunFacts) -> str:
    """The same story in short, for a pull request; what comes from the run is escaped where it is put in."""
    return render_markdown_template("report.md", _context(facts))


def render_markdown_template(template: str, context: dict[str, Any]) -> str:
    environment = template_environment(autoescape=False, finalize=_escape_markdown)
    return re.sub(r"\n{3,}", "\n\n", environment.get_template(template).render(context))


def template_environment(**options: Any) -> Environment:
    """The templates with the filters by which every page spells its figures."""
    loader = PackageLoader("kerasdeep.report", "templates")
    environment = Environment(
        loader=loader, trim_blocks=True, lstrip_blocks=True, undefined=ChainableUndefined, **options
    )
    environment.filters |= {name: _undefined_as_none(function) for name, function in _FILTERS.items()}
    environment.globals |= {
        "metric": formatting.metric_value,
        "interval": formatting.interval,
        "count": formatting.pluralize,
    }
    return environment


def _undefined_as_none(function: Any) -> Any:
    """A fact that is missing is spelled like one that is null."""
    return lambda value: function(None if isinstance(value, Undefined) else value)


def _escape_markdown(value: Any) -> Any:
    return (
        _MARKDOWN.sub(r"\\\1", " ".join(value.split()))
        if isinstance(value, str) and not isinstance(value, Markup)
        else value
    )


def _context(facts: RunFacts) -> dict[str, Any]:
    config = config_summary.parse_resolved(facts.resolved)
    result_insights, training_insights = insights.result_insights(facts), insights.training_insights(facts)
    names, rows = curves.history_table(facts)
    return {
        "facts": facts,
        "status": STATUS_LABELS.get(facts.status, facts.status),
        "description": config.description if config else "",
        "verdict": result_insights[0],
        "more_outcome": result_insights[1:],
        "course": training_insights,
        "doubts": find_caveats(facts),
        "gauges": [(target, target_charts.gauge(target)) for target in facts.headline_evaluation.get("targets") or []],
        "metrics": _metric_rows(facts),
        "charts": curves.training_curves(facts),
        "layer_findings": layer_health.layer_insights(facts),
        "heat_maps": layer_health.heat_maps(facts),
        "kernels": distributions.kernel_rows(facts),
        "rate_test": range_test(facts),
        "history_names": names,
        "history_rows": rows,
        "differences": config_summary.differences_from_defaults(config) if config else [],
        "resolved": config_summary.highlight_yaml(facts.resolved),
        "config": config_summary.highlight_yaml(facts.config),
        "layers": [_layer_row(layer) for layer in (facts.network.get("layers") or [])[:MAX_TABLE_ROWS]],
        "features": (facts.data.get("features") or [])[:MAX_TABLE_ROWS],
        "balance": [(target, target_charts.class_balance(target)) for target in facts.data.get("targets") or []],
        "targets": [_with_charts(target) for target in facts.headline_evaluation.get("targets") or []],
        "mistakes": _mistakes_with_images(facts),
        "reconstructions": [
            (str(reconstruction.get("stage")), _reconstruction_rows(reconstruction))
            for reconstruction in facts.reconstructions
        ],
        "environment": dict(_flattened(facts.environment | ({"engine": facts.engine} if facts.engine else {}))),
        "commands": _commands(facts),
    }


def _metric_rows(facts: RunFacts) -> list[dict[str, str]]:
    """A line for each metric: every held-out part, and the interval and the baseline of the headline's part."""
    values, bounds, baselines = (by_keras_name(facts, kind) for kind in ("metrics", "intervals", "baseline"))
    lines = []
    prefixes = [prefix for prefix in ("val_", "test_") if f"{prefix}loss" in values]
    penalized = any(values[f"{prefix}loss"] != values.get(f"{prefix}data_loss") for prefix in prefixes)
    for name in held_out_metrics(facts):
        if name == "data_loss" and not penalized:
            continue
        headline_name = f"test_{name}" if f"test_{name}" in values else f"val_{name}"
        line = {
            "name": name,
            "label": formatting.metric_heading(name),
            "interval": formatting.interval(name, bounds.get(headline_name)),
        }
        line["baseline"] = formatting.metric_value(name, baselines.get(headline_name))
        line |= {
            split: formatting.metric_value(name, values.get(METRIC_PREFIXES[split] + name))
            for split in ("validation", "test")
        }
        lines.append(line)
    return lines


def _layer_row(layer: dict[str, Any]) -> dict[str, Any]:
    sizes = ["any" if size is None else str(size) for size in layer.get("output_shape") or []]
    return layer | {"shape": " × ".join(sizes) or formatting.NO_VALUE}


def _with_charts(target: dict[str, Any]) -> dict[str, Any]:
    scatter, bars, quantiles = target_charts.residual_charts(target)
    return target | {
        "heat_map": target_charts.confusion_matrix(target),
        "scatter": scatter,
        "bars": bars,
        "quantiles": quantiles,
        "reliability": reliability_diagram(target),
    }


def _mistakes_with_images(facts: RunFacts) -> list[dict[str, Any]]:
    """Mistakes to show; a picture that is no PNG, or one too many, is left out."""
    bytes_left, shown = MAX_IMAGE_BYTES, []
    for mistake in facts.samples.get("mistakes") or []:
        image = str(mistake.get("image") or "")
        bytes_left -= len(image)
        shown.append(mistake | {"image": image if bytes_left > 0 and PNG_DATA_URL.fullmatch(image) else None})
    return shown


def _reconstruction_rows(reconstruction: dict[str, Any]) -> list[dict[str, Any]]:
    """The rows of one autoencoder whose pictures, or features, are both there."""
    rows = [row for row in reconstruction.get("rows") or [] if isinstance(row, dict)]
    with_images = [row for row in rows if all(PNG_DATA_URL.fullmatch(str(row.get(key))) for key in ("input", "output"))]
    return with_images or [row | {"input": None} for row in rows if row.get("features")]


def _flattened(value: dict[str, Any], prefix: str = "") -> list[tuple[str, str]]:
    pairs = []
    for name, item in value.items():
        if isinstance(item, dict):
            pairs += _flattened(item, f"{prefix}{name} ")
        elif item not in (None, "", []):
            text = ", ".join(map(str, item)) if isinstance(item, list) else str(item)
            pairs.append((f"{prefix}{name}".replace("_", " "), text))
    return pairs


def _commands(facts: RunFacts) -> list[tuple[str, str]]:
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
        other_seed = seed + 1 if isinstance(seed, int) else 1
        commands.append(("See how much is luck: another seed", f"kerasdeep train {resolved} --seed {other_seed}"))
    commands.append(("Write this report anew", f"kerasdeep report {run}"))
    return commands
