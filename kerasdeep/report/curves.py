"""Which curves a history is worth: losses, each metric, the learning rate and the momentum."""

from __future__ import annotations

from itertools import cycle, pairwise

from kerasdeep.report import charts, formatting
from kerasdeep.report.run_facts import RunFacts

MAX_ROWS = 200  # of the history's table; a longer one is thinned
MAX_METRICS = 6
TONES = ("rate", "momentum", "training", "validation")


def training_curves(facts: RunFacts) -> list[charts.LineChart]:
    """The charts over epochs, in reading order; none for a run without a finished epoch."""
    if not facts.history:
        return []
    shown = len(facts.history) - 1 if facts.best_row is None else facts.best_row
    shared_arguments = {"x_labels": _epoch_labels(facts), "flags": _stage_and_best_flags(facts), "shown": shown}
    loss, val_loss = facts.loss_columns
    title = "Loss on data, without penalties" if loss == "data_loss" else "Loss"
    chart_specs = [("loss", title, _train_and_validation(facts, loss, val_loss), formatting.number)]
    for name in facts.metrics[:MAX_METRICS]:
        formatter = formatting.percent if formatting.is_fraction(name) else formatting.number
        chart_specs.append(
            (name, formatting.metric_heading(name), _train_and_validation(facts, name, f"val_{name}"), formatter)
        )
    chart_specs.append(("rate", "Learning rate as applied", _learning_rates(facts), formatting.learning_rate))
    if len(set(facts.column("momentum"))) > 1:  # one that never moves is worth a column, not a curve
        momentum = [("momentum", "momentum", facts.column("momentum"))]
        chart_specs.append(("momentum", "Momentum as applied", momentum, formatting.number))
    line_charts = (
        charts.line_chart(key, title, columns=lines, formatter=formatter, **shared_arguments)
        for key, title, lines, formatter in chart_specs
    )
    return [chart for chart in line_charts if chart]


def history_table(facts: RunFacts) -> tuple[list[str], list[list[str]]]:
    """The history in words: column names and rows, thinned to MOST_ROWS with the best and the last kept."""
    names = [name for name in facts.columns if name in ("stage", "epoch") or facts.has_values(name)]
    step = -(-len(facts.history) // MAX_ROWS) or 1
    kept_rows = sorted(
        {*range(0, len(facts.history), step), *({facts.best_row} - {None}), *range(len(facts.history))[-1:]}
    )
    return names, [[_format_cell(name, facts.history[row].get(name)) for name in names] for row in kept_rows]


def _format_cell(name: str, value: object) -> str:
    if name in ("stage", "epoch"):
        return str(value)
    return (
        formatting.number(value, 3)
        if name in ("seconds", "examples_per_second")
        else formatting.metric_value(name, value)
    )


def _train_and_validation(facts: RunFacts, train: str, validation: str) -> list[tuple[str, str, list[float | None]]]:
    curve_columns = [
        ("training", "training", facts.column(train)),
        ("validation", "validation", facts.column(validation)),
    ]
    return [column for column, name in zip(curve_columns, (train, validation), strict=True) if facts.has_values(name)]


def _learning_rates(facts: RunFacts) -> list[tuple[str, str, list[float | None]]]:
    """The learning rate, and one for each group of weights that has its own."""
    names = [name for name in facts.columns if name.startswith("learning_rate")]
    labels = [name.partition(":")[2] or "learning rate" for name in names]
    return [(label, tone, facts.column(name)) for label, tone, name in zip(labels, cycle(TONES), names, strict=False)]


def _epoch_labels(facts: RunFacts) -> list[str]:
    """Epochs as people count them; with several stages the run is counted through."""
    epochs = [row.get("epoch") for row in facts.history]
    restarts = any(a is None or b is None or b <= a for a, b in pairwise(epochs))
    return [str(n) for n in range(1, len(epochs) + 1)] if restarts or None in epochs else [str(n) for n in epochs]


def _stage_and_best_flags(facts: RunFacts) -> list[tuple[int, str, str]]:
    stages = [row.get("stage") for row in facts.history]
    starts = [n for n, stage in enumerate(stages) if n == 0 or stage != stages[n - 1]]
    flags = [(n, str(stages[n]), "stage") for n in starts] if len(starts) > 1 else []
    return flags + ([(facts.best_row, "saved", "saved")] if facts.best_row is not None else [])
