"""The report of a run: its questions, the parts that answer them, and what each part shows."""

import re
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from kerasdeep import metric_names
from kerasdeep.advice import RunEvidence, find_verdicts
from kerasdeep.formatting import NO_VALUE, duration, number, whole_percent
from kerasdeep.report import charts, config_summary, curves, insights, layer_health, sections, target_charts
from kerasdeep.report.calibration import reliability_diagram
from kerasdeep.report.caveats import find_caveats
from kerasdeep.report.distributions import kernel_rows
from kerasdeep.report.lr_range_test import range_test
from kerasdeep.report.run_facts import RunFacts, by_keras_name
from kerasdeep.report.sections import Part, Section
from kerasdeep.runs.facts import AugmentedPicture, Mistake, ReconstructedRow, Reconstruction, TargetMetrics
from kerasdeep.runs.training_facts import LayerSummary, NetworkFact

MAX_IMAGE_BYTES = 2_000_000
MAX_TABLE_ROWS = 400  # of layers and of features
PNG_DATA_URL = re.compile(r"data:image/png;base64,[A-Za-z0-9+/=]+")
STATUS_LABELS = {"running": "still running", "pruned": "stopped early by its sweep"}


def render_html(run: RunFacts) -> str:
    filled = sections.fill(SECTIONS, run, run.absent)
    return sections.render_html("report.html", filled, commands=_commands(run), **_context(run))


def render_markdown(run: RunFacts) -> str:
    """A short version of the report, for a pull request."""
    return sections.render_markdown("report.md", sections.fill(SECTIONS, run, run.absent), **_context(run))


def _context(run: RunFacts) -> dict[str, object]:
    return {
        "facts": run,
        "status": STATUS_LABELS.get(run.status, run.status),
        "description": run.parsed_config.description if run.parsed_config else "",
    }


# How good is it?


@dataclass(frozen=True)
class MetricRow:
    """A metric on both held-out parts; interval and baseline are those of the test rows, if there are any."""

    name: str
    label: str
    validation: str
    test: str
    interval: str
    baseline: str


def _metric_rows(run: RunFacts) -> list[MetricRow]:
    values = by_keras_name(run, lambda fact: fact.metrics)
    bounds, baselines = by_keras_name(run, lambda fact: fact.intervals), by_keras_name(run, lambda fact: fact.baseline)
    held_out = dict.fromkeys(metric_names.base_name(name) for name in values if name.startswith(("val_", "test_")))
    prefixes = [prefix for prefix in ("val_", "test_") if f"{prefix}loss" in values]
    penalized = any(values[f"{prefix}loss"] != values.get(f"{prefix}data_loss") for prefix in prefixes)
    rows = []
    for name in held_out:
        if name == "data_loss" and not penalized:
            continue
        headline = f"test_{name}" if f"test_{name}" in values else f"val_{name}"
        rows.append(
            MetricRow(
                name,
                metric_names.heading(name),
                metric_names.format_value(name, values.get(f"val_{name}")),
                metric_names.format_value(name, values.get(f"test_{name}")),
                metric_names.format_interval(name, bounds.get(headline)),
                metric_names.format_value(name, baselines.get(headline)),
            )
        )
    return rows


@dataclass(frozen=True)
class Opponents:
    """The network and its opponents: their names, and a row for each metric and for what they cost."""

    names: list[str]
    rows: list[tuple[str, list[str]]]
    part: str


def _opponents(run: RunFacts) -> Opponents | None:
    result = run.result
    prefix = metric_names.PREFIXES[run.headline_split]
    names = [name for name in result.opponents[0].metrics if name.startswith(prefix)] if result.opponents else []
    if not names:
        return None
    trained = run.data.rows.get("train")
    contenders = [("network", result.metrics, trained, result.seconds)]
    contenders += [(each.name, each.metrics, each.rows, each.seconds) for each in result.opponents]

    def fitted_on(rows: int | None) -> str:
        share = f" ({whole_percent(rows / trained)})" if rows and trained and rows < trained else ""
        return number(rows) + share

    rows = [
        (
            metric_names.heading(name),
            [metric_names.format_value(name, metrics.get(name)) for _, metrics, *_ in contenders],
        )
        for name in names
    ]
    rows.append(("Fitted on rows", [fitted_on(count) for *_, count, _ in contenders]))
    rows.append(("Time", [duration(seconds) for *_, seconds in contenders]))
    return Opponents([name for name, *_ in contenders], rows, insights.SPLIT_LABELS[run.headline_split])


# Did training go well?


@dataclass(frozen=True)
class LayerHealth:
    insights: list[insights.Insight]
    maps: list[layer_health.HeatMap]


def _layer_health(run: RunFacts) -> LayerHealth | None:
    maps = layer_health.heat_maps(run.health)
    return LayerHealth(layer_health.layer_insights(run.health, run.path), maps) if maps else None


def _reconstructions(reconstructions: Sequence[Reconstruction]) -> list[tuple[str, list[ReconstructedRow]]]:
    """For each autoencoder the rows whose images, or features, are both there."""
    shown = []
    for reconstruction in reconstructions:
        with_images = [row for row in reconstruction.rows if _is_png(row.input) and _is_png(row.output)]
        rows = with_images or [replace(row, input=None) for row in reconstruction.rows if row.features]
        shown += [(reconstruction.stage, rows)] if rows else []
    return shown


def _augmented(pictures: Sequence[AugmentedPicture]) -> list[AugmentedPicture]:
    """Those of which everything is an image."""
    return [picture for picture in pictures if all(map(_is_png, (picture.picture, *picture.views)))]


# How was it set up?


@dataclass(frozen=True)
class Layers:
    """The first layers of a network of `total`, each with its output shape as text."""

    network: NetworkFact
    rows: list[tuple[LayerSummary, str]]
    total: int


def _layers(network: NetworkFact) -> Layers:
    shapes = [" × ".join("any" if n is None else str(n) for n in layer.output_shape) for layer in network.layers]
    rows = [(layer, shape or NO_VALUE) for layer, shape in zip(network.layers, shapes, strict=True)]
    return Layers(network, rows[:MAX_TABLE_ROWS], len(rows))


@dataclass(frozen=True)
class Configuration:
    """What differs from the defaults, and both files in colour."""

    differences: list[config_summary.SettingDifference]
    config: object
    resolved: object


def _configuration(run: RunFacts) -> Configuration | None:
    if not run.config and not run.resolved:
        return None
    return Configuration(
        config_summary.differences_from_defaults(run.parsed_config) if run.parsed_config else [],
        config_summary.highlight_yaml(run.config),
        config_summary.highlight_yaml(run.resolved),
    )


# Can I trust it?


@dataclass(frozen=True)
class TargetView:
    """A target with its charts; `of` names it in headings where there are several."""

    target: TargetMetrics
    of: str
    heat_map: list[tuple[str, list[target_charts.ConfusionCell]]]
    residuals: target_charts.ResidualCharts
    reliability: object
    threshold_curve: object
    forecasts: list[charts.LineChart]


def _targets(run: RunFacts) -> list[TargetView]:
    targets = run.headline_part.targets
    return [
        TargetView(
            target,
            f" of {target.target}" if len(targets) > 1 else "",
            target_charts.confusion_matrix(target),
            target_charts.residual_charts(target),
            reliability_diagram(target),
            target_charts.threshold_curve(target),
            target_charts.forecast_charts(target),
        )
        for target in targets
    ]


def _mistakes(mistakes: Sequence[Mistake]) -> list[Mistake]:
    """Mistakes with their images; one that is not a PNG, or exceeds the size limit, is left out."""
    bytes_left, shown = MAX_IMAGE_BYTES, []
    for mistake in mistakes:
        bytes_left -= len(mistake.image or "")
        shown.append(mistake if bytes_left > 0 and _is_png(mistake.image) else replace(mistake, image=None))
    return shown


def _is_png(url: str | None) -> bool:
    return bool(PNG_DATA_URL.fullmatch(url or ""))


def _class_balance(run: RunFacts) -> list[tuple[str, list[target_charts.ClassCount]]]:
    """(target, named where there are several, and its classes)."""
    targets = run.data.targets
    balances = [(f" of {t.name}" if len(targets) > 1 else "", target_charts.class_balance(t)) for t in targets]
    return [(of, classes) for of, classes in balances if classes]


def _environment(run: RunFacts) -> list[tuple[str, str]]:
    engine = {"engine": run.engine.raw} if run.engine.raw else {}
    return list(dict(_flattened({**run.environment.raw, **engine})).items())


def _flattened(value: Mapping[str, object], prefix: str = "") -> list[tuple[str, str]]:
    pairs = []
    for name, item in value.items():
        if isinstance(item, dict):
            pairs += _flattened(item, f"{prefix}{name} ")
        elif item not in (None, "", []):
            text = ", ".join(map(str, item)) if isinstance(item, list) else str(item)
            pairs.append((f"{prefix}{name}".replace("_", " "), text))
    return pairs


# What next?


def _advice(run: RunFacts) -> list[tuple[str, str]]:
    """What mends what went wrong, as (purpose, command)."""
    if run.parsed_config is None or run.status not in ("completed", "failed"):
        return []
    evidence = RunEvidence(
        run.parsed_config, run.history, run.result, run.data, run.network, run.evaluation, run.stages
    )
    verdicts = [verdict for verdict in find_verdicts(evidence) if verdict.overrides]
    return [(f"{verdict.evidence} Against {verdict.title}", verdict.command([run.path])) for verdict in verdicts]


def _commands(run: RunFacts) -> list[tuple[str, str]]:
    """(purpose, command to copy)."""
    path, resolved = shlex.quote(run.path), shlex.quote(f"{run.path}/resolved.yaml")
    seed = 0 if run.result.seed is None else run.result.seed
    by_status = {
        "interrupted": [("Resume it", f"kerasdeep train {path} --resume")],
        "failed": [("Resume it", f"kerasdeep train {path} --resume")],
        "pruned": [("Train it to its end", f"kerasdeep train {path} --resume")],
        "completed": [
            ("Evaluate it on other data", f"kerasdeep evaluate {path} --data PATH"),
            ("Inspect activations and gradients", f"kerasdeep diagnose {path}"),
            ("Predict new rows", f"kerasdeep predict {path} INPUT -o predictions.csv"),
        ],
    }
    repeat = [("Repeat it exactly", f"kerasdeep train {resolved}")]
    if run.status == "completed":
        repeat.append(("See how much depends on the seed", f"kerasdeep train {resolved} --seed {seed + 1}"))
    return [*_advice(run), *by_status.get(run.status, []), *repeat, ("Rebuild this report", f"kerasdeep report {path}")]


SECTIONS: tuple[Section[RunFacts], ...] = (
    Section(
        "result",
        "Result",
        "How good is it?",
        (
            Part("verdict", (), lambda run: insights.result_insights(run)[0]),
            Part("outcome", ("evaluation",), lambda run: insights.result_insights(run)[1:]),
            Part(
                "gauges",
                ("evaluation",),
                lambda run: list(filter(None, map(target_charts.gauge, run.headline_part.targets))),
            ),
            Part("metrics", (), _metric_rows),
            Part("opponents", (), _opponents),
        ),
    ),
    Section(
        "training",
        "Training",
        "Did training go well?",
        (
            Part("training", (), insights.training_insights),
            Part("history", ("history",), curves.history),
            Part("stages", ("stages",), lambda run: run.stages if len(run.stages) > 1 else None),
            Part("layer_health", ("health",), _layer_health),
            Part("distributions", ("weights",), kernel_rows),
            Part("range_test", ("lr_find",), lambda run: range_test(run.lr_find)),
            Part("reconstructions", ("reconstructions",), lambda run: _reconstructions(run.reconstructions)),
        ),
    ),
    Section(
        "setup",
        "Set-up",
        "How was it set up?",
        (
            Part("network", ("network",), lambda run: _layers(run.network) if run.network.layers else None),
            Part("data", ("data",), lambda run: run.data if run.data.source or run.data.rows else None),
            Part("augmentation", ("augmentation",), lambda run: _augmented(run.augmentation)),
            Part("configuration", (), _configuration),
        ),
        "This run left no description of itself.",
    ),
    Section(
        "trust",
        "Trust",
        "Can I trust it?",
        (
            Part("caveats", (), find_caveats),
            Part("targets", ("evaluation",), _targets),
            Part("mistakes", ("samples",), lambda run: _mistakes(run.samples.mistakes)),
            Part("balance", ("data",), _class_balance),
            Part("features", ("data",), lambda run: run.data.features),
            Part("environment", (), _environment),
        ),
        "There is nothing to judge by yet.",
    ),
    Section("next", "Next", "What next?", (Part("commands", (), _commands),)),
)
