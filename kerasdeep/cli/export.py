"""`kerasdeep export`: the model in another format, and what the proof found."""

from __future__ import annotations

from pathlib import Path

from kerasdeep import run_dir
from kerasdeep.cli.ending import say_json
from kerasdeep.errors import InputError, Mark, Problem, closest

_FORMATS = ("keras", "saved_model", "litert", "onnx")


def export(
    run: Path,
    format: str,
    target: Path | None,
    fold: bool,
    float16: bool,
    source: str | None,
    force: bool,
    json: bool,
) -> None:
    if format not in _FORMATS:
        message = f"there is no format `{format}`. Expected one of: {', '.join(_FORMATS)}."
        raise InputError([Problem("error", "usage", message, Mark("--format"), closest(format, _FORMATS))])
    from kerasdeep.inference.opening import open_run

    # The formats are TensorFlow's to write; a model trained on JAX is the same file.
    trained = open_run(
        run_dir.find(run), {"runtime.backend": ("--backend", "tensorflow"), "runtime.device": ("--device", "cpu")}
    )
    from kerasdeep.inference.exporting.story import export as write
    from kerasdeep.inference.exporting.story import summary

    found = write(trained, format, target, fold, float16, source, force)
    if json:
        say_json(found)
    else:
        for line in summary(found):
            print(line)
