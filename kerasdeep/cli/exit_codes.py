"""Exit codes; problems on the screen or as JSON; a log for bugs of kerasdeep.

0 done, 1 the run failed, 2 configuration, data or usage, 3 a bug of kerasdeep, 130 interrupted.
"""

from __future__ import annotations

import json
import sys
import tempfile
import traceback
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kerasdeep.errors import InputError, Interrupted, KerasdeepError, Problem, sort_problems

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
    except BrokenPipeError:
        return 0
    except Exception as error:
        return _log_bug(error, as_json)


def print_problems(problems: list[Problem], as_json: bool) -> None:
    """All problems, in the order of the file: on stderr for people, as one object on stdout for programs."""
    problems = sort_problems(problems)
    if as_json:
        print_json({"problems": [problem.as_dict() for problem in problems]})
        return
    for problem in problems:
        print(problem, file=sys.stderr)


def print_status(text: str) -> None:
    """Progress messages, on stderr: stdout is for the result."""
    print(text, file=sys.stderr)


def print_json(value: Any) -> None:
    print(json.dumps(value, ensure_ascii=False, allow_nan=False))


def _print_failure(error: KerasdeepError, as_json: bool) -> None:
    if as_json:
        status = "interrupted" if isinstance(error, Interrupted) else "failed"
        print_json({"status": status, "error": str(error)})
    print(error, file=sys.stderr)


def _usage_message(error: Any) -> str:
    context = getattr(error, "ctx", None)
    help_line = f" See: {context.command_path} --help" if context else ""
    return error.format_message() + help_line


def _log_bug(error: Exception, as_json: bool) -> int:
    with tempfile.NamedTemporaryFile("w", prefix="kerasdeep-", suffix=".log", delete=False, encoding="utf-8") as log:
        log.write("kerasdeep " + " ".join(sys.argv[1:]) + "\n\n")
        traceback.print_exception(error, file=log)
    message = f"this is a bug in kerasdeep ({type(error).__name__}: {error}). The details are in {Path(log.name)}"
    if as_json:
        print_json({"status": "failed", "error": message})
    print(message, file=sys.stderr)
    return EXIT_BUG
