"""What a person may type where a file is due."""

from __future__ import annotations

from pathlib import Path

from kerasdeep import shipped
from kerasdeep.errors import InputError, Problem, SourceLocation, suggest


def config_path(text: str) -> Path:
    """The YAML file that `text` names: a path, or a shipped recipe or config by its name.

    Raises `InputError` with the nearest shipped name where there is neither.
    """
    path = Path(text).expanduser()
    if path.exists():
        return path
    known = shipped.collection_files()
    if text in known:
        return known[text]
    message = "no such file, and nothing shipped has that name. List what is shipped: kerasdeep recipes list."
    raise InputError([Problem("error", "missing-file", message, SourceLocation(text), suggest(path.stem, known))])
