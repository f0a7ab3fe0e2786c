"""`kerasdeep init`: what was inferred, and where the file is."""

from __future__ import annotations

from pathlib import Path

from kerasdeep.cli.exit_codes import print_json
from kerasdeep.scaffold.data_summary import DataSummary
from kerasdeep.scaffold.yaml_file import summary_lines


def show(path: Path, data_summary: DataSummary, json: bool) -> None:
    if json:
        print_json({"config": str(path), **data_summary.as_dict()})
        return
    for line in summary_lines(data_summary):
        print(line)
    for name, reason in data_summary.left_out.items():
        print(f"Left out: {name}, {reason}.")
    print(f"\nWritten: {path}. Look at it, then run: kerasdeep train {path}")
