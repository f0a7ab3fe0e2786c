"""`kerasdeep predict`: a table of answers, to a file, the screen or a program."""

from __future__ import annotations

from pathlib import Path

from kerasdeep import run_dir
from kerasdeep.cli.ending import say_json


def predict(
    run: Path, source: str, file: Path | None, samples: int | None, flags: dict[str, tuple[str, str]], json: bool
) -> None:
    from kerasdeep.inference import writing
    from kerasdeep.inference.opening import open_run

    if file is not None:
        writing.check(file)
    trained = open_run(run_dir.find(run), flags)
    from kerasdeep.inference.predicting import predict as table_of  # after the machine is prepared for Keras

    table = table_of(trained, source, samples)
    if file is not None or not json:
        writing.write(table, file)
    if file is not None and not json:
        print(f"Written: {file}, {len(table):,} rows")
    if json:
        told = {"file": str(file), "columns": list(table.columns)} if file else writing.as_object(table)
        say_json({"rows": len(table), **told})
