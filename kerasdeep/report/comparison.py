"""The page of a comparison and its Markdown version, from `comparison.json`."""

from dataclasses import dataclass
from itertools import cycle

from kerasdeep import metric_names
from kerasdeep.formatting import NO_VALUE, duration, is_number, number
from kerasdeep.report import charts, sections
from kerasdeep.report.insights import Insight
from kerasdeep.report.sections import Part, Section
from kerasdeep.runs.study_facts import (
    ChangedSetting,
    ClaimFact,
    ComparisonFact,
    PairedDifference,
    SeedMean,
    VariantFact,
    VerdictFact,
)

TONES = ("one", "two", "three", "four", "five", "six", "seven", "eight")
MAX_DIFFERENCES = 60
MAX_CHARTS = 6
_CHART_ORDER = ("val_accuracy", "val_data_loss", "val_loss", "data_loss", "loss")
_LAST_CHARTS = ("learning_rate", "momentum")


def render_html(facts: ComparisonFact, path: str) -> str:
    """One file that needs nothing else."""
    return sections.render_html("comparison.html", sections.fill(SECTIONS, facts), **_context(facts, path))


def render_markdown(facts: ComparisonFact, path: str) -> str:
    return sections.render_markdown("comparison.md", sections.fill(SECTIONS, facts), **_context(facts, path))


def _context(facts: ComparisonFact, path: str) -> dict[str, object]:
    costs = [variant.costs.get("seconds") for variant in facts.variants]
    return {
        "facts": facts,
        "path": path,
        "seeds": _seed_count(facts),
        "folds": facts.folds,
        "runs": sum(len(variant.runs) for variant in facts.variants),
        "seconds": sum(cost.mean * cost.n for cost in costs if cost and cost.mean is not None),
    }


def _seed_count(facts: ComparisonFact) -> int:
    return max((len(set(variant.seeds)) for variant in facts.variants), default=0)


def _headline(facts: ComparisonFact) -> str | None:
    return next((variant.headline for variant in facts.variants if variant.headline), None)


def _tones(facts: ComparisonFact) -> dict[str, str]:
    return {variant.name: tone for variant, tone in zip(facts.variants, cycle(TONES), strict=False)}


def _label(name: str) -> str:
    """The metric in words with its part: `accuracy, test`."""
    split = next((split for split, prefix in metric_names.PREFIXES.items() if prefix and name.startswith(prefix)), None)
    return metric_names.label(name) + (f", {split}" if split else "")


def _heading(name: str) -> str:
    label = _label(name)
    return label[:1].upper() + label[1:]


# Which is better?


def _verdict(facts: ComparisonFact) -> Insight:
    missed = sum(not claim.met for claim in facts.expect)
    claims_text = ""
    if facts.expect:
        n = len(facts.expect)
        claims_text = f"{missed} of {n} claims not met." if missed else f"All {n} claims met."
    level, metric = "bad" if missed else "good", _headline(facts)
    means = {
        variant.name: mean_and_std(metric, mean)
        for variant in facts.variants
        if metric and (mean := variant.metrics.get(metric)) and mean.mean is not None
    }
    if metric is None or not means:
        return Insight("warning", "Nothing to compare yet.", f"No run has results yet. {claims_text}".strip())
    verdict = facts.verdict
    if verdict is None or not {verdict.best, verdict.second} <= set(means):
        return Insight(level, f"{_label(metric)}: {', '.join(map(' '.join, means.items()))}.", claims_text)
    first, second = (f"{name} ({means[name]})" for name in (verdict.best, verdict.second))
    sentences = [_test_sentence(facts, metric), claims_text]
    if verdict.verdict == "better":
        title = f"{verdict.best} is best: {_label(metric)} {means[verdict.best]}."
        difference = _format_difference(metric, verdict.difference)
        text = f"{second} follows; the difference is {difference} ({_interval_text(metric, verdict)})."
        return Insight(level, title, " ".join(filter(None, [text, *sentences])))
    others = [name for name in verdict.tied if name != verdict.second]
    title = f"No clear difference in {_label(metric)} between {first} and {second}"
    title += f", nor to {', '.join(others)}." if others else "."
    reason = (
        "One pair of runs shows no interval."
        if verdict.low is None
        else (f"The interval of the difference contains zero: {_interval_text(metric, verdict)}.")
    )
    return Insight("bad" if missed else "note", title, " ".join(filter(None, [reason, *sentences])))


def _test_sentence(facts: ComparisonFact, metric: str) -> str:
    """How the variants do on the test rows, by which nothing was chosen."""
    name = metric_names.on_test_rows(metric)
    means = {v.name: v.metrics[name] for v in facts.variants if name in v.metrics and name != metric}
    if not means:
        return ""
    listed = ", ".join(f"{variant} {mean_and_std(name, mean)}" for variant, mean in means.items())
    return f"On the test rows, which nothing was chosen by: {listed}."


def _interval_text(metric: str, row: VerdictFact | PairedDifference) -> str:
    points = " points" if metric_names.is_fraction(metric) else ""
    return f"{_format_difference(metric, row.low)} … {_format_difference(metric, row.high)}{points}"


@dataclass(frozen=True)
class Strip:
    """One variant on the common scale: a dot for each seed and the mean, in per cent of the scale."""

    name: str
    tone: str
    dots: list[float]
    mean: float
    label: str


@dataclass(frozen=True)
class SeedStrips:
    """The headline metric of every run on one scale."""

    label: str
    strips: list[Strip]
    ticks: list[charts.Tick]


def _seed_strips(facts: ComparisonFact) -> SeedStrips | None:
    metric, tones = _headline(facts), _tones(facts)
    values = {v.name: [value for value in v.values.get(metric or "", []) if value is not None] for v in facts.variants}
    all_values = [value for variant_values in values.values() for value in variant_values]
    if metric is None or not all_values:
        return None
    scale = charts.axis(all_values, metric_names.formatter(metric), allow_log=False)
    strips = []
    for variant in facts.variants:
        mean = variant.metrics.get(metric)
        if values[variant.name] and mean is not None and mean.mean is not None:
            dots = [round(scale.position(value), 2) for value in values[variant.name]]
            position, label = round(scale.position(mean.mean), 2), mean_and_std(metric, mean)
            strips.append(Strip(variant.name, tones[variant.name], dots, position, label))
    return SeedStrips(metric_names.heading(metric), strips, scale.ticks)


@dataclass(frozen=True)
class VariantRow:
    name: str
    seeds: int
    failed: int
    cells: list[str]
    best_epoch: str
    seconds: str
    parameters: str


@dataclass(frozen=True)
class VariantTable:
    columns: list[str]
    rows: list[VariantRow]
    has_deviations: bool


def _variant_table(facts: ComparisonFact) -> VariantTable:
    names = _metric_columns(facts)
    rows = [
        VariantRow(
            variant.name,
            len(set(variant.seeds)),
            variant.statuses.count("failed"),
            [mean_and_std(name, variant.metrics.get(name)) for name in names],
            _format_cost(variant.costs.get("best_epoch")),
            duration(_mean(variant.costs.get("seconds"))),
            _format_cost(variant.costs.get("parameters")),
        )
        for variant in facts.variants
    ]
    return VariantTable([_heading(name) for name in names], rows, _seed_count(facts) > 1)


def _metric_columns(facts: ComparisonFact) -> list[str]:
    """The metrics worth a column: the headline, its twin on the other part, and the losses."""
    available = {name for variant in facts.variants for name in variant.metrics}
    loss = "data_loss" if _penalized(facts.variants) else "loss"
    headline = _headline(facts) or ""
    names = (metric_names.base_name(headline), loss)
    wanted = [headline, *(f"{prefix}{name}" for name in names for prefix in ("val_", "test_"))]
    return [name for name in dict.fromkeys(wanted) if name in available]


def _penalized(variants: list[VariantFact]) -> bool:
    """Whether some variant's loss includes penalties, so that losses are to be compared without them."""
    pairs = [(_mean(v.metrics.get("val_loss")), _mean(v.metrics.get("val_data_loss"))) for v in variants]
    return any(data_loss is not None and loss is not None and loss != data_loss for loss, data_loss in pairs)


def _mean(summary: SeedMean | None) -> float | None:
    return summary.mean if summary else None


def _format_cost(summary: SeedMean | None) -> str:
    mean = _mean(summary)
    return number(round(mean) if mean is not None and mean == round(mean) else mean, 3)


def mean_and_std(name: str, summary: SeedMean | None) -> str:
    """`86.5 % ± 0.3`: the mean and, for several seeds, the standard deviation."""
    if summary is None or summary.mean is None:
        return NO_VALUE
    mean = metric_names.format_value(name, summary.mean)
    if summary.n < 2 or summary.std is None:
        return mean
    is_fraction = metric_names.is_fraction(name)
    return f"{mean} ± {f'{100 * summary.std:.1f}' if is_fraction else number(summary.std, 2)}"


@dataclass(frozen=True)
class ClaimRow:
    """`reason` has the means that the claim names, or what was missing."""

    claim: str
    met: bool
    reason: str


def _claim_row(claim: ClaimFact) -> ClaimRow:
    means = ", ".join(f"{name} = {number(value)}" for name, value in claim.figures.items())
    return ClaimRow(claim.claim, claim.met, claim.why or means)


@dataclass(frozen=True)
class PairedRow:
    variant: str
    against: str
    label: str
    difference: str
    interval: str
    excludes_zero: str


def _paired_row(row: PairedDifference) -> PairedRow:
    label = _label(row.metric) + (", points" if metric_names.is_fraction(row.metric) else "")
    interval, excludes_zero = NO_VALUE, "needs several seeds"
    if row.low is not None and row.high is not None:
        interval = f"{_format_difference(row.metric, row.low)} … {_format_difference(row.metric, row.high)}"
        excludes_zero = "yes" if row.low * row.high > 0 else "no"
    difference = _format_difference(row.metric, row.difference)
    return PairedRow(row.variant, row.against, label, difference, interval, excludes_zero)


def _format_difference(name: str, value: float | None) -> str:
    if value is None:
        return NO_VALUE
    if metric_names.is_fraction(name):
        return f"{100 * value:+.2f}".replace("-", "−")
    return ("+" if value > 0 else "") + number(value, 3)


# How did they get there?


def _curve_charts(facts: ComparisonFact) -> list[charts.LineChart]:
    """The curves of all variants over each other, one chart for each column of the history."""
    columns = dict.fromkeys(name for variant in facts.variants for name in variant.curves)
    hidden = {"loss", "val_loss"} if _penalized(facts.variants) else {"data_loss", "val_data_loss"}
    drawn = [_curve_chart(facts, name) for name in sorted(columns, key=_chart_order) if name not in hidden]
    return [chart for chart in drawn if chart][:MAX_CHARTS]


def _curve_chart(facts: ComparisonFact, name: str) -> charts.LineChart | None:
    tones = _tones(facts)
    curves = {v.name: v.curves[name] for v in facts.variants if any(map(is_number, v.curves.get(name, [])))}
    if not curves or (name in _LAST_CHARTS and all(len(set(values)) < 2 for values in curves.values())):
        return None
    n_epochs = max(map(len, curves.values()))
    series = [
        charts.Series(variant, tones[variant], [*values, *[None] * (n_epochs - len(values))])
        for variant, values in curves.items()
    ]
    epochs = [str(epoch + 1) for epoch in range(n_epochs)]
    return charts.line_chart(name, _heading(name), epochs, series, metric_names.formatter(name), shown=n_epochs - 1)


def _chart_order(name: str) -> tuple[int, str]:
    order = {**dict.fromkeys(_LAST_CHARTS, 90), **{name: rank for rank, name in enumerate(_CHART_ORDER)}}
    return order.get(name, 50), name


# What differs?


@dataclass(frozen=True)
class Differences:
    """The settings that differ, by variant; `more` were cut off."""

    names: list[str]
    rows: list[ChangedSetting]
    more: int


def _differences(facts: ComparisonFact) -> Differences | None:
    if not facts.differences:
        return None
    rows = facts.differences[:MAX_DIFFERENCES]
    rows = [row for row in rows if all(variant.name in row.values for variant in facts.variants)]
    return Differences(list(_tones(facts)), rows, len(facts.differences) - len(rows))


SECTIONS: tuple[Section[ComparisonFact], ...] = (
    Section(
        "result",
        "Result",
        "Which is better?",
        (
            Part("verdict", (), _verdict),
            Part("strips", (), _seed_strips),
            Part("variants", (), _variant_table),
            Part("claims", (), lambda facts: [_claim_row(claim) for claim in facts.expect]),
            Part("paired", (), lambda facts: [_paired_row(row) for row in facts.paired]),
        ),
    ),
    Section("curves", "Curves", "How did they get there?", (Part("variant_curves", (), _curve_charts),)),
    Section(
        "differences",
        "Differences",
        "What differs?",
        (Part("variant_settings", (), _differences),),
        "The configurations differ only in the seed.",
    ),
    Section(
        "next",
        "Next",
        "What next?",
        (
            Part("commands", (), lambda facts: [("Repeat it; existing runs are not trained again", facts.command)]),
            Part("variant_runs", (), lambda facts: facts.variants),
        ),
    ),
)
