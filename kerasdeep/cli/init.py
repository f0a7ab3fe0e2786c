"""`kerasdeep init`: looks at data, writes a file, and says what it inferred."""

from __future__ import annotations

import sys
from pathlib import Path

from kerasdeep.cli.ending import say_json
from kerasdeep.drafting import draft
from kerasdeep.drafting.yaml_file import told


def init(source: str, out: Path | None, target: str | None, force: bool, json: bool) -> None:
    path, found = draft(source, out, target, force, lambda text: print(text, file=sys.stderr))
    if json:
        say_json({"config": str(path), **found.as_dict()})
        return
    for line in told(found):
        print(line)
    for name, reason in found.left_out.items():
        print(f"Left out: {name}, {reason}.")
    print(f"\nWritten: {path}. Look at it, then: kerasdeep train {path}")
