"""`kerasdeep export`: what was written, and how far its predictions agree."""

from __future__ import annotations

from typing import Any

from kerasdeep.cli.exit_codes import print_json


def show(result: dict[str, Any], json: bool) -> None:
    from kerasdeep.inference.export.exporter import summary_lines

    if json:
        print_json(result)
        return
    for line in summary_lines(result):
        print(line)
