"""Files that the libraries which read them choke on: whatever they raise becomes a problem of the file."""

from __future__ import annotations

import traceback
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from kerasdeep.errors import InputError, KerasdeepError, SourceLocation

_PACKAGE = Path(__file__).parents[1]
_OF_DATA = (UnicodeError, zlib.error, zipfile.BadZipFile, EOFError)
"""What codecs written in C raise, which leave no trace of their own."""


@contextmanager
def explain_unreadable(path: str | Path, location: SourceLocation | None) -> Iterator[None]:
    """Raises InputError where a library fails on the file; what fails in kerasdeep itself stays a defect."""
    try:
        yield
    except (KerasdeepError, MemoryError):
        raise
    except Exception as error:
        if not isinstance(error, _OF_DATA) and not _is_of_a_library(error):
            raise
        reason = (str(error).strip().splitlines() or [""])[0][:300] or type(error).__name__
        message = f"{path} cannot be read: {reason.rstrip('.')}. Check that it is whole and what its name says it is; "
        raise InputError(f"{message}`format` states another kind.", "unreadable-data", location) from error


def _is_of_a_library(error: Exception) -> bool:
    frames = traceback.extract_tb(error.__traceback__)
    return bool(frames) and not Path(frames[-1].filename).is_relative_to(_PACKAGE)
