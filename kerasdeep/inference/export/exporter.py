"""Export a run: make it one model, write it, read it back, compare, and only then keep it."""

from __future__ import annotations

import shutil
import statistics
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import keras
import numpy as np

from kerasdeep.backends.system import suppress_startup_output
from kerasdeep.data import Preprocessing, read_for_prediction, transform_inputs
from kerasdeep.data.types import take_rows
from kerasdeep.errors import InputError, RunFailed, SourceLocation
from kerasdeep.heads import heads_in_order, output_heads, output_scales
from kerasdeep.inference.export.formats import FORMATS, Runner, write_model
from kerasdeep.inference.export.serving_model import build_serving_model, describe_signature, serving_inputs, to_float16
from kerasdeep.inference.predictor import Predictor
from kerasdeep.modeling.batch_norm_folding import fold_batch_norm
from kerasdeep.paths import explain_write_error
from kerasdeep.runs import write_json
from kerasdeep.tasks import TASKS

if TYPE_CHECKING:
    from kerasdeep.data.prediction_input import RawRows


PROOF_ROWS = 500
TOLERANCE = 1e-4
FLOAT16_TOLERANCE = 2e-2
TIMING_REPEATS = 30


@dataclass(frozen=True, slots=True)
class ExportOptions:
    """How a model is exported.

    Args:
        format: A key of `FORMATS`.
        path: Where to; in the run's own `exports` where it is None.
        fold: Fold batch normalizations into the layers before them.
        float16: Keep the weights in half precision.
        source: Rows to prove the export on; the run's own data where it is None.
        force: Replace what is at `path`.
    """

    format: str = "keras"
    path: Path | None = None
    fold: bool = False
    float16: bool = False
    source: str | None = None
    force: bool = False


@dataclass(frozen=True, slots=True)
class Comparison:
    """How far an export's outputs are from the model's.

    `largest_difference` is of probabilities as they are, of numbers in standard deviations of theirs; `same_class` is
    the share of rows with the same most probable class, None for a model without several classes.
    """

    largest_difference: float
    tolerance: float
    same_class: float | None = None


def export_run(predictor: Predictor, options: ExportOptions) -> dict[str, Any]:
    """Write the model, prove on real rows that it predicts the same, and describe it in `<export>.json`.

    Returns what that file holds. Raises InputError for a path that is taken or a package that is missing, RunFailed
    when the export predicts something else; then nothing is kept.
    """
    path = _export_path(predictor, options)
    model, folded = fold_batch_norm(predictor.model) if options.fold else (predictor.model, [])
    raw = _proof_rows(predictor, options.source)
    arrays = serving_inputs(predictor.preprocessing, raw)
    with tempfile.TemporaryDirectory(dir=path.parent) as folder:
        written = Path(folder) / path.name
        runner = _write_and_load(model, predictor.preprocessing, options, written)
        comparison = _prove(predictor, raw, runner(arrays), FLOAT16_TOLERANCE if options.float16 else TOLERANCE)
        same_class = {} if comparison.same_class is None else {"same_class": comparison.same_class}
        facts = {
            "file": str(path),
            "format": options.format,
            "rows": len(next(iter(arrays.values()))),
            "largest_difference": comparison.largest_difference,
            "tolerance": comparison.tolerance,
            **same_class,
            "folded": folded,
            "float16": options.float16,
            "bytes": {"before": _bytes_on_disk(predictor.run.model), "after": _bytes_on_disk(written)},
            "milliseconds_a_row": _time_one_row(predictor, raw, runner, arrays),
            **describe_signature(predictor.preprocessing, options.format),
        }
        if path.is_dir():
            shutil.rmtree(path)
        written.replace(path)
    write_json(_sidecar(path), facts)
    return facts


def _export_path(predictor: Predictor, options: ExportOptions) -> Path:
    """Where the export goes, once it is known that it can be written."""
    export_format = FORMATS[options.format]
    export_format.require_packages()
    if options.float16 and options.format == "onnx":
        message = "Keras exports float32 to onnx only. Export without --float16."
        raise InputError(message, "usage", SourceLocation("--float16"))
    flags = "-fold" * options.fold + "-float16" * options.float16
    name = f"{predictor.run.path.name}{flags}{export_format.suffix or '-saved-model'}"
    path = options.path or predictor.run.exports / name
    _check_path(path, export_format.suffix, options.force)
    return path


def _write_and_load(model: keras.Model, preprocessing: Preprocessing, options: ExportOptions, path: Path) -> Runner:
    export_format = FORMATS[options.format]
    if options.float16 and not export_format.converts_float16:
        model = to_float16(model)
    write_model(options.format, build_serving_model(model, preprocessing), path, options.float16)
    with suppress_startup_output():
        return export_format.load(path, list(preprocessing.input_shapes), list(preprocessing.heads))


def _prove(predictor: Predictor, raw: RawRows, exported: dict[str, np.ndarray], tolerance: float) -> Comparison:
    """Compare with the trained model: probabilities, and numbers in their own unit. Raises RunFailed."""
    expected = predictor.outputs(transform_inputs(predictor.preprocessing, raw))
    for head, (scale, offset) in output_scales(predictor.preprocessing).items():
        expected[head] = expected[head].astype(np.float64) * scale + offset
    for head in heads_in_order(predictor.preprocessing):
        expected[head] = np.sort(expected[head], axis=-1)
    heads = output_heads(predictor.preprocessing)
    number_heads = {head.name for head in heads if TASKS[head.kind].predicts_numbers}
    class_heads = {head.name for head in heads if TASKS[head.kind].has_classes}
    comparison = compare_outputs(expected, exported, number_heads, class_heads, tolerance)
    if comparison.largest_difference > tolerance:
        raise RunFailed(
            f"The export's predictions differ from the model's by up to {comparison.largest_difference:.2g} on "
            f"{len(next(iter(expected.values())))} rows, where at most {tolerance:g} is allowed. Nothing was kept."
        )
    return comparison


def _time_one_row(
    predictor: Predictor, raw: RawRows, runner: Runner, arrays: dict[str, np.ndarray]
) -> dict[str, float]:
    """Milliseconds for one row, by the trained model with its preprocessing and by the export."""
    first_row, first_arrays = take_rows(raw, np.arange(1)), {name: array[:1] for name, array in arrays.items()}
    model, preprocessing = predictor.model, predictor.preprocessing

    def predict() -> None:
        x = transform_inputs(preprocessing, first_row)
        model.predict_on_batch(keras.tree.map_structure(np.asarray, x))

    return {"before": _median_milliseconds(predict), "after": _median_milliseconds(lambda: runner(first_arrays))}


def _check_path(path: Path, suffix: str, force: bool) -> None:
    location = SourceLocation("-o")
    if suffix and path.suffix != suffix:
        raise InputError(f"{path} should end with {suffix} for this format.", "usage", location)
    taken = next((taken for taken in (path, _sidecar(path)) if taken.exists()), None)
    if taken is not None and not force:
        message = f"{taken} exists already. Name another file, or replace it with --force."
        raise InputError(message, "file-exists", location)
    if path.is_dir() and any(path.iterdir()) and (suffix or not (path / "saved_model.pb").is_file()):
        message = f"{path} is a folder that holds something else, which even --force does not replace."
        raise InputError(message, "file-exists", location)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise explain_write_error(error, path.parent) from error


def _sidecar(path: Path) -> Path:
    """The file beside an export that describes its inputs and outputs."""
    return path.with_name(f"{path.name}.json")


def _proof_rows(predictor: Predictor, source: str | None) -> RawRows:
    """At most `PROOF_ROWS` raw inputs, spread evenly over the whole source."""
    try:
        rows = source or str(predictor.config.data.source)
        raw = read_for_prediction(predictor.preprocessing, rows, every_window=True)
    except InputError as error:
        if source:
            raise
        reason = "; ".join(problem.message for problem in error.problems)
        message = f"The run's own data, to compare on, cannot be read ({reason}). Give rows with --data PATH."
        raise InputError(message, "missing-file") from error
    return take_rows(raw.x, np.unique(np.linspace(0, len(raw) - 1, min(PROOF_ROWS, len(raw))).astype(int)))


def compare_outputs(
    expected: dict[str, np.ndarray],
    exported: dict[str, np.ndarray],
    number_heads: set[str],
    class_heads: set[str],
    tolerance: float,
) -> Comparison:
    """Outputs by head; those of `number_heads` are numbers, all others probabilities, one class of `class_heads`."""
    worst, same_class = 0.0, []
    for head, reference in expected.items():
        reference = reference.reshape(len(reference), -1)
        values = np.asarray(exported[head], np.float64).reshape(reference.shape)
        scale = np.maximum(reference.std(axis=0), 1e-12) if head in number_heads else 1.0
        difference = np.abs(values - reference) / scale
        worst = max(worst, float(difference.max()) if np.isfinite(difference).all() else np.inf)
        if reference.shape[1] > 1 and head in class_heads:
            same_class.append(float((values.argmax(1) == reference.argmax(1)).mean()))
    return Comparison(worst, tolerance, min(same_class) if same_class else None)


def _median_milliseconds(call: Callable[[], object]) -> float:
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


def summary_lines(facts: dict[str, Any]) -> list[str]:
    """Where the export is, how close its predictions are, and what they cost."""
    size, time_ = facts["bytes"], facts["milliseconds_a_row"]
    folded = f"{len(facts['folded'])} batch normalizations folded; " if facts["folded"] else ""
    return [
        f"{facts['format']}: {facts['file']} (inputs and outputs: {facts['file']}.json)",
        f"Proof: on {facts['rows']} rows the predictions differ by at most {facts['largest_difference']:.2g} "
        f"({facts['tolerance']:g} is allowed)",
        f"{folded}{size['before']:,} bytes before, {size['after']:,} after; one row takes "
        f"{time_['before']:.2f} ms before, {time_['after']:.2f} ms after",
    ]
