"""`kerasdeep init`: looks at data, writes a file, and says what it inferred."""

from __future__ import annotations

import sys
from pathlib import Path

from kerasdeep.cli.exit_codes import print_json
from kerasdeep.scaffold import draft_config
from kerasdeep.scaffold.yaml_file import summary_lines


def init(source: str, out: Path | None, target: str | None, force: bool, json: bool) -> None:
    path, data_summary = draft_config(source, out, target, force, lambda text: print(text, file=sys.stderr))
    if json:
        print_json({"config": str(path), **data_summary.as_dict()})
        return
    for line in summary_lines(data_summary):
        print(line)
    for name, reason in data_summary.left_out.items():
        print(f"Left out: {name}, {reason}.")
    print(f"\nWritten: {path}. Look at it, then: kerasdeep train {path}")
