"""Predictions of the rows that a run held out as its fold, and the table of all folds."""

from __future__ import annotations

import csv
from typing import Any

from kerasdeep.data.prediction_input import PredictionInput, read_for_prediction
from kerasdeep.inference.predictor import Predictor
from kerasdeep.runs import ComparisonDir, RunDir, atomic_write
from kerasdeep.studies.study import RunsByVariant

KEYS = ("variant", "seed", "fold")
ROW = "row"


def write_part(run: RunDir) -> None:
    """Write `out_of_fold.csv` of a finished run, if it is not there: its validation rows with their predictions.

    `row` is the row's number in the source, or its file's name; then come the source's columns, where it is a table,
    and the columns that `predict` writes.
    """
    if run.out_of_fold.is_file() or not run.model.is_file():
        return
    predictor = Predictor.load(run)
    from kerasdeep.evaluation.prediction_metrics import decode_outputs
    from kerasdeep.inference.run_evaluation import held_out_splits
    from kerasdeep.inference.table_output import prediction_table

    split = held_out_splits(run, predictor.config, lambda text: None)["validation"]
    x: Any = split.x  # rows on demand are arrays to Keras
    columns = None
    if predictor.preprocessing.kind == "table":
        import pandas as pd

        raw = read_for_prediction(predictor.preprocessing, predictor.config.data.source, every_window=True)
        assert raw.columns is not None
        columns = raw.columns.iloc[pd.Index(raw.rows).get_indexer(split.rows)].reset_index(drop=True)
        taken = {name: f"{name}_of_source" for name in (*KEYS, ROW) if name in columns.columns}
        columns = columns.rename(columns=taken)
        columns.insert(0, ROW, split.rows)
    decoded = decode_outputs(predictor.preprocessing, predictor.outputs(x))
    table = prediction_table(PredictionInput(x, None, split.rows, columns, []), decoded)
    with atomic_write(run.out_of_fold) as temporary:
        table.to_csv(temporary, index=False)


def merge_tables(folder: ComparisonDir, runs: RunsByVariant) -> None:
    """Write the study's `out_of_fold.csv`: every row that some fold held out, once for each variant and seed.

    It has every column of any run; variants may predict other targets.
    """
    parts = [
        (dict(zip(KEYS, (variant, *key), strict=True)), run.out_of_fold)
        for variant, runs_by_key in runs.items()
        for key, run in runs_by_key.items()
        if run.out_of_fold.is_file()
    ]
    columns: dict[str, None] = {}
    for _, path in parts:
        with path.open(encoding="utf-8", newline="") as part:
            columns |= dict.fromkeys(next(csv.reader(part)))
    with atomic_write(folder.out_of_fold) as temporary, temporary.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, [*KEYS, *columns])
        writer.writeheader()
        for keys, path in parts:
            with path.open(encoding="utf-8", newline="") as part:
                writer.writerows(keys | row for row in csv.DictReader(part))
