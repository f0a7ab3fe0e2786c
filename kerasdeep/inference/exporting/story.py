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

from kerasdeep.build.folding import fold_batch_norm
from kerasdeep.data import apply, read_raw
from kerasdeep.errors import InputError, Mark, RunFailed
from kerasdeep.inference.answering import outputs
from kerasdeep.inference.exporting.deployed import deploy, described, in_float16, raw_arrays
from kerasdeep.inference.exporting.formats import FORMATS, write
from kerasdeep.inference.opening import Trained
from kerasdeep.run_dir import write_json
from kerasdeep.runtime import quiet_start

ROWS = 500
TOLERANCE = 1e-4
HALF_TOLERANCE = 2e-2
REPEATS = 30


def export(
    trained: Trained, format: str, target: Path | None, fold: bool, float16: bool, source: str | None, force: bool
) -> dict[str, Any]:
    """Write the model in `format` and prove it on real rows; what is handed back says how.

    The rows are those of `source`, or of the run's own data. Beside the export stands `<export>.json`, which
    describes inputs and outputs. Raises InputError for a path that is taken or a package that is missing,
    RunFailed when the export answers otherwise; then nothing is kept.
    """
    kind, rules = FORMATS[format], trained.preprocessing
    kind.require()
    if float16 and format == "onnx":
        message = "Keras exports float32 to onnx only. Export without --float16."
        raise InputError(message, "usage", Mark("--float16"))
    path = target or trained.run.exports / f"{trained.run.path.name}{kind.suffix or '-saved-model'}"
    _check(path, kind.suffix, force or target is None)

    model, folded = fold_batch_norm(trained.model) if fold else (trained.model, [])
    whole = deploy(in_float16(model) if float16 and not kind.half else model, rules)
    raw = _rows(trained, source)
    arrays = raw_arrays(rules, raw)
    expected = _in_own_unit(trained, apply(rules, raw))
    with tempfile.TemporaryDirectory(dir=path.parent) as folder:
        written = Path(folder) / path.name
        write(format, whole, written, float16)
        with quiet_start():
            run = kind.load(written, list(rules.inputs), list(rules.heads))
            said = run(arrays)
        numbers = {head for head, targets in rules.heads.items() if targets[0].kind == "regression"}
        proof = compared(expected, said, numbers, HALF_TOLERANCE if float16 else TOLERANCE)
        one = {name: array[:1] for name, array in arrays.items()}
        first = raw.iloc[:1] if hasattr(raw, "iloc") else _take(raw, np.arange(1))
        before = _milliseconds(lambda: trained.model.predict_on_batch(apply(rules, first)))
        after = _milliseconds(lambda: run(one))
        found = {
            "file": str(path),
            "format": format,
            "rows": len(next(iter(arrays.values()))),
            **proof,
            "folded": folded,
            "float16": float16,
            "bytes": {"before": _size(trained.run.model), "after": _size(written)},
            "milliseconds_a_row": {"before": before, "after": after},
            **described(rules),
        }
        if proof["largest_difference"] > proof["tolerance"]:
            raise RunFailed(
                f"The export answers otherwise than the model: by up to {proof['largest_difference']:.2g} on "
                f"{found['rows']} rows, where at most {proof['tolerance']:g} is allowed. Nothing was kept."
            )
        _keep(written, path)
    write_json(path.with_name(f"{path.name}.json"), found)
    return found


def _check(path: Path, suffix: str, may_replace: bool) -> None:
    mark = Mark("-o")
    if suffix and path.suffix != suffix:
        raise InputError(f"{path} should end with {suffix} for this format.", "usage", mark)
    if path.exists() and not may_replace:
        raise InputError(f"{path} exists. Choose another name, or replace it with --force.", "usage", mark)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"Cannot write to {path.parent}: {error.strerror}.", "usage", mark) from error


def _rows(trained: Trained, source: str | None) -> Any:
    """At most ROWS raw inputs, evenly from the whole source."""
    try:
        raw = read_raw(trained.preprocessing, source or str(trained.spec.data.source))
    except InputError as error:
        if source:
            raise
        reason = "; ".join(problem.message for problem in error.problems)
        message = f"The run's own data, to compare on, cannot be read ({reason}). Give rows with --data PATH."
        raise InputError(message, "missing-file") from error
    return _take(raw.x, np.unique(np.linspace(0, len(raw) - 1, min(ROWS, len(raw))).astype(int)))


def _take(x: Any, index: np.ndarray) -> Any:
    if isinstance(x, dict):
        return {name: array[index] for name, array in x.items()}
    return x.iloc[index] if hasattr(x, "iloc") else x[index]


def _in_own_unit(trained: Trained, x: Any) -> dict[str, np.ndarray]:
    """What the trained model says, by head: probabilities, and numbers as `predict` gives them."""
    found = {}
    for head, said in outputs(trained.model, x).items():
        rules = [
            rule for rule in trained.preprocessing.targets if rule.target in trained.preprocessing.heads[head]
        ]
        said = said.reshape(len(said), -1)
        if rules[0].kind == "regression":
            said = np.stack([rule.decode(said[:, column]) for column, rule in enumerate(rules)], axis=1)
        found[head] = said
    return found


def compared(
    expected: dict[str, np.ndarray], found: dict[str, np.ndarray], numbers: set[str], tolerance: float
) -> dict[str, float]:
    """The largest difference: of probabilities as it is, of the heads of `numbers` in deviations of theirs."""
    worst, same = 0.0, []
    for head, wanted in expected.items():
        said = np.asarray(found[head], np.float64).reshape(wanted.shape)
        unit = np.maximum(wanted.std(axis=0), 1e-12) if head in numbers else 1.0
        difference = np.abs(said - wanted) / unit
        worst = max(worst, float(difference.max()) if np.isfinite(difference).all() else np.inf)
        if wanted.shape[1] > 1 and head not in numbers:
            same.append(float((said.argmax(1) == wanted.argmax(1)).mean()))
    shares = {"same_class": min(same)} if same else {}
    return {"largest_difference": worst, "tolerance": tolerance, **shares}


def _milliseconds(call: Callable[[], Any]) -> float:
    """The median time of a call, without the first ones, which compile."""
    seconds = []
    for number in range(REPEATS + 3):
        start = time.perf_counter()
        call()
        if number >= 3:
            seconds.append(time.perf_counter() - start)
    return round(1000 * statistics.median(seconds), 3)


def _size(path: Path) -> int:
    files = path.rglob("*") if path.is_dir() else [path]
    return sum(file.stat().st_size for file in files if file.is_file())


def _keep(written: Path, path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    written.replace(path)


def summary(found: dict[str, Any]) -> list[str]:
    """Three or four lines: where it is, how near it answers, and what it costs."""
    size, time_ = found["bytes"], found["milliseconds_a_row"]
    folded = f"{len(found['folded'])} batch normalizations folded; " if found["folded"] else ""
    return [
        f"{found['format']}: {found['file']} (inputs and outputs: {found['file']}.json)",
        f"Proof: on {found['rows']} rows the answers differ by at most {found['largest_difference']:.2g} "
        f"({found['tolerance']:g} is allowed)",
        f"{folded}{size['before']:,} bytes before, {size['after']:,} after; one row takes "
        f"{time_['before']:.2f} ms before, {time_['after']:.2f} ms after",
    ]
