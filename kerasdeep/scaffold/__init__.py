"""`init`: from a table, an `.npz` or a folder of images to a commented file that trains as it is."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from kerasdeep import data
from kerasdeep.collection import check_writable, write_new_file
from kerasdeep.config.load import load_text
from kerasdeep.data.sources import bare_name
from kerasdeep.errors import InputError, SourceLocation
from kerasdeep.scaffold.data_summary import NO_ROLES, DataSummary, Roles, inspect_data
from kerasdeep.scaffold.yaml_file import config_lines

__all__ = ["DataSummary", "Roles", "draft_config"]


def draft_config(
    source: str,
    out: Path | None = None,
    target: str | Sequence[str] | None = None,
    force: bool = False,
    say: Callable[[str], None] | None = None,
    roles: Roles = NO_ROLES,
) -> tuple[Path, DataSummary]:
    """Looks at `source` and writes an experiment for it; returns the file's path and what was inferred.

    `target` names one column or several to predict, `roles` the columns that say something of rows.

    Before the file is written, what it says is read, and the data is split and prepared as training will do it.
    Raises `InputError` where the data cannot be learned from, or a file exists already (unless `force`).
    """
    path = out or Path(f"{bare_name(source)}.yaml")
    check_writable(path, force)
    targets = [target] if isinstance(target, str) else list(target or ())
    data_summary = inspect_data(source, targets, say, roles)
    text = "\n".join(config_lines(data_summary, path))
    try:
        draft_settings = load_text(text, path).config
        data.load(draft_settings.data, draft_settings.task, draft_settings.training.batch_size)
    except InputError as error:  # the lines are of a file that is nowhere
        location = SourceLocation(source)
        raise InputError([replace(problem, location=location) for problem in error.problems]) from error
    return write_new_file(path, text, force), data_summary
