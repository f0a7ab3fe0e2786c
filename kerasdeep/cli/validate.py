"""`kerasdeep validate`: every problem of every file."""

from __future__ import annotations

from kerasdeep.cli.exit_codes import print_problems
from kerasdeep.errors import InputError, Problem


def show(configs: list[str], problems: list[Problem], json: bool) -> int:
    """Show the problems; the exit code is 0 where there is no error, warnings or not."""
    errors = [problem for problem in problems if problem.severity == "error"]
    if problems or json:
        print_problems(problems, json)
    if not json and not errors:
        checked = configs[0] if len(configs) == 1 else f"{len(configs)} files"
        print(f"{checked}: valid" + (f", {len(problems)} warnings" if problems else ""))
    return InputError.exit_code if errors else 0
