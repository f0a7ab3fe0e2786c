"""The lines `# Measured:` and `# Time:` at the head of a recipe, written from its results."""

from __future__ import annotations

import textwrap
from typing import Any

from benchmarks.collection.recipe import Recipe

WIDTH = 115
OURS = ("# Measured:", "# Time:")
MOST_FIGURES = 12


def with_figures(text: str, found: dict[str, Any]) -> str:
    """The recipe's text with both lines as measured, in front of where the comments end or `# Missed:` begins."""
    lines = text.splitlines()
    end = next(number for number, line in enumerate(lines) if not line.startswith("#"))
    kept, ours = [], False
    for line in lines[:end]:
        continues = ours and line.startswith("#   ")
        ours = line.startswith(OURS) or continues
        if not ours:
            kept.append(line)
    place = next((number for number, line in enumerate(kept) if line.startswith("# Missed:")), len(kept))
    kept[place:place] = [*_wrapped("# Measured: ", _means(found)), *_wrapped("# Time: ", _time(found))]
    return "\n".join([*kept, *lines[end:]]) + "\n"


def _means(found: dict[str, Any]) -> str:
    means = {name: value for row in found["expect"] for name, value in row["figures"].items()}
    told = [f"{name} {'–' if value is None else f'{value:.4g}'}" for name, value in means.items()]
    more = f"; {len(told) - MOST_FIGURES} more in results/" if len(told) > MOST_FIGURES else ""
    return f"{'; '.join(told[:MOST_FIGURES])}{more} (means over seeds)."


def _time(found: dict[str, Any]) -> str:
    """Training alone, of all runs and of one on average."""
    costs = [one["costs"]["seconds"] for one in found["variants"] if one["costs"]["seconds"]["n"]]
    runs = sum(cost["n"] for cost in costs)
    total = sum(cost["mean"] * cost["n"] for cost in costs)
    threads = found["machine"]["threads"]
    where = f"on {threads} CPU thread{'s' * (threads > 1)}"
    return f"{_spelled(total)} of training for {runs} runs, {_spelled(total / max(runs, 1))} for one, {where}."


def _spelled(seconds: float) -> str:
    if seconds < 100:
        return f"{seconds:.0f} s" if seconds >= 10 else f"{seconds:.1f} s"
    return f"{seconds / 60:.0f} min"


def _wrapped(label: str, text: str) -> list[str]:
    return textwrap.wrap(
        text, WIDTH, initial_indent=label, subsequent_indent="#   ", break_long_words=False, break_on_hyphens=False
    )


def write(recipe: Recipe, found: dict[str, Any]) -> None:
    text = recipe.path.read_text(encoding="utf-8")
    filled = with_figures(text, found)
    if filled != text:
        recipe.path.write_text(filled, encoding="utf-8")
