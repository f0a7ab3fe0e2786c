"""The first lines of a CSV file: its encoding, its separator and its columns.

Standard library only: `validate` checks target and feature names with it, without NumPy or pandas.
"""

from __future__ import annotations

import codecs
import csv
from collections.abc import Collection
from dataclasses import dataclass
from encodings.aliases import aliases
from pathlib import Path

from kerasdeep.data.file_content import READ_ERRORS, CsvStream, open_bytes
from kerasdeep.data.table_header import Header, is_number, read_header
from kerasdeep.errors import InputError, SourceLocation, suggest

SAMPLE_BYTES = 1 << 16
SAMPLE_LINES = 50
SEPARATORS = ",;\t|"
AUTO = "auto"


@dataclass(frozen=True)
class CsvHeader:
    """How a CSV file is to be read. `decimal` is a comma in files that separate columns with semicolons and write
    numbers as 1,5."""

    encoding: str
    separator: str
    header: Header
    decimal: str = "."

    @property
    def columns(self) -> list[str]:
        return self.header.columns


def read(
    path: Path | CsvStream,
    location: SourceLocation | None,
    separator: str = AUTO,
    encoding: str = AUTO,
    header: str = AUTO,
    *,
    known: Collection[str] = (),
    whole: bool = True,
) -> CsvHeader:
    """The file's header; what is not stated is found: the encoding in the `whole` file, or in its beginning.

    `known` are names of columns, which tell whether the first line has names.

    Raises InputError for a file that is missing, empty, not text, not in the stated encoding, or not a table.
    """
    sample = _sample(path, location)
    encoding = _encoding(path, sample, encoding, location, whole)
    text = codecs.getincrementaldecoder(encoding)().decode(sample)
    lines = [line for line in text.splitlines() if line.strip()]
    if not lines:
        raise InputError(
            f"{path} is empty. Expected a line of column names, then a line per row.", "empty-file", location
        )
    if len(sample) == SAMPLE_BYTES and len(lines) > 1:
        lines.pop()  # cut off in the middle
    separator = _separator(lines, separator, location)
    if lines[0].lstrip().startswith(("<", "{", "[", "%PDF")):
        message = f"{path} is not a table: it begins with '{lines[0].strip()[:40]}'. Expected a line of column names."
        raise InputError(message, "not-a-table", location)
    rows = list(csv.reader(lines[:SAMPLE_LINES], delimiter=separator, skipinitialspace=True))
    decimal = _decimal(rows) if separator == ";" else "."
    return CsvHeader(encoding, separator, read_header(rows, header, known, location, decimal), decimal)


def _sample(path: Path | CsvStream, location: SourceLocation | None) -> bytes:
    if isinstance(path, Path) and path.exists() and not path.is_file():
        raise InputError(f"{path} is not a regular file. Expected a CSV file.", "missing-file", location)
    try:
        with open_bytes(path) as file:
            return file.read(SAMPLE_BYTES)
    except READ_ERRORS as error:
        reason = getattr(error, "strerror", None) or error
        raise InputError(f"{path} cannot be read: {reason}.", "missing-file", location) from error


def _encoding(path: Path | CsvStream, sample: bytes, stated: str, location: SourceLocation | None, whole: bool) -> str:
    """UTF-8 unless a byte-order mark says UTF-16 or the bytes are no UTF-8; then Windows-1252, which is common."""
    if stated != AUTO:
        if not _is_text_encoding(stated):
            message = f"'{stated[:40]}' is not a text encoding. Expected auto, utf-8, cp1252 or another of Python's."
            raise InputError(message, "encoding", location, suggest(stated[:40], aliases.values()))
        try:
            codecs.getincrementaldecoder(stated)().decode(sample)
        except UnicodeError as error:
            raise InputError(f"{path} is not in the encoding '{stated}': {error}.", "encoding", location) from error
        return stated
    if sample.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    if b"\0" in sample:
        message = f"{path} is not text: it holds zero bytes. Expected a CSV file; state `format` for another kind."
        raise InputError(message, "not-a-table", location)
    decoder = codecs.getincrementaldecoder("utf-8-sig")()
    try:
        with open_bytes(path) as file:
            while block := file.read(1 << 20 if whole else SAMPLE_BYTES):
                decoder.decode(block)
                if not whole:
                    return "utf-8-sig"
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return "cp1252"
    except READ_ERRORS as error:
        raise InputError(f"{path} cannot be read to its end: {error}.", "not-a-table", location) from error
    return "utf-8-sig"


def _is_text_encoding(name: str) -> bool:
    """Whether a codec of that name turns bytes into text: `rot13` and `zlib` do not, `utf-8` and `cp1252` do."""
    try:
        return codecs.decode("a,1\n".encode(name), name) == "a,1\n" and bool(codecs.getincrementaldecoder(name))
    except (LookupError, ValueError):
        return False


def _separator(lines: list[str], stated: str, location: SourceLocation | None) -> str:
    """The separator that cuts the first lines into the same number of columns, and into most."""
    if stated != AUTO:
        separator = {"tab": "\t", "\\t": "\t"}.get(stated, stated)
        if len(separator) != 1 or not separator.isascii() or separator in '\0\r\n"' or separator.isalnum():
            message = f"`separator` is {stated[:20]!r}. Expected auto, tab, or one sign such as ; or |."
            raise InputError(message, "separator", location)
        return separator
    counts = {}
    for separator in SEPARATORS:
        widths = [len(row) for row in csv.reader(lines[:SAMPLE_LINES], delimiter=separator) if row]
        agreement = widths.count(widths[0]) / len(widths)
        counts[separator] = (widths[0] > 1, agreement > 0.9, widths[0])
    return max(SEPARATORS, key=lambda separator: counts[separator])


def _decimal(rows: list[list[str]]) -> str:
    cells = [cell.strip() for row in rows[1:] for cell in row]
    commas = sum(cell.count(",") == 1 and is_number(cell.replace(",", ".")) for cell in cells)
    points = sum("." in cell and is_number(cell) for cell in cells)
    return "," if commas > points else "."
