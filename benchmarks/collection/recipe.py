"""What a recipe says of itself in the comments that it opens with."""

from __future__ import annotations

import hashlib
import itertools
import json
import re
import shlex
from dataclasses import dataclass
from pathlib import Path

from kerasdeep.catalog.types import to_python
from kerasdeep.config.load import read_with_extends
from kerasdeep.config.root import Config
from kerasdeep.config.schema import effect_of

ROOT = Path(__file__).parents[2]
RECIPES_DIR = ROOT / "recipes"
RESULTS_DIR = RECIPES_DIR / "results"
MEASURED_EFFECTS = ("result", "length", "machine")
_LABEL = re.compile(r"# (Question|Look at|Expected|Measured|Missed|Time): *(.*)")


@dataclass(frozen=True)
class MeasuredRecipe:
    """`command` is its first line's; `said` has the comments by label, such as Question, Expected and Missed."""

    name: str
    path: Path
    command: list[str]
    comments: dict[str, str]

    @property
    def result(self) -> Path:
        """Where its measured figures are kept."""
        return RESULTS_DIR / f"{self.name}.json"

    def config_hash(self) -> str:
        """A hash of what is trained: of the file and those it extends, without comments and claims."""
        settings = to_python(read_with_extends(self.path))
        relevant = {
            key: value
            for key, value in settings.items()
            if key == "variants" or effect_of(Config, key) in MEASURED_EFFECTS
        }
        return hashlib.sha256(json.dumps(relevant, sort_keys=True).encode()).hexdigest()[:16]


def list_recipes(names: list[str] | None = None) -> list[MeasuredRecipe]:
    """The recipes in the order of their names, or those that are named."""
    recipes = [read_recipe(path) for path in sorted(RECIPES_DIR.rglob("*.yaml"))]
    unknown = set(names or ()) - {recipe.name for recipe in recipes}
    if unknown:
        raise SystemExit(f"no such recipe: {', '.join(sorted(unknown))}")
    return [recipe for recipe in recipes if not names or recipe.name in names]


def read_recipe(path: Path) -> MeasuredRecipe:
    lines = path.read_text(encoding="utf-8").splitlines()
    header = list(itertools.takewhile(lambda line: line.startswith("#"), lines))
    comments: dict[str, str] = {}
    label = None
    for line in header[1:]:
        match = _LABEL.match(line)
        if match:
            label, text = match.groups()
            comments[label] = text
        elif label and line.strip("# ") and not line.startswith(("# kerasdeep", "# yaml-language-server")):
            comments[label] += " " + line.lstrip("# ")
        else:
            label = None
    return MeasuredRecipe(
        path.relative_to(RECIPES_DIR).with_suffix("").as_posix() if path.is_relative_to(RECIPES_DIR) else path.stem,
        path,
        shlex.split(header[0].lstrip("# ")),
        {label: " ".join(text.split()) for label, text in comments.items()},
    )
