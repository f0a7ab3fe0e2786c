"""Exporting a run, from top to bottom: make it one model, write, read back, compare, and only then keep it."""

from __future__ import annotations

import shutil
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from kerasdeep.backends.system import suppress_startup_output
from kerasdeep.data import read_for_prediction, transform_inputs
from kerasdeep.errors import InputError, RunFailed, SourceLocation
from kerasdeep.inference.export.formats import FORMATS, write_model
from kerasdeep.inference.export.serving_model import build_serving_model, describe_signature, serving_inputs, to_float16
from kerasdeep.inference.predictor import Predictor
from kerasdeep.inference.target_predictions import predict_outputs
from kerasdeep.modeling.batch_norm_folding import fold_batch_norm
from kerasdeep.runs import write_json

PROOF_ROWS = 500
TOLERANCE = 1e-4
FLOAT16_TOLERANCE = 2e-2
TIMING_REPEATS = 30


def export_run(
    predictor: Predictor, format: str, target: Path | None, fold: bool, float16: bool, source: str | None, force: bool
) -> dict[str, Any]:
    """Write the model in `format` and prove it on real rows; what is handed back says how.

    The rows are those of `source`, or of the run's own data. Beside the export stands `<export>.json`, which
    describes inputs and outputs. Raises InputError for a path that is taken or a package that is missing,
    RunFailed when the export answers otherwise; then nothing is kept.
    """
    export_format, preprocessing = FORMATS[format], predictor.preprocessing
    export_format.require_packages()
    if float16 and format == "onnx":
        message = "Keras exports float32 to onnx only. Export without --float16."
        raise InputError(message, "usage", SourceLocation("--float16"))
    path = target or predictor.run.exports / f"{predictor.run.path.name}{export_format.suffix or '-saved-model'}"
    _check_path(path, export_format.suffix, force or target is None)

    model, folded = fold_batch_norm(predictor.model) if fold else (predictor.model, [])
    serving_model = build_serving_model(
        to_float16(model) if float16 and not export_format.converts_float16 else model, preprocessing
    )
    raw = _proof_rows(predictor, source)
    arrays = serving_inputs(preprocessing, raw)
    expected = _decoded_outputs(predictor, transform_inputs(preprocessing, raw))
    with tempfile.TemporaryDirectory(dir=path.parent) as folder:
        written = Path(folder) / path.name
        write_model(format, serving_model, written, float16)
        with suppress_startup_output():
            runner = export_format.load(written, list(preprocessing.inputs), list(preprocessing.heads))
            exported_outputs = runner(arrays)
        regression_heads = {head for head, targets in preprocessing.heads.items() if targets[0].kind == "regression"}
        proof = compare_outputs(
            expected, exported_outputs, regression_heads, FLOAT16_TOLERANCE if float16 else TOLERANCE
        )
        first_arrays = {name: array[:1] for name, array in arrays.items()}
        first_rows = raw.iloc[:1] if hasattr(raw, "iloc") else _take_rows(raw, np.arange(1))
        model_milliseconds = _median_milliseconds(
            lambda: predictor.model.predict_on_batch(transform_inputs(preprocessing, first_rows))
        )
        export_milliseconds = _median_milliseconds(lambda: runner(first_arrays))
        facts = {
            "file": str(path),
            "format": format,
            "rows": len(next(iter(arrays.values()))),
            **proof,
            "folded": folded,
            "float16": float16,
            "bytes": {"before": _bytes_on_disk(predictor.run.model), "after": _bytes_on_disk(written)},
            "milliseconds_a_row": {"before": model_milliseconds, "after": export_milliseconds},
            **describe_signature(preprocessing),
        }
        if proof["largest_difference"] > proof["tolerance"]:
            raise RunFailed(
                f"The export answers otherwise than the model: by up to {proof['largest_difference']:.2g} on "
                f"{facts['rows']} rows, where at most {proof['tolerance']:g} is allowed. Nothing was kept."
            )
        _move_into_place(written, path)
    write_json(path.with_name(f"{path.name}.json"), facts)
    return facts


def _check_path(path: Path, suffix: str, may_replace: bool) -> None:
    location = SourceLocation("-o")
    if suffix and path.suffix != suffix:
        raise InputError(f"{path} should end with {suffix} for this format.", "usage", location)
    if path.exists() and not may_replace:
        raise InputError(f"{path} exists. Choose another name, or replace it with --force.", "usage", location)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"Cannot write to {path.parent}: {error.strerror}.", "usage", location) from error


def _proof_rows(predictor: Predictor, source: str | None) -> Any:
    """At most ROWS raw inputs, evenly from the whole source."""
    try:
        raw = read_for_prediction(predictor.preprocessing, source or str(predictor.config.data.source))
    except InputError as error:
        if source:
            raise
        reason = "; ".join(problem.message for problem in error.problems)
        message = f"The run's own data, to compare on, cannot be read ({reason}). Give rows with --data PATH."
        raise InputError(message, "missing-file") from error
    return _take_rows(raw.x, np.unique(np.linspace(0, len(raw) - 1, min(PROOF_ROWS, len(raw))).astype(int)))


def _take_rows(x: Any, index: np.ndarray) -> Any:
    if isinstance(x, dict):
        return {name: array[index] for name, array in x.items()}
    return x.iloc[index] if hasattr(x, "iloc") else x[index]


def _decoded_outputs(predictor: Predictor, x: Any) -> dict[str, np.ndarray]:
    """What the trained model says, by head: probabilities, and numbers as `predict` gives them."""
    decoded = {}
    for head, values in predict_outputs(predictor.model, x).items():
        encoders = [
            encoder
            for encoder in predictor.preprocessing.targets
            if encoder.target in predictor.preprocessing.heads[head]
        ]
        values = values.reshape(len(values), -1)
        if encoders[0].kind == "regression":
            values = np.stack([encoder.decode(values[:, column]) for column, encoder in enumerate(encoders)], axis=1)
        decoded[head] = values
    return decoded


def compare_outputs(
    expected: dict[str, np.ndarray], exported: dict[str, np.ndarray], regression_heads: set[str], tolerance: float
) -> dict[str, float]:
    """The largest difference: of probabilities as it is, of the heads of `numbers` in deviations of theirs."""
    worst, same_class = 0.0, []
    for head, reference in expected.items():
        values = np.asarray(exported[head], np.float64).reshape(reference.shape)
        scale = np.maximum(reference.std(axis=0), 1e-12) if head in regression_heads else 1.0
        difference = np.abs(values - reference) / scale
        worst = max(worst, float(difference.max()) if np.isfinite(difference).all() else np.inf)
        if reference.shape[1] > 1 and head not in regression_heads:
            same_class.append(float((values.argmax(1) == reference.argmax(1)).mean()))
    agreement = {"same_class": min(same_class)} if same_class else {}
    return {"largest_difference": worst, "tolerance": tolerance, **agreement}


def _median_milliseconds(call: Callable[[], Any]) -> float:
    """The median time of a call, without the first ones, which compile."""
    seconds = []
    for repeat in range(TIMING_REPEATS + 3):
        start = time.perf_counter()
        call()
        if repeat >= 3:
            seconds.append(time.perf_counter() - start)
    return round(1000 * statistics.median(seconds), 3)


def _bytes_on_disk(path: Path) -> int:
    files = path.rglob("*") if path.is_dir() else [path]
    return sum(file.stat().st_size for file in files if file.is_file())


def _move_into_place(written: Path, path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    written.replace(path)


def summary_lines(facts: dict[str, Any]) -> list[str]:
    """Three or four lines: where it is, how near it answers, and what it costs."""
    size, time_ = facts["bytes"], facts["milliseconds_a_row"]
    folded = f"{len(facts['folded'])} batch normalizations folded; " if facts["folded"] else ""
    return [
        f"{facts['format']}: {facts['file']} (inputs and outputs: {facts['file']}.json)",
        f"Proof: on {facts['rows']} rows the answers differ by at most {facts['largest_difference']:.2g} "
        f"({facts['tolerance']:g} is allowed)",
        f"{folded}{size['before']:,} bytes before, {size['after']:,} after; one row takes "
        f"{time_['before']:.2f} ms before, {time_['after']:.2f} ms after",
    ]
