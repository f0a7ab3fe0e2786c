"""Which curves of a history are worth drawing: losses, metrics, the learning rate and the momentum."""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import cycle, pairwise

from kerasdeep import metric_names
from kerasdeep.formatting import is_number, learning_rate, number
from kerasdeep.report import charts
from kerasdeep.report.charts import Marker, Series
from kerasdeep.report.run_facts import RunFacts

MAX_ROWS = 200  # of the history's table; a longer one is thinned
MAX_METRICS = 6
TONES = ("rate", "momentum", "training", "validation")


@dataclass(frozen=True)
class History:
    """The charts of a run and its history as a table, which is thinned to `rows` of `total` epochs."""

    charts: list[charts.LineChart]
    names: list[str]
    rows: list[list[str]]
    total: int
    marks_saved: bool


def history(run: RunFacts) -> History | None:
    """None for a run whose history has nothing to draw."""
    drawn = training_curves(run)
    return History(drawn, *history_table(run), len(run.history), run.best_row is not None) if drawn else None


def training_curves(run: RunFacts) -> list[charts.LineChart]:
    """The charts over epochs, in reading order; none for a run without a finished epoch."""
    if not run.history:
        return []
    shown = len(run.history) - 1 if run.best_row is None else run.best_row
    labels, markers = _epoch_labels(run), _markers(run)
    loss, val_loss = run.loss_columns
    title = "Loss on data, without penalties" if loss == "data_loss" else "Loss"
    drawn: list[tuple[str, str, list[Series], Callable[[object], str]]] = [
        ("loss", title, _train_and_validation(run, loss, val_loss), number)
    ]
    for name in run.metrics[:MAX_METRICS]:
        series = _train_and_validation(run, name, f"val_{name}")
        drawn.append((name, metric_names.heading(name), series, metric_names.formatter(name)))
    drawn.append(("rate", "Learning rate as applied", _learning_rates(run), learning_rate))
    if len(set(run.column("momentum"))) > 1:  # one that never moves is worth a column, not a curve
        momentum = [Series("momentum", "momentum", run.column("momentum"))]
        drawn.append(("momentum", "Momentum as applied", momentum, number))
    line_charts = (
        charts.line_chart(key, title, labels, series, formatter, markers, shown)
        for key, title, series, formatter in drawn
    )
    return [chart for chart in line_charts if chart]


def history_table(run: RunFacts) -> tuple[list[str], list[list[str]]]:
    """Column names and rows, thinned to MAX_ROWS; the best epoch and the last are kept."""
    names = [name for name in run.columns if name in ("stage", "epoch") or run.has_values(name)]
    step = -(-len(run.history) // MAX_ROWS) or 1
    kept_rows = sorted({*range(0, len(run.history), step), *({run.best_row} - {None}), *range(len(run.history))[-1:]})
    return names, [[_format_cell(name, run.history[row].get(name)) for name in names] for row in kept_rows]


def _format_cell(name: str, value: object) -> str:
    if name in ("stage", "epoch"):
        return str(value)
    is_speed = name in ("seconds", "examples_per_second")
    return number(value, 3) if is_speed else metric_names.format_value(name, value)


def _train_and_validation(run: RunFacts, train: str, validation: str) -> list[Series]:
    names = {"training": train, "validation": validation}
    return [Series(split, split, run.column(name)) for split, name in names.items() if run.has_values(name)]


def _learning_rates(run: RunFacts) -> list[Series]:
    """The learning rate, and one for each group of weights that has its own."""
    names = [name for name in run.columns if name.startswith("learning_rate")]
    labels = [name.partition(":")[2] or "learning rate" for name in names]
    return [
        Series(label, tone, run.column(name)) for label, tone, name in zip(labels, cycle(TONES), names, strict=False)
    ]


def _epoch_labels(run: RunFacts) -> list[str]:
    """The epochs' numbers; with several stages they are counted through the run."""
    epochs = [row.get("epoch") for row in run.history]
    restarts = any(b <= a for a, b in pairwise(epochs) if is_number(a) and is_number(b))
    return [str(n) for n in range(1, len(epochs) + 1)] if restarts or None in epochs else [str(n) for n in epochs]


def _markers(run: RunFacts) -> list[Marker]:
    """Where stages start, if there are several, and the epoch of the saved model."""
    stages = [row.get("stage") for row in run.history]
    starts = [n for n, stage in enumerate(stages) if n == 0 or stage != stages[n - 1]]
    markers = [Marker(n, str(stages[n]), "stage") for n in starts] if len(starts) > 1 else []
    return markers + ([Marker(run.best_row, "saved", "saved")] if run.best_row is not None else [])
