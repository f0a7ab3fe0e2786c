"""The lines `# Measured:` and `# Time:` at the head of a recipe, written from its results."""

from __future__ import annotations

import textwrap
from typing import Any

from benchmarks.collection.recipe import MeasuredRecipe

MAX_LINE_WIDTH = 115
GENERATED_LABELS = ("# Measured:", "# Time:")
MAX_FIGURES = 12


def with_measurements(text: str, facts: dict[str, Any]) -> str:
    """The recipe's text with both lines as measured, in front of where the comments end or `# Missed:` begins."""
    lines = text.splitlines()
    end = next(number for number, line in enumerate(lines) if not line.startswith("#"))
    kept, is_generated = [], False
    for line in lines[:end]:
        continues_generated = is_generated and line.startswith("#   ")
        is_generated = line.startswith(GENERATED_LABELS) or continues_generated
        if not is_generated:
            kept.append(line)
    insert_at = next((number for number, line in enumerate(kept) if line.startswith("# Missed:")), len(kept))
    kept[insert_at:insert_at] = [*_wrap("# Measured: ", _format_means(facts)), *_wrap("# Time: ", _format_time(facts))]
    return "\n".join([*kept, *lines[end:]]) + "\n"


def _format_means(facts: dict[str, Any]) -> str:
    means = {name: value for row in facts["expect"] for name, value in row["figures"].items()}
    texts = [f"{name} {'–' if value is None else f'{value:.4g}'}" for name, value in means.items()]
    more = f"; {len(texts) - MAX_FIGURES} more in results/" if len(texts) > MAX_FIGURES else ""
    return f"{'; '.join(texts[:MAX_FIGURES])}{more} (means over seeds)."


def _format_time(facts: dict[str, Any]) -> str:
    """Training alone, of all runs and of one on average."""
    costs = [variant["costs"]["seconds"] for variant in facts["variants"] if variant["costs"]["seconds"]["n"]]
    runs = sum(cost["n"] for cost in costs)
    total = sum(cost["mean"] * cost["n"] for cost in costs)
    threads = facts["machine"]["threads"]
    thread_text = f"on {threads} CPU thread{'s' * (threads > 1)}"
    one_run = _format_duration(total / max(runs, 1))
    return f"{_format_duration(total)} of training for {runs} runs, {one_run} for one, {thread_text}."


def _format_duration(seconds: float) -> str:
    if seconds < 100:
        return f"{seconds:.0f} s" if seconds >= 10 else f"{seconds:.1f} s"
    return f"{seconds / 60:.0f} min"


def _wrap(label: str, text: str) -> list[str]:
    return textwrap.wrap(
        text,
        MAX_LINE_WIDTH,
        initial_indent=label,
        subsequent_indent="#   ",
        break_long_words=False,
        break_on_hyphens=False,
    )


def write_header(recipe: MeasuredRecipe, facts: dict[str, Any]) -> None:
    text = recipe.path.read_text(encoding="utf-8")
    filled = with_measurements(text, facts)
    if filled != text:
        recipe.path.write_text(filled, encoding="utf-8")
