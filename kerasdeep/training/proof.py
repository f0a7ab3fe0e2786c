"""What is shown after a stage: frozen weights did not move, and every weight that learnt had the stated rate."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Sequence
from typing import Any

import keras

from kerasdeep.build import selection
from kerasdeep.build.groups import Group, inside, times_met
from kerasdeep.build.optimizer import applied_rate

Digests = dict[str, str]
_TOLERANCE = 1e-6


def digests(model: keras.Model) -> Digests:
    """The SHA-256 of every frozen tensor's bytes, by path; batch norm's moving statistics are among them."""
    return {
        path: hashlib.sha256(keras.ops.convert_to_numpy(variable).tobytes()).hexdigest()
        for path, variable in selection.frozen_tensors(model).items()
    }


def prove(
    model: keras.Model, optimizer: keras.optimizers.Optimizer, before: Digests, groups: Sequence[Group]
) -> dict[str, Any]:
    """Compares with the `digests` from before the stage, and the stage's optimizer with what was asked of it.

    `holds` sums it up; `moved` lists frozen tensors that changed, `outside` variables that are not in exactly one
    group of the optimizer, and each of `groups` says what factor was asked and what was applied at the last step.
    """
    now = digests(model)
    trained = model.trainable_variables
    met = times_met(optimizer, trained)
    base = applied_rate(optimizer)
    rows = [_group(group, base) for group in groups]
    updates = {int(one.iterations) for one in inside(optimizer) if one.built}
    moved = [path for path in before if before[path] != now.get(path)]
    outside = [variable.path for variable, times in zip(trained, met, strict=True) if times != 1]
    rates_hold = all(math.isclose(row["applied"], row["factor"], rel_tol=_TOLERANCE) for row in rows)
    return {
        "holds": not moved and not outside and rates_hold and len(updates) <= 1,
        "frozen": len(before),
        "moved": moved,
        "trained": len(trained),
        "outside": outside,
        "updates": max(updates, default=0),
        "groups": rows,
    }


def _group(group: Group, base: float) -> dict[str, Any]:
    rate = applied_rate(group.optimizer)
    # A schedule may end at a rate of zero, of which every multiple is zero.
    applied = rate / base if base else group.factor
    return {
        "layers": group.selector,
        "factor": group.factor,
        "applied": applied,
        "rate": rate,
        "variables": len(group.variables),
    }


def sentence(name: str, proof: dict[str, Any]) -> str:
    """The proof in one line, for the screen."""
    parts = [f"all {proof['trained']} tensors that learn are in exactly one group of the optimizer"]
    if proof["frozen"]:
        parts.insert(0, f"{proof['frozen']} frozen tensors are bit for bit as before")
    if proof["groups"]:
        shown = ", ".join(f"{row['layers']} × {row['applied']:.4g}" for row in proof["groups"])
        parts.append(f"rates applied: {shown}")
    return f"Checked after {name}: {'; '.join(parts)}."


def failure(name: str, proof: dict[str, Any]) -> str:
    """What did not hold, in one line."""
    parts = []
    if proof["moved"]:
        parts.append(f"frozen tensors moved: {', '.join(proof['moved'][:5])}")
    if proof["outside"]:
        parts.append(f"not in exactly one group of the optimizer: {', '.join(proof['outside'][:5])}")
    if not parts:
        parts.append("the stated rates were not applied")
    return f"The check after {name} failed: {'; '.join(parts)}. The stage did something else than it said."
