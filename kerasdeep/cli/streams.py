"""Standard streams that never end a command: closed ones, full disks, readers that left, ASCII terminals."""

from __future__ import annotations

import codecs
import errno
import io
import os
import sys
import unicodedata
from typing import Any, cast

from kerasdeep.errors import RunFailed

_PLAIN = "kerasdeep-plain"
_PLAIN_CHARACTERS = {
    "…": "...",
    "×": "x",
    "·": "*",
    "–": "-",
    "—": "-",
    "−": "-",
    "→": "->",
    "←": "<-",
    "↑": "^",
    "↓": "v",
    "≥": ">=",
    "≤": "<=",
    "≈": "~",
    "±": "+/-",
    "√": "sqrt",
    "∞": "inf",
    "✓": "+",
    "✗": "x",
    "•": "*",
    "█": "#",
    "“": '"',
    "”": '"',
    "‘": "'",
    "’": "'",
    "│": "|",
    "─": "-",
    "━": "-",
    "└": "`",
    "├": "|",
    "⠀": " ",
    "°": " deg",
    "α": "alpha",
    "β": "beta",
    "γ": "gamma",
    "ε": "epsilon",
    "η": "eta",
    "λ": "lambda",
    "μ": "mu",
    "σ": "sigma",
}


class _GuardedFile(io.FileIO):
    """A descriptor whose write errors are kept, not raised: what a command does must not depend on its screen."""

    failure: OSError | None = None

    def write(self, data: Any) -> int:
        if self.failure is None:
            try:
                return super().write(data)
            except OSError as error:
                self.failure = error
        return memoryview(data).nbytes


def guard_streams() -> None:
    """Open what is closed on the null device, and let output go on whatever happens to it.

    Characters that a stream cannot encode are written with plain ones: `...` for `…`.
    """
    for descriptor in range(3):
        try:
            os.fstat(descriptor)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # takes the lowest free number, which no other file may have
    sys.stdin = sys.stdin or open(0, closefd=False)  # noqa: SIM115  open as long as the process
    codecs.register_error(_PLAIN, _plain_characters)
    sys.stdout = _guarded(1, sys.stdout)
    sys.stderr = _guarded(2, sys.stderr)


def finish(code: int) -> int:
    """The exit code once everything is written: 1 for a result that could not be. A reader that left is content."""
    sys.stdout.flush()
    sys.stderr.flush()
    raw = getattr(getattr(sys.stdout, "buffer", None), "raw", None)
    failure = raw.failure if isinstance(raw, _GuardedFile) else None
    if failure is None or failure.errno == errno.EPIPE:
        return code
    print(
        f"standard output could not be written: {failure.strerror}. Files that were written are kept.", file=sys.stderr
    )
    sys.stderr.flush()
    return code or RunFailed.exit_code


def _guarded(descriptor: int, stream: io.TextIOBase | object) -> io.TextIOWrapper:
    raw = _GuardedFile(descriptor, "wb", closefd=False)
    encoding = getattr(stream, "encoding", None) or "utf-8"
    buffer = io.BufferedWriter(cast(io.RawIOBase, raw))
    return io.TextIOWrapper(buffer, encoding, errors=_PLAIN, line_buffering=raw.isatty() or descriptor == 2)


def _plain_characters(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    return "".join(map(_plain, error.object[error.start : error.end])), error.end


def _plain(character: str) -> str:
    """The character in ASCII: its sign above, its base letter, a space for a space, or its number."""
    if character in _PLAIN_CHARACTERS:
        return _PLAIN_CHARACTERS[character]
    if "⠀" < character <= "⣿":  # braille, of plots
        return "*"
    base = unicodedata.normalize("NFKD", character).encode("ascii", "ignore").decode()
    return base or (" " if character.isspace() else character.encode("ascii", "backslashreplace").decode())
