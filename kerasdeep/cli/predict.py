"""`kerasdeep predict`: a table of predictions, to a file, the screen or a program."""

from __future__ import annotations

import sys
from pathlib import Path

from kerasdeep.cli.exit_codes import print_json

STANDARD_INPUT = "-"


def predict(
    run: Path, source: str, file: Path | None, samples: int | None, flags: dict[str, tuple[str, str]], json: bool
) -> None:
    from kerasdeep.inference import table_output
    from kerasdeep.inference.predictor import Predictor

    if file is not None:
        table_output.check_path(file)
    rows = sys.stdin.buffer if source == STANDARD_INPUT else source
    table = Predictor.load(run, flags).predict(rows, samples)
    if file is not None or not json:
        table_output.write_table(table, file)
    if file is not None and not json:
        print(f"Written: {file}, {len(table):,} rows")
    if json:
        output = {"file": str(file), "columns": list(table.columns)} if file else table_output.table_as_json(table)
        print_json({"rows": len(table), **output})
