"""`kerasdeep predict`: a table of answers, to a file, the screen or a program."""

from __future__ import annotations

from pathlib import Path

from kerasdeep.cli.exit_codes import print_json
from kerasdeep.runs import open_run_dir


def predict(
    run: Path, source: str, file: Path | None, samples: int | None, flags: dict[str, tuple[str, str]], json: bool
) -> None:
    from kerasdeep.inference import table_output
    from kerasdeep.inference.predictor import load_predictor

    if file is not None:
        table_output.check_path(file)
    trained = load_predictor(open_run_dir(run), flags)
    from kerasdeep.inference.prediction import predict as predict_table  # after the machine is prepared for Keras

    table = predict_table(trained, source, samples)
    if file is not None or not json:
        table_output.write_table(table, file)
    if file is not None and not json:
        print(f"Written: {file}, {len(table):,} rows")
    if json:
        output = {"file": str(file), "columns": list(table.columns)} if file else table_output.table_as_json(table)
        print_json({"rows": len(table), **output})
