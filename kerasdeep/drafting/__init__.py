"""`init`: from a table, an `.npz` or a folder of pictures to a commented file that trains as it is."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from kerasdeep import data, spec
from kerasdeep.drafting.findings import Findings, look
from kerasdeep.drafting.yaml_file import lines
from kerasdeep.recipes import check_free, write

__all__ = ["Findings", "draft"]


def draft(
    source: str,
    out: Path | None = None,
    target: str | None = None,
    force: bool = False,
    say: Callable[[str], None] | None = None,
) -> tuple[Path, Findings]:
    """Looks at `source` and writes an experiment for it; returns the file's path and what was found.

    Before the file gets its name it is read back, and the data is split and prepared as training will do it.
    Raises `InputError` where the data cannot be learned from, or a file exists already (unless `force`).
    """
    path = out or Path(f"{Path(source).stem}.yaml")
    check_free(path, force)
    found = look(source, target, say)
    trial = write(path.with_name(f".{path.name}"), "\n".join(lines(found, path)), force=True)
    try:
        written = spec.load(trial).spec
        data.load(written.data, written.task, written.training.batch_size, say)
        trial.replace(path)
    finally:
        trial.unlink(missing_ok=True)
    return path, found
