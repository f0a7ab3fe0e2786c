"""`kerasdeep export`: the model in another format, and what the proof found."""

from __future__ import annotations

from pathlib import Path

from kerasdeep.cli.exit_codes import print_json
from kerasdeep.errors import InputError, Problem, SourceLocation, suggest

_FORMATS = ("keras", "saved_model", "litert", "onnx")


def export(
    run: Path, format: str, target: Path | None, fold: bool, float16: bool, source: str | None, force: bool, json: bool
) -> None:
    if format not in _FORMATS:
        message = f"there is no format `{format}`. Expected one of: {', '.join(_FORMATS)}."
        raise InputError([Problem("error", "usage", message, SourceLocation("--format"), suggest(format, _FORMATS))])
    from kerasdeep.inference.predictor import Predictor

    # The formats are TensorFlow's to write; a model trained on JAX is the same file.
    predictor = Predictor.load(
        run, {"runtime.backend": ("--backend", "tensorflow"), "runtime.device": ("--device", "cpu")}
    )
    from kerasdeep.inference.export.exporter import ExportOptions, export_run, summary_lines  # loads TensorFlow

    result = export_run(predictor, ExportOptions(format, target, fold, float16, source, force))
    if json:
        print_json(result)
    else:
        for line in summary_lines(result):
            print(line)
