"""The shipped experiments: listed, searched, and copied so that a copy works where it lies.

A shipped file names its schema by the path that holds in a clone. A copy names the installed schema by its full
path instead: nothing is written beside the user's file, and the schema is always that of the kerasdeep which will
check it. Somebody who keeps files in a repository of their own can put a schema there with `kerasdeep schema -o`.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from kerasdeep import shipped
from kerasdeep.errors import InputError, Mark, Problem, closest
from kerasdeep.source import Scalar, read

_MODELINE = re.compile(r"^# yaml-language-server: \$schema=.*$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Recipe:
    """One shipped file: its name, the shelf it stands on, and the sentence that describes it."""

    name: str
    shelf: str
    description: str
    path: Path


def find_all(word: str | None = None) -> list[Recipe]:
    """Every shipped file, or those with `word` in their name, description or comments, in any case.

    Raises `InputError` where no file has it.
    """
    found = [
        Recipe(name, shelf, _description(path), path)
        for shelf in shipped.SHELVES
        for name, path in shipped.files_on(shelf).items()
        if word is None or word.lower() in _searched(name, path)
    ]
    if word and not found:
        near = closest(word, [recipe.name for recipe in find_all()])
        message = (
            f"nothing shipped has `{word}` in its name, description or comments. List all: kerasdeep recipes list."
        )
        raise InputError([Problem("error", "no-recipe", message, None, near)])
    return found


def find(name: str) -> Recipe:
    """The shipped file of that name. Raises `InputError` with the nearest name where there is none."""
    name = Path(name).name.removesuffix(".yaml")
    for recipe in find_all():
        if recipe.name == name:
            return recipe
    message = f"nothing shipped is called `{name}`. List what is shipped: kerasdeep recipes list."
    near = closest(name, [recipe.name for recipe in find_all()])
    raise InputError([Problem("error", "no-recipe", message, None, near)])


def copy(name: str, target: Path | None = None, force: bool = False) -> Path:
    """Writes a copy of the shipped file `name` and returns its path.

    `target` is a file, or a folder that there is; `NAME.yaml` in the working folder where it is not given. Raises
    `InputError` where the file exists already (unless `force`) or cannot be written.
    """
    recipe = find(name)
    path = target or Path(f"{recipe.name}.yaml")
    path = path / f"{recipe.name}.yaml" if path.is_dir() else path
    return write(path, text_for(recipe, path), force)


def text_for(recipe: Recipe, path: Path | None = None) -> str:
    """The file's text with a schema line that holds anywhere; for a copy at `path`, its own name and command."""
    text = _MODELINE.sub(modeline(), recipe.path.read_text(encoding="utf-8"), count=1)
    called = recipe.path.name if path is None else path.name
    text = text.replace(f" {recipe.shelf}/{recipe.path.name}", f" {called}")  # in the commands that it opens with
    if path is None or path.stem == recipe.name:
        return text
    return re.sub(rf"^name: {re.escape(recipe.name)}$", f"name: {path.stem}", text, count=1, flags=re.MULTILINE)


def modeline() -> str:
    """The comment by which editors find the schema."""
    return f"# yaml-language-server: $schema={shipped.SCHEMA.absolute().as_uri()}"


def check_free(path: Path, force: bool) -> None:
    """Raises `InputError` where a new file at `path` would replace one (unless `force`) or has no folder."""
    if path.exists() and not force:
        message = "this file exists already and is left as it is. Name another, or replace it with --force."
        raise InputError(message, "file-exists", Mark(str(path)))
    if not path.parent.is_dir():
        raise InputError("the folder for it does not exist. Make it first.", "unwritable", Mark(str(path)))


def write(path: Path, text: str, force: bool = False) -> Path:
    """Writes a new file; raises `InputError` where one exists (unless `force`) or it cannot be written."""
    check_free(path, force)
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise InputError(f"cannot be written: {error.strerror}.", "unwritable", Mark(str(path))) from error
    return path


def _description(path: Path) -> str:
    """The file's own sentence, else the first one of the comments that it opens with."""
    node = read(path).get("description")
    if isinstance(node, Scalar) and node.text:
        return " ".join(node.text.split())
    comments = [line.lstrip("#").strip() for line in _header(path)]
    told = [line for line in comments if not line.startswith(("kerasdeep ", "yaml-language-server:"))]
    return re.split(r"(?<=[.!?])\s", " ".join(told).strip())[0]


def _header(path: Path) -> Iterator[str]:
    """The comment lines that the file opens with."""
    return itertools.takewhile(lambda line: line.startswith("#"), path.read_text(encoding="utf-8").splitlines())


def _searched(name: str, path: Path) -> str:
    text = path.read_text(encoding="utf-8")
    comments = [line.partition("#")[2] for line in text.splitlines() if "#" in line and "$schema" not in line]
    return "\n".join([name, _description(path), *comments]).lower()
