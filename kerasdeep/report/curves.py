"""Which curves a history is worth: losses, each metric, the learning rate and the momentum."""

from __future__ import annotations

from itertools import cycle, pairwise

from kerasdeep.report import charts, numbers
from kerasdeep.report.reading import Facts

MOST_ROWS = 200  # of the history's table; a longer one is thinned
MOST_METRICS = 6
TONES = ("rate", "momentum", "training", "validation")


def draw(facts: Facts) -> list[charts.Chart]:
    """The charts over epochs, in reading order; none for a run without a finished epoch."""
    if not facts.rows:
        return []
    shown = len(facts.rows) - 1 if facts.best is None else facts.best
    common = {"x_said": _epochs(facts), "flags": _flags(facts), "shown": shown}
    loss, val_loss = facts.losses
    title = "Loss on data, without penalties" if loss == "data_loss" else "Loss"
    wanted = [("loss", title, _pair(facts, loss, val_loss), numbers.number)]
    for name in facts.metrics[:MOST_METRICS]:
        spell = numbers.percent if numbers.is_share(name) else numbers.number
        wanted.append((name, numbers.heading(name), _pair(facts, name, f"val_{name}"), spell))
    wanted.append(("rate", "Learning rate as applied", _rates(facts), numbers.rate))
    if len(set(facts.column("momentum"))) > 1:  # one that never moves is worth a column, not a curve
        momentum = [("momentum", "momentum", facts.column("momentum"))]
        wanted.append(("momentum", "Momentum as applied", momentum, numbers.number))
    drawn = (charts.line_chart(key, title, columns=of, spell=spell, **common) for key, title, of, spell in wanted)
    return [chart for chart in drawn if chart]


def table(facts: Facts) -> tuple[list[str], list[list[str]]]:
    """The history in words: column names and rows, thinned to MOST_ROWS with the best and the last kept."""
    names = [name for name in facts.columns if name in ("stage", "epoch") or facts.has(name)]
    step = -(-len(facts.rows) // MOST_ROWS) or 1
    kept = sorted({*range(0, len(facts.rows), step), *({facts.best} - {None}), *range(len(facts.rows))[-1:]})
    return names, [[_cell(name, facts.rows[row].get(name)) for name in names] for row in kept]


def _cell(name: str, value: object) -> str:
    if name in ("stage", "epoch"):
        return str(value)
    return numbers.number(value, 3) if name in ("seconds", "examples_per_second") else numbers.metric(name, value)


def _pair(facts: Facts, train: str, validation: str) -> list[tuple[str, str, list[float | None]]]:
    both = [("training", "training", facts.column(train)), ("validation", "validation", facts.column(validation))]
    return [column for column, name in zip(both, (train, validation), strict=True) if facts.has(name)]


def _rates(facts: Facts) -> list[tuple[str, str, list[float | None]]]:
    """The learning rate, and one for each group of weights that has its own."""
    names = [name for name in facts.columns if name.startswith("learning_rate")]
    words = [name.partition(":")[2] or "learning rate" for name in names]
    return [(word, tone, facts.column(name)) for word, tone, name in zip(words, cycle(TONES), names, strict=False)]


def _epochs(facts: Facts) -> list[str]:
    """Epochs as people count them; with several stages the run is counted through."""
    epochs = [row.get("epoch") for row in facts.rows]
    through = any(a is None or b is None or b <= a for a, b in pairwise(epochs))
    return [str(n) for n in range(1, len(epochs) + 1)] if through or None in epochs else [str(n) for n in epochs]


def _flags(facts: Facts) -> list[tuple[int, str, str]]:
    stages = [row.get("stage") for row in facts.rows]
    starts = [n for n, stage in enumerate(stages) if n == 0 or stage != stages[n - 1]]
    flags = [(n, str(stages[n]), "stage") for n in starts] if len(starts) > 1 else []
    return flags + ([(facts.best, "saved", "saved")] if facts.best is not None else [])
