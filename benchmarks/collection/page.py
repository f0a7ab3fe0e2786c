"""The two pages: the chapter's headings with every claim judged, and what won for a practitioner."""

from __future__ import annotations

import json
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import yaml

from benchmarks.collection import headers
from benchmarks.collection.recipe import FOLDER, RESULTS, Recipe, find_all

CHAPTER = Path(__file__).parent / "chapter.yaml"
MAP, WINNERS = FOLDER / "README.md", RESULTS / "README.md"
MADE_BY = "Made by `python -m benchmarks.collection page` from the recipes and `recipes/results/`; do not edit."


def write() -> None:
    RESULTS.mkdir(exist_ok=True)
    chapter = yaml.safe_load(CHAPTER.read_text(encoding="utf-8"))
    recipes = find_all()
    for recipe in recipes:
        found = results(recipe)
        if found:
            headers.write(recipe, found)
    MAP.write_text(map_page(chapter["headings"], recipes), encoding="utf-8")
    WINNERS.write_text(winners_page(chapter["groups"], recipes), encoding="utf-8")


def results(recipe: Recipe) -> dict[str, Any] | None:
    return json.loads(recipe.result.read_text(encoding="utf-8")) if recipe.result.exists() else None


# The map and the claims


def map_page(headings: list[dict[str, Any]], recipes: list[Recipe]) -> str:
    """Each heading with its recipes, then one table with every claim as measured."""
    by_name = {recipe.name: recipe for recipe in recipes}
    told = {name: results(recipe) for name, recipe in by_name.items()}
    judged = [row for found in told.values() if found for row in found["expect"]]
    met = sum(row["met"] for row in judged)
    lines = [
        "# Recipes",
        "",
        f"<!-- {MADE_BY} -->",
        "",
        "The textbook chapter *Training Deep Neural Networks*, a file a technique. Find the heading, then:",
        "",
        "```sh",
        "kerasdeep train 11_3_sched_onecycle             # one run with its report",
        "kerasdeep compare 11_3_sched_onecycle --seeds 3  # all its variants, its claims judged",
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
                question = recipe.said.get("Question", "")
                lines.append(f"| {entry['heading']} | [{name}]({name}.yaml) | {_cell(question)} |")
    lines += [
        "",
        "## Every claim, measured",
        "",
        f"{met} of {len(judged)} claims are met. A claim is about means over seeds; ± is the standard deviation "
        "of its left side over seeds. Seconds are those of training all variants with all seeds, on one or two "
        "cores that other work shared. To measure anew: `python -m benchmarks.collection measure --again`.",
        "",
        "| recipe | claim | reference | measured | seeds | seconds | |",
        "|---|---|---|---|---|---|---|",
    ]
    for name, recipe in by_name.items():
        lines += _claim_rows(name, recipe, told[name])
    missed = [(name, by_name[name].said["Missed"]) for name in by_name if "Missed" in by_name[name].said]
    if missed:
        lines += ["", "## Why some are missed", ""]
        lines += [f"- **{name}**: {text}" for name, text in missed]
    return "\n".join(lines) + "\n"


def _claim_rows(name: str, recipe: Recipe, found: dict[str, Any] | None) -> list[str]:
    link = f"[{name}]({name}.yaml)"
    reference = _cell(recipe.said.get("Expected", ""))
    if not found:
        return [f"| {link} | | {reference} | not measured yet | | | |"]
    seeds = max(len(one["seeds"]) for one in found["variants"])
    seconds = sum(one["costs"]["seconds"]["mean"] * one["costs"]["seconds"]["n"] for one in found["variants"])
    rows = []
    for number, row in enumerate(found["expect"]):
        measured = row["why"] or f"{_figure(row['value'])} ± {_figure(row['deviation'])}"
        of_recipe = (link, reference, str(seeds), f"{seconds:,.0f}") if number == 0 else ("", "", "", "")
        verdict = "met" if row["met"] else "**missed**"
        cells = (of_recipe[0], f"`{row['claim']}`", of_recipe[1], _cell(measured), *of_recipe[2:], verdict)
        rows.append(f"| {' | '.join(cells)} |")
    return rows


# What won


def winners_page(groups: list[dict[str, Any]], recipes: list[Recipe]) -> str:
    """Every variant of a group ranked by test accuracy, against one of them, with its cost."""
    lines = [
        "# What won",
        "",
        f"<!-- {MADE_BY} -->",
        "",
        "Of all optimizers, schedules, initializations and regularizers in the collection, on its data: ranked by "
        "accuracy on test rows (of the model as saved), mean ± standard deviation over seeds, with what it costs. "
        "Differences below about 0.5 points are within the noise of ten thousand test rows and a few seeds.",
    ]
    for group in groups:
        chosen = [r for r in recipes if any(fnmatchcase(r.name, pattern) for pattern in group["recipes"])]
        rows = _each_once([row for recipe in chosen for row in _variants(recipe)], group["against"])
        if not rows:
            continue
        rows.sort(key=lambda row: -row["accuracy"]["mean"])
        base = next((row for row in rows if row["key"] == group["against"]), None)
        lines += ["", f"## {group['title']}", "", f"{group['about']}.", ""]
        against = f"against {group['against'].split('/')[1]} | " if base else ""
        lines += [f"| variant | recipe | test accuracy | {against}best validation | epochs | s an epoch |"]
        lines += ["|---|---|---|" + ("---|" if base else "") + "---|---|---|"]
        lines += [_winner(row, base) for row in rows]
    return "\n".join(lines) + "\n"


def _variants(recipe: Recipe) -> list[dict[str, Any]]:
    found = results(recipe) or {"variants": []}
    rows = []
    for one in found["variants"]:
        accuracy = one["metrics"].get("test_accuracy")
        if accuracy and accuracy["n"]:
            key = f"{recipe.name}/{one['name']}"
            rows.append({"key": key, "recipe": recipe.name, "accuracy": accuracy, **one})
    return rows


def _each_once(rows: list[dict[str, Any]], against: str | None) -> list[dict[str, Any]]:
    """Recipes share baselines: the same network with the same figures stands once, in the recipe of its name."""
    found: dict[tuple[float, float], dict[str, Any]] = {}
    for row in rows:
        figures = (row["accuracy"]["mean"], row["accuracy"]["std"])
        if figures not in found or row["key"] == against or row["recipe"].endswith(f"_{row['name']}"):
            found[figures] = row
    return list(found.values())


def _winner(row: dict[str, Any], base: dict[str, Any] | None) -> str:
    gap = ""
    if base:
        points = 100 * (row["accuracy"]["mean"] - base["accuracy"]["mean"])
        gap = f"{points:+.2f} points | ".replace("-", "−") if row is not base else "– | "
    best = _percent(row["best"]) if row["best"] else "–"
    epochs = row["costs"]["epochs"]["mean"]
    seconds = row["costs"]["seconds_an_epoch"]["mean"]
    name = f"[{row['recipe']}](../{row['recipe']}.yaml)"
    return f"| {row['name']} | {name} | {_percent(row['accuracy'])} | {gap}{best} | {epochs:.0f} | {seconds:.2f} |"


def _percent(found: dict[str, Any]) -> str:
    return f"{100 * found['mean']:.2f} % ± {100 * found['std']:.2f}"


def _figure(value: float | None) -> str:
    return "–" if value is None else f"{value:.4g}"


def _cell(text: str) -> str:
    return text.replace("|", "\\|")
