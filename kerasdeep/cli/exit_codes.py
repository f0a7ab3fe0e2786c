"""Exit codes; problems on the screen or as JSON; a log for bugs of kerasdeep.

0 done, 1 the run failed, 2 configuration, data or usage, 3 a bug of kerasdeep, 130 interrupted.
"""

from __future__ import annotations

import json
import sys
import tempfile
import traceback
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from kerasdeep.errors import InputError, Interrupted, KerasdeepError, Problem, RunFailed, SourceLocation, sort_problems
from kerasdeep.paths import display_path, explain_os_error, os_error_in_words

if TYPE_CHECKING:
    import typer

EXIT_BUG = 3
EXIT_INTERRUPTED = 130


def run_app(app: typer.Typer, arguments: Sequence[str]) -> int:
    """Runs the command and returns its exit code; only a bug has a traceback, which goes to a log."""
    import click

    as_json = "--json" in arguments
    try:
        code = app(list(arguments), standalone_mode=False)
        return code if isinstance(code, int) else 0
    except InputError as error:
        print_problems(error.problems, as_json)
        return error.exit_code
    except KerasdeepError as error:
        _print_failure(error, as_json)
        return error.exit_code
    except click.ClickException as error:
        print_problems([Problem("error", "usage", _usage_message(error))], as_json)
        return InputError.exit_code
    except (KeyboardInterrupt, click.Abort):
        _print_failure(Interrupted("interrupted"), as_json)
        return EXIT_INTERRUPTED
    except Exception as error:
        expected = _expected_failure(error)
        if isinstance(expected, InputError):
            print_problems(expected.problems, as_json)
        elif expected is not None:
            _print_failure(expected, as_json)
        return _log_bug(error, as_json) if expected is None else expected.exit_code


def print_problems(problems: list[Problem], as_json: bool) -> None:
    """All problems, in the order of the file: on stderr for people, as one object on stdout for programs."""
    problems = sort_problems(problems)
    if as_json:
        print_json({"problems": [problem.as_dict() for problem in problems]})
        return
    for problem in problems:
        print_status(str(problem))


def print_status(text: str) -> None:
    """Progress and problems, on stderr: stdout is for the result. Any text can be printed, whatever names are in it."""
    print(text.encode("utf-8", "backslashreplace").decode(), file=sys.stderr)


def print_json(value: Any) -> None:
    """One object on stdout; what its encoding or UTF-8 lacks stands there as JSON's `\\uXXXX`."""
    text = json.dumps(value, ensure_ascii=False, allow_nan=False)
    try:
        text.encode(sys.stdout.encoding or "utf-8")
    except UnicodeEncodeError:
        text = json.dumps(value, allow_nan=False)
    print(text)


def _print_failure(error: KerasdeepError, as_json: bool) -> None:
    if as_json:
        status = "interrupted" if isinstance(error, Interrupted) else "failed"
        print_json({"status": status, "error": str(error)})
    print_status(str(error))


def _usage_message(error: Any) -> str:
    context = getattr(error, "ctx", None)
    help_line = f" See: {context.command_path} --help" if context else ""
    return error.format_message() + help_line


def _expected_failure(error: Exception) -> KerasdeepError | None:
    """What a path, the machine or its settings caused, in words; None for a bug."""
    os_error = os_error_in_words(error) if type(error).__module__.startswith("tensorflow.") else error
    if isinstance(os_error, OSError):
        return explain_os_error(os_error)
    if isinstance(error, UnicodeEncodeError) and error.encoding == sys.getfilesystemencoding():
        name = display_path(error.object)
        message = f"this system's file names are {error.encoding}. Set LANG=C.UTF-8 or PYTHONUTF8=1, or rename it."
        return InputError(message, "path", SourceLocation(name))
    if isinstance(error, ValueError) and str(error).startswith("embedded null"):
        return InputError("a path has a NUL character in it. Use another path.", "path")
    if _is_out_of_memory(error):
        message = (
            "there is not enough memory for this. Try fewer or smaller rows (`data.limit`, `data.image.size`) or a "
        )
        return RunFailed(message + "smaller network; `kerasdeep plan` says what training needs.")
    return None


def _is_out_of_memory(error: Exception) -> bool:
    if isinstance(error, MemoryError) or "keras" not in sys.modules:  # no other program says it in its own way
        return isinstance(error, MemoryError)
    from kerasdeep.training.failures import is_out_of_memory

    return is_out_of_memory(error)


def _log_bug(error: Exception, as_json: bool) -> int:
    details = f"kerasdeep {' '.join(sys.argv[1:])}\n\n{''.join(traceback.format_exception(error))}"
    try:
        with tempfile.NamedTemporaryFile("wb", prefix="kerasdeep-", suffix=".log", delete=False) as log:
            log.write(details.encode("utf-8", "backslashreplace"))
        where = f"The details are in {log.name}"
    except OSError:  # nothing here can be written: the screen has to do
        print_status(details)
        where = "The details are above"
    try:
        what = f"{type(error).__name__}: {error}"
    except Exception:  # an error whose text is itself broken
        what = type(error).__name__
    message = f"this is a bug in kerasdeep ({what}). {where}"
    if as_json:
        print_json({"status": "failed", "error": message})
    print_status(message)
    return EXIT_BUG
