"""The two pages: the chapter's headings with every claim judged, and what won for a practitioner."""

from __future__ import annotations

import json
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import yaml

from benchmarks.collection import headers
from benchmarks.collection.recipe import RECIPES_DIR, RESULTS_DIR, MeasuredRecipe, list_recipes
from kerasdeep.formatting import significant

CHAPTER = Path(__file__).parent / "chapter.yaml"
MAP_PAGE, WINNERS_PAGE = RECIPES_DIR / "README.md", RESULTS_DIR / "README.md"
METRIC_TITLES = {"test_accuracy": "test accuracy", "test_r2_score": "test R²"}
MADE_BY = "Made by `python -m benchmarks.collection page` from the recipes and `recipes/results/`; do not edit."


def write_pages() -> None:
    RESULTS_DIR.mkdir(exist_ok=True)
    chapter = yaml.safe_load(CHAPTER.read_text(encoding="utf-8"))
    recipes = list_recipes()
    for recipe in recipes:
        facts = read_results(recipe)
        if facts:
            headers.write_header(recipe, facts)
    MAP_PAGE.write_text(map_page(chapter["headings"], recipes), encoding="utf-8")
    WINNERS_PAGE.write_text(winners_page(chapter["groups"], recipes), encoding="utf-8")


def read_results(recipe: MeasuredRecipe) -> dict[str, Any] | None:
    return json.loads(recipe.result.read_text(encoding="utf-8")) if recipe.result.exists() else None


# The map and the claims


def map_page(headings: list[dict[str, Any]], recipes: list[MeasuredRecipe]) -> str:
    """Each heading with its recipes, then one table with every claim as measured."""
    by_name = {recipe.name: recipe for recipe in recipes}
    facts_by_name = {name: read_results(recipe) for name, recipe in by_name.items()}
    claim_rows = [row for facts in facts_by_name.values() if facts for row in facts["expect"]]
    met = sum(row["met"] for row in claim_rows)
    lines = [
        "# Recipes",
        "",
        f"<!-- {MADE_BY} -->",
        "",
        "The textbook chapter *Training Deep Neural Networks*, one file per technique, and what goes beyond it. Find "
        "the heading, then:",
        "",
        "```sh",
        "kerasdeep train 11_3_sched_onecycle             # one run with its report",
        "kerasdeep compare 11_3_sched_onecycle --seeds 3  # all its variants, its claims checked",
        "kerasdeep recipes copy 11_3_sched_onecycle mine.yaml",
        "```",
        "",
        "`--profile fast` runs any of them in seconds on a small data set that needs no network. "
        "[What won, for a practitioner](results/README.md).",
        "",
        "## From the chapter to the file",
        "",
        "| heading | recipe | question |",
        "|---|---|---|",
    ]
    for entry in headings:
        if "section" in entry:
            lines.append(f"| **{entry['section']}** | | |")
            continue
        for name in entry["recipes"]:
            recipe = by_name.get(name)
            if recipe:
                question = recipe.comments.get("Question", "")
                lines.append(f"| {entry['heading']} | [{name}]({name}.yaml) | {_escape_cell(question)} |")
    lines += [
        "",
        "## Every claim, measured",
        "",
        f"{met} of {len(claim_rows)} claims are met. A claim is about means over seeds; ± is the standard deviation "
        "of its left side over seeds. Seconds are those of training all variants with all seeds, on one or two "
        "cores that other work shared. To measure anew: `python -m benchmarks.collection measure --again`.",
        "",
        "| recipe | claim | reference | measured | seeds | seconds | |",
        "|---|---|---|---|---|---|---|",
    ]
    for name, recipe in by_name.items():
        lines += _claim_rows(name, recipe, facts_by_name[name])
    missed = [(name, by_name[name].comments["Missed"]) for name in by_name if "Missed" in by_name[name].comments]
    if missed:
        lines += ["", "## Why some are missed", ""]
        lines += [f"- **{name}**: {text}" for name, text in missed]
    return "\n".join(lines) + "\n"


def _claim_rows(name: str, recipe: MeasuredRecipe, facts: dict[str, Any] | None) -> list[str]:
    link = f"[{name}]({name}.yaml)"
    reference = _escape_cell(recipe.comments.get("Expected", ""))
    if not facts:
        return [f"| {link} | | {reference} | not measured yet | | | |"]
    seeds = max(len(variant["seeds"]) for variant in facts["variants"])
    seconds = sum(
        variant["costs"]["seconds"]["mean"] * variant["costs"]["seconds"]["n"] for variant in facts["variants"]
    )
    rows = []
    for number, row in enumerate(facts["expect"]):
        measured = row["why"] or f"{significant(row['value'])} ± {significant(row['deviation'])}"
        recipe_cells = (link, reference, str(seeds), f"{seconds:,.0f}") if number == 0 else ("", "", "", "")
        verdict = "met" if row["met"] else "**missed**"
        cells = (
            recipe_cells[0],
            f"`{row['claim']}`",
            recipe_cells[1],
            _escape_cell(measured),
            *recipe_cells[2:],
            verdict,
        )
        rows.append(f"| {' | '.join(cells)} |")
    return rows


# What won


def winners_page(groups: list[dict[str, Any]], recipes: list[MeasuredRecipe]) -> str:
    """Every variant of a group ranked by test accuracy, against one of them, with its cost."""
    lines = [
        "# What won",
        "",
        f"<!-- {MADE_BY} -->",
        "",
        "Of all optimizers, schedules, initializations, regularizers and pieces of networks for tables in the "
        "collection, on its data: ranked by accuracy, or R² of numbers, on test rows (of the model as saved), mean ± "
        "standard deviation over seeds, with what it costs. Accuracies that differ by less than about 0.5 points are "
        "within the noise of ten thousand test rows and a few seeds.",
    ]
    for group in groups:
        chosen = [r for r in recipes if any(fnmatchcase(r.name, pattern) for pattern in group["recipes"])]
        metric = group.get("metric", "test_accuracy")
        rows = _drop_duplicates([row for recipe in chosen for row in _variant_rows(recipe, metric)], group["against"])
        if not rows:
            continue
        rows.sort(key=lambda row: -row["score"]["mean"])
        base = next((row for row in rows if row["key"] == group["against"]), None)
        lines += ["", f"## {group['title']}", "", f"{group['about']}.", ""]
        against = f"against {group['against'].rpartition('/')[2]} | " if base else ""
        lines += [f"| variant | recipe | {METRIC_TITLES[metric]} | {against}best validation | epochs | s an epoch |"]
        lines += ["|---|---|---|" + ("---|" if base else "") + "---|---|---|"]
        lines += [_winner_row(row, base, metric) for row in rows]
    return "\n".join(lines) + "\n"


def _variant_rows(recipe: MeasuredRecipe, metric: str) -> list[dict[str, Any]]:
    facts = read_results(recipe) or {"variants": []}
    rows = []
    for variant in facts["variants"]:
        score = variant["metrics"].get(metric)
        if score and score["n"]:
            key = f"{recipe.name}/{variant['name']}"
            rows.append({"key": key, "recipe": recipe.name, "score": score, **variant})
    return rows


def _drop_duplicates(rows: list[dict[str, Any]], against: str | None) -> list[dict[str, Any]]:
    """Recipes share baselines: the same network with the same figures stands once, in the recipe of its name."""
    unique: dict[tuple[float, float], dict[str, Any]] = {}
    for row in rows:
        score_key = (row["score"]["mean"], row["score"]["std"])
        if score_key not in unique or row["key"] == against or row["recipe"].endswith(f"_{row['name']}"):
            unique[score_key] = row
    return list(unique.values())


def _winner_row(row: dict[str, Any], base: dict[str, Any] | None, metric: str) -> str:
    gap = ""
    if base:
        gain = row["score"]["mean"] - base["score"]["mean"]
        text = f"{100 * gain:+.2f} points" if metric == "test_accuracy" else f"{gain:+.4f}"
        gap = f"{text} | ".replace("-", "−") if row is not base else "– | "
    best = _format_percent(row["best"]) if row["best"] else "–"
    epochs = row["costs"]["epochs"]["mean"]
    seconds = row["costs"]["seconds_an_epoch"]["mean"]
    name = f"[{row['recipe']}](../{row['recipe']}.yaml)"
    score = _format_percent(row["score"]) if metric == "test_accuracy" else _format_number(row["score"])
    return f"| {row['name']} | {name} | {score} | {gap}{best} | {epochs:.0f} | {seconds:.2f} |"


def _format_percent(mean_std: dict[str, Any]) -> str:
    return f"{100 * mean_std['mean']:.2f} % ± {100 * mean_std['std']:.2f}"


def _format_number(mean_std: dict[str, Any]) -> str:
    return f"{mean_std['mean']:.4f} ± {mean_std['std']:.4f}"


def _escape_cell(text: str) -> str:
    return text.replace("|", "\\|")
