"""The command line: declares options and dispatches; what a verb does lives in the rooms below."""

from __future__ import annotations

import sys

from kerasdeep.cli import exit_codes, streams


def main() -> None:
    """The `kerasdeep` command: runs a verb and ends with the exit code of DESIGN's table."""
    streams.guard_streams()
    from kerasdeep.cli.app import app

    sys.exit(streams.finish(exit_codes.run_app(app, sys.argv[1:])))
