"""The collection's pages say what the committed results say, and those speak of the recipes as they are."""

import json
import sys
from pathlib import Path

import pytest
import yaml

from kerasdeep.config import load_config

ROOT = Path(__file__).resolve().parents[2]
sys.path.append(str(ROOT))  # behind the installed package, which is what is tested

from benchmarks.collection import headers, page  # noqa: E402
from benchmarks.collection.recipe import list_recipes, read_recipe  # noqa: E402

RECIPES = list_recipes()
CHAPTER = yaml.safe_load(page.CHAPTER.read_text(encoding="utf-8"))


def test_both_pages_are_what_the_results_make():
    assert page.MAP_PAGE.read_text(encoding="utf-8") == page.map_page(CHAPTER["headings"], RECIPES)
    assert page.WINNERS_PAGE.read_text(encoding="utf-8") == page.winners_page(CHAPTER["groups"], RECIPES)


def test_every_recipe_stands_under_a_heading_and_every_heading_has_its_recipe():
    listed = [name for entry in CHAPTER["headings"] for name in entry.get("recipes", ())]
    assert sorted(listed) == [recipe.name for recipe in RECIPES]


@pytest.mark.parametrize("recipe", RECIPES, ids=lambda recipe: recipe.name)
def test_the_head_says_what_a_reader_needs(recipe):
    assert recipe.command[:2] == ["kerasdeep", "compare"] and recipe.command[2] == f"recipes/{recipe.name}.yaml"
    assert {"Question", "Look at", "Expected", "Time"} <= set(recipe.comments)
    assert all(recipe.comments[label] for label in recipe.comments)


@pytest.mark.parametrize("recipe", [r for r in RECIPES if r.result.exists()], ids=lambda recipe: recipe.name)
def test_the_results_are_those_of_the_recipe_as_it_is(recipe):
    found, loaded = page.read_results(recipe), load_config(recipe.path).config
    assert [row["claim"] for row in found["expect"]] == loaded.expect
    assert [one["name"] for one in found["variants"]] == (list(loaded.variants) or [loaded.name])
    assert found["command"].split() == recipe.command
    assert found["configuration"] == recipe.config_hash()
    text = recipe.path.read_text(encoding="utf-8")
    assert headers.with_measurements(text, found) == text
    assert "Missed" in recipe.comments or all(row["met"] for row in found["expect"])


def test_a_head_is_filled_and_filled_again(tmp_path):
    path = tmp_path / "one.yaml"
    head = "# kerasdeep compare recipes/one.yaml\n#\n# Question: why?\n#   Because.\n# Time: to be measured\n"
    path.write_text(head + "# Missed: noise.\nversion: 1\n")
    moments = {"mean": 30.0, "std": 1.0, "n": 4}
    found = {
        "expect": [{"figures": {"a.val_accuracy": 0.87654, "a.failed": None}}],
        "variants": [{"costs": {"seconds": moments}}],
        "machine": {"threads": 2},
    }
    once = headers.with_measurements(path.read_text(), found)
    assert "# Measured: a.val_accuracy 0.8765; a.failed – (means over seeds).\n# Time: 2 min of training" in once
    assert once.endswith("# Missed: noise.\nversion: 1\n") and "to be measured" not in once
    assert headers.with_measurements(once, json.loads(json.dumps(found))) == once
    path.write_text(once)
    assert (
        read_recipe(path).comments["Question"] == "why? Because." and read_recipe(path).comments["Missed"] == "noise."
    )
