"""What a recipe says of itself in the comments that it opens with."""

from __future__ import annotations

import hashlib
import itertools
import json
import re
import shlex
from dataclasses import dataclass
from pathlib import Path

from kerasdeep.catalog.types import plain
from kerasdeep.spec.load import with_extends

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "recipes"
RESULTS = FOLDER / "results"
WITHOUT_EFFECT = ("description", "expect", "extends", "profiles")
"""Keys that change nothing of what is measured; what `extends` names is read."""
_LABEL = re.compile(r"# (Question|Look at|Expected|Measured|Missed|Time): *(.*)")


@dataclass(frozen=True)
class Recipe:
    """`command` is its first line's; `said` has the comments by label, such as Question, Expected and Missed."""

    name: str
    path: Path
    command: list[str]
    said: dict[str, str]

    @property
    def result(self) -> Path:
        """Where its measured figures are kept."""
        return RESULTS / f"{self.name}.json"

    def configuration(self) -> str:
        """A hash of what is trained: of the file and those it extends, without comments and claims."""
        kept = {key: value for key, value in plain(with_extends(self.path)).items() if key not in WITHOUT_EFFECT}
        return hashlib.sha256(json.dumps(kept, sort_keys=True).encode()).hexdigest()[:16]


def find_all(names: list[str] | None = None) -> list[Recipe]:
    """The recipes in the order of their names, or those that are named."""
    found = [read(path) for path in sorted(FOLDER.glob("*.yaml"))]
    unknown = set(names or ()) - {recipe.name for recipe in found}
    if unknown:
        raise SystemExit(f"no such recipe: {', '.join(sorted(unknown))}")
    return [recipe for recipe in found if not names or recipe.name in names]


def read(path: Path) -> Recipe:
    lines = path.read_text(encoding="utf-8").splitlines()
    header = list(itertools.takewhile(lambda line: line.startswith("#"), lines))
    said: dict[str, str] = {}
    label = None
    for line in header[1:]:
        match = _LABEL.match(line)
        if match:
            label, text = match.groups()
            said[label] = text
        elif label and line.strip("# ") and not line.startswith(("# kerasdeep", "# yaml-language-server")):
            said[label] += " " + line.lstrip("# ")
        else:
            label = None
    return Recipe(
        path.stem,
        path,
        shlex.split(header[0].lstrip("# ")),
        {label: " ".join(text.split()) for label, text in said.items()},
    )
