"""Figures that a verb measures on a finished run: `diagnose`, `evaluate --mc N`, `export`, `lr-find`.

They are kept in the run's `facts/measured.json`, so that a comparison which is repeated does not measure again.
"""

from __future__ import annotations

import re
import tempfile
from collections.abc import Callable
from pathlib import Path

from kerasdeep import probes, spec
from kerasdeep.errors import InputError, RunFailed
from kerasdeep.run_dir import RunDir

FAMILIES = ("diagnose", "mc_N", "train_again", "lr_find", "fold", "litert", "saved_model")
_FACT = "measured"
_MC = re.compile(r"mc_(?P<samples>[1-9]\d*)")
_EXPORT = re.compile(r"(?P<format>keras|saved_model|litert|onnx|fold)(?P<options>(?:_fold|_float16)*)")

Figures = dict[str, float | None]


def find(family: str) -> Callable[[RunDir], Figures] | None:
    """What measures the family; None where there is no such one."""
    if family in _NAMED:
        return _NAMED[family]
    samples, exported = _MC.fullmatch(family), _EXPORT.fullmatch(family)
    if samples:
        return lambda run: _monte_carlo(run, int(samples["samples"]))
    if exported:
        return lambda run: _export(run, exported["format"], exported["options"])
    return None


def measured(run: RunDir, family: str) -> Figures:
    """The family's figures for that run: as measured before, or now. Empty for a run that has no model."""
    known = run.read_fact(_FACT) or {}
    if family not in known:
        measure = find(family)
        try:
            known[family] = measure(run) if measure else {}
        except (InputError, RunFailed) as error:  # a run without a model, a net without dropout, a proof unmet
            known[family] = {"error": str(error)}
        run.write_fact(_FACT, known)
    return known[family]


def _monte_carlo(run: RunDir, samples: int) -> Figures:
    from kerasdeep.inference.opening import open_run

    trained = open_run(run)
    from kerasdeep.inference import evaluating

    found = evaluating.evaluate(trained, None, samples, say=_unheard)["mc"]
    figures = dict(found["metrics"])
    for part, judged in found["evaluation"]["parts"].items():
        for name, value in (judged["targets"][0].get("most_certain") or {}).items():
            figures[f"{evaluating.PREFIX[part]}certain_{name}"] = value
    return figures


def _train_again(run: RunDir) -> Figures:
    """Loss and metrics on the training rows in inference: no dropout, no batch statistics."""
    from kerasdeep.inference.opening import open_run

    trained = open_run(run)
    from kerasdeep import data
    from kerasdeep.inference import evaluating

    rows = data.load(trained.spec.data, trained.spec.task).train
    return evaluating.by_keras(trained, {"train": (rows.x, rows.y)})


def _diagnose(run: RunDir) -> Figures:
    """The network as it was initialised, on a real batch."""
    found = probes.diagnose(spec.load(run.resolved, ["runtime.threads=auto"]))
    hidden = [layer["initial"] for layer in found.layers if not layer["output"]]
    deviations = [signal["deviation"] for signal in hidden]
    figures: Figures = {
        **found.moments["initial"],
        "gradient_rms": hidden[0]["gradient"],
        "activation_mean": hidden[-1]["mean"],
        "activation_std": deviations[-1],
        "least_activation_std": min(deviations),
        "most_activation_std": max(deviations),
        "verdicts": len(found.verdicts),
    }
    figures |= {f"activation_std_{number}": value for number, value in enumerate(deviations, 1)}
    for share in ("dead", "saturated"):
        values = [signal[share] for signal in hidden if signal[share] is not None]
        figures[share] = max(values, default=0.0)
    return figures


def _lr_find(run: RunDir) -> Figures:
    found = probes.lr_find(spec.load(run.resolved, ["runtime.threads=auto"]))
    return {"suggestion": found.suggestion, **found.suggestions}


def _export(run: RunDir, format: str, options: str) -> Figures:
    from kerasdeep.inference.opening import open_run

    trained = open_run(run)
    from kerasdeep.inference.exporting import formats, story

    fold, half = format == "fold" or "_fold" in options, "_float16" in options
    format = "keras" if format == "fold" else format
    with tempfile.TemporaryDirectory() as folder:
        target = Path(folder) / f"model{formats.FORMATS[format].suffix}"
        found = story.export(trained, format, target, fold, half, None, True)
    size, time = found["bytes"], found["milliseconds_a_row"]
    return {
        "difference": found["largest_difference"],
        "same_class": found.get("same_class"),
        "layers_removed": len(found["folded"]),
        "bytes_ratio": size["after"] / size["before"],
        "speedup": time["before"] / time["after"],
    }


def _unheard(text: str) -> None:
    """What `evaluate` says to a person is not for a table."""


_NAMED: dict[str, Callable[[RunDir], Figures]] = {
    "diagnose": _diagnose,
    "train_again": _train_again,
    "lr_find": _lr_find,
}
