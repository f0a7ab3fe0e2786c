"""How good a finished run is, measured anew: on the rows it held out itself, or on a labelled file."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import numpy as np
from sklearn.metrics import accuracy_score

from kerasdeep import build, data
from kerasdeep.build.batches import for_keras
from kerasdeep.build.compile import has_penalties, units_of
from kerasdeep.data import apply, apply_target, read_raw
from kerasdeep.extras import DataLoss
from kerasdeep.inference import monte_carlo
from kerasdeep.inference.answering import outputs
from kerasdeep.inference.opening import Trained
from kerasdeep.measuring import baseline, evaluation
from kerasdeep.measuring.evaluation import PREFIX, Answers
from kerasdeep.measuring.probabilities import CERTAIN, most_certain
from kerasdeep.run_dir import plain

Say = Callable[[str], None]


def evaluate(trained: Trained, source: str | None, samples: int | None, say: Say) -> dict[str, Any]:
    """`result.json`'s object with metrics, baseline and intervals measured now, and `evaluation`, the fact.

    Without `source` the run's own held-out parts are measured; a labelled `source` counts as a test part. With
    `samples`, `mc` holds the same once more from the mean of that many random copies. Raises InputError for
    labels that are missing or unknown.
    """
    parts = _held_out(trained, say) if source is None else {"test": _given(trained, source, say)}
    guesses = baseline.recorded(trained.run.read_fact("data"))
    said = {name: outputs(trained.model, x) for name, (x, _) in parts.items()}
    measured = _measured(trained, parts, said, guesses, None)
    measured["metrics"] = by_keras(trained, parts) | measured["metrics"]
    result = trained.run.read_result() | measured
    if samples is None:
        return result
    moments = {
        name: monte_carlo.sample(trained.model, x, samples, trained.spec.seed) for name, (x, _) in parts.items()
    }
    means = {name: {head: one.mean for head, one in of.items()} for name, of in moments.items()}
    return result | {"mc": {"samples": samples, **_measured(trained, parts, means, guesses, moments)}}


def _held_out(trained: Trained, say: Say) -> dict[str, tuple[Any, Any]]:
    """The run's own test and validation rows, as training cut them; the training rows where it has neither."""
    section = trained.spec.data
    dataset = data.load(section, trained.spec.task, say=say)
    recorded = (trained.run.read_fact("data") or {}).get("hash")
    if recorded and recorded != dataset.hash:
        say("The data is not what the run was trained on any more; the figures are those of today's rows.")
    parts = {name: part for name, part in dataset.parts.items() if name != "train"} or {"train": dataset.train}
    return {name: (part.x, part.y) for name, part in parts.items()}


def _given(trained: Trained, source: str, say: Say) -> tuple[Any, Any]:
    raw = read_raw(trained.preprocessing, source, labels=True)
    for warning in raw.warnings:
        say(str(warning))
    return apply(trained.preprocessing, raw.x), apply_target(trained.preprocessing, raw.y)


def by_keras(trained: Trained, parts: dict[str, tuple[Any, Any]]) -> dict[str, float]:
    """The losses, and the metrics that the configuration asks for, by the names that training gives them."""
    model, spec, rules = trained.model, trained.spec, trained.preprocessing
    described = SimpleNamespace(heads=rules.heads, preprocessing=rules)
    heads = build.heads_of(described)
    loss = build.losses(spec.loss, heads, spec.regularization.label_smoothing)
    apart = has_penalties(model) and len(heads) == 1
    metrics = build.metrics(spec.metrics, heads, units_of(described))
    model.compile(loss=loss, metrics=metrics, weighted_metrics=[DataLoss(loss)] if apart else None)
    found = {}
    for name, (x, y) in parts.items():
        logs = model.evaluate(**for_keras(model, x, y), return_dict=True, verbose=0)
        logs["data_loss"] = build.data_loss(logs, heads)
        for key, value in logs.items():
            values = np.ravel(value)
            names = [key] if len(values) == 1 else [f"{key}_{place}" for place in range(len(values))]
            found |= {PREFIX[name] + key: float(one) for key, one in zip(names, values, strict=True)}
    return found


def _measured(
    trained: Trained,
    parts: dict[str, tuple[Any, Any]],
    said: dict[str, dict[str, np.ndarray]],
    guesses: dict[str, float],
    moments: dict[str, dict[str, monte_carlo.Moments]] | None,
) -> dict[str, Any]:
    rules, found = trained.preprocessing, {}
    for name, (_, y) in parts.items():
        outputs = said[name] if len(rules.heads) > 1 else next(iter(said[name].values()))
        judged = evaluation.answers_of(rules, y, outputs, guesses)
        found[name] = evaluation.measure(judged, rules)
        for target, answer in zip(found[name]["targets"], judged, strict=True):
            if moments:
                target["most_certain"] = _certain(answer, moments[name], rules)
    kinds = ("metrics", "baseline", "intervals")
    return {**{kind: evaluation.flat(found, kind) for kind in kinds}, "evaluation": plain({"parts": found})}


def _certain(answer: Answers, moments: dict[str, monte_carlo.Moments], rules: Any) -> dict[str, float]:
    """How good the answers are on the rows of least uncertainty: predictive entropy, or the number's deviation."""
    names = [rule.name for rule in rules.targets]
    single = len(rules.heads) == 1
    spread = next(iter(moments.values())) if single else moments[answer.target.name]
    if answer.confidence is None:
        kept = most_certain(spread.std[:, names.index(answer.target.name) if single else 0])
        error = np.abs(answer.predicted - answer.actual)[kept].mean()
        return {"share": CERTAIN, "mean_absolute_error": float(error)}
    kept = most_certain(spread.predictive_entropy)
    return {"share": CERTAIN, "accuracy": float(accuracy_score(answer.actual[kept], answer.predicted[kept]))}
