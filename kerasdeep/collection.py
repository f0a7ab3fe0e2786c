"""The collection: the recipes and configs that ship with kerasdeep, listed, searched and copied.

They lie inside the installed package, or beside it in a clone. A shipped file names its schema by the path that
holds in a clone. A copy names the installed schema by its full path instead, so that nothing else has to be written
beside the user's file, and the schema always belongs to the kerasdeep that will check it. For a repository of their
own, people can write a schema with `kerasdeep schema -o`.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePath

from kerasdeep.errors import InputError, Problem, SourceLocation, suggest
from kerasdeep.paths import expand_user, explain_write_error
from kerasdeep.yaml_nodes import Scalar, read_yaml_file

_PACKAGE = Path(__file__).parent
COLLECTION_FOLDERS = ("configs", "recipes")
SCHEMA_FILE = _PACKAGE / "schema.json"
"""The JSON Schema of the language, for editors."""
_MODELINE = re.compile(r"^# yaml-language-server: \$schema=.*$", re.MULTILINE)


def collection_folder(name: str) -> Path:
    """The folder of `configs` or `recipes`."""
    installed = _PACKAGE / "shipped" / name
    return installed if installed.is_dir() else _PACKAGE.parent / name


def files_in_folder(name: str) -> dict[str, Path]:
    """The files of one folder by their names without `.yaml`."""
    return {path.stem: path for path in sorted(collection_folder(name).rglob("*.yaml"))}


def collection_files() -> dict[str, Path]:
    """Every shipped file by its name without `.yaml`, configs first."""
    files: dict[str, Path] = {}
    for name in COLLECTION_FOLDERS:
        files = files | {stem: path for stem, path in files_in_folder(name).items() if stem not in files}
    return files


def config_path(text: str | Path) -> Path:
    """The YAML file that `text` names: a path, or a shipped recipe or config by its name.

    Raises InputError with the nearest shipped name where it is neither.
    """
    path = expand_user(text)
    if path.exists():
        return path
    known = collection_files()
    shipped = known.get(PurePath(text).name)
    if shipped and str(text) in (shipped.stem, f"{shipped.parent.name}/{shipped.stem}"):
        return shipped
    message = "no such file, and nothing shipped has that name. List what is shipped: kerasdeep recipes list."
    raise InputError([Problem("error", "missing-file", message, SourceLocation(str(text)), suggest(path.stem, known))])


@dataclass(frozen=True, slots=True)
class Recipe:
    """One shipped file: its name, its folder, and the sentence that describes it."""

    name: str
    folder: str
    description: str
    path: Path


def search_recipes(word: str | None = None) -> list[Recipe]:
    """Every shipped file, or those with `word` in their name, description or comments, in any case.

    Raises `InputError` where no file has it.
    """
    recipes = [
        Recipe(name, folder, _describe_file(path), path)
        for folder in COLLECTION_FOLDERS
        for name, path in files_in_folder(folder).items()
        if word is None or word.lower() in _searchable_text(name, path)
    ]
    if word and not recipes:
        suggestion = suggest(word, [recipe.name for recipe in search_recipes()])
        message = (
            f"nothing shipped has `{word}` in its name, description or comments. List all: kerasdeep recipes list."
        )
        raise InputError([Problem("error", "no-recipe", message, None, suggestion)])
    return recipes


def find_recipe(name: str) -> Recipe:
    """The shipped file of that name. Raises `InputError` with the nearest name where there is none."""
    name = Path(name).name.removesuffix(".yaml")
    for recipe in search_recipes():
        if recipe.name == name:
            return recipe
    message = f"nothing shipped is called `{name}`. List what is shipped: kerasdeep recipes list."
    suggestion = suggest(name, [recipe.name for recipe in search_recipes()])
    raise InputError([Problem("error", "no-recipe", message, None, suggestion)])


def copy_recipe(name: str, target: Path | None = None, force: bool = False) -> Path:
    """Writes a copy of the shipped file `name` and returns its path.

    `target` is a file, or an existing folder; `NAME.yaml` in the working folder where it is not given. Raises
    `InputError` where the file exists already (unless `force`) or cannot be written.
    """
    recipe = find_recipe(name)
    path = target or Path(f"{recipe.name}.yaml")
    path = path / f"{recipe.name}.yaml" if path.is_dir() else path
    return write_new_file(path, recipe_text(recipe, path), force)


def recipe_text(recipe: Recipe, path: Path | None = None) -> str:
    """The file's text with a schema line that works anywhere; for a copy at `path`, its own name and command."""
    text = _MODELINE.sub(schema_modeline(), recipe.path.read_text(encoding="utf-8"), count=1)
    file_name = recipe.path.name if path is None else path.name
    shipped_path = recipe.path.relative_to(collection_folder(recipe.folder).parent).as_posix()
    text = text.replace(f" {shipped_path}", f" {file_name}")  # in the commands that it opens with
    if path is None or path.stem == recipe.name:
        return text
    return re.sub(rf"^name: {re.escape(recipe.name)}$", f"name: {path.stem}", text, count=1, flags=re.MULTILINE)


def schema_modeline() -> str:
    """The comment by which editors find the schema."""
    return f"# yaml-language-server: $schema={SCHEMA_FILE.absolute().as_uri()}"


def check_writable(path: Path, force: bool) -> None:
    """Raises `InputError` where a new file at `path` would replace one (unless `force`) or has no folder."""
    if path.exists() and not force:
        message = "this file exists already. Name another, or replace it with --force."
        raise InputError(message, "file-exists", SourceLocation(str(path)))
    if path.is_fifo():
        raise InputError("this is a pipe. Expected a file to write.", "unwritable", SourceLocation(str(path)))
    if not path.parent.is_dir():
        raise InputError("its folder does not exist. Create it first.", "unwritable", SourceLocation(str(path)))


def write_new_file(path: Path, text: str, force: bool = False) -> Path:
    """Writes a new file. Raises InputError where one exists (unless `force`), RunFailed where there is no room."""
    check_writable(path, force)
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise explain_write_error(error, path) from error
    return path


def _describe_file(path: Path) -> str:
    """The file's own sentence, else the first one of the comments that it opens with."""
    node = read_yaml_file(path).get("description")
    if isinstance(node, Scalar) and node.text:
        return " ".join(node.text.split())
    comments = [line.lstrip("#").strip() for line in _leading_comments(path)]
    prose = [line for line in comments if not line.startswith(("kerasdeep ", "yaml-language-server:"))]
    return re.split(r"(?<=[.!?])\s", " ".join(prose).strip())[0]


def _leading_comments(path: Path) -> Iterator[str]:
    """The comment lines that the file opens with."""
    return itertools.takewhile(lambda line: line.startswith("#"), path.read_text(encoding="utf-8").splitlines())


def _searchable_text(name: str, path: Path) -> str:
    text = path.read_text(encoding="utf-8")
    comments = [line.partition("#")[2] for line in text.splitlines() if "#" in line and "$schema" not in line]
    return "\n".join([name, _describe_file(path), *comments]).lower()
