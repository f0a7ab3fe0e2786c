"""Checks after a phase that frozen weights did not move and that every trained weight had its stated rate."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Sequence
from typing import Any

import keras

from kerasdeep.engine.checkpoint import STATE_PATH
from kerasdeep.errors import RunFailed
from kerasdeep.modeling import freezing
from kerasdeep.modeling.optimizer import last_learning_rate
from kerasdeep.modeling.param_groups import ParamGroup, group_counts, inner_optimizers
from kerasdeep.runs import checked
from kerasdeep.training.phase import Callback, CompiledPhase

_TOLERANCE = 1e-6


class FreezeCheck(Callback):
    """Digests the frozen tensors when a phase begins; raises RunFailed at its end where the check fails.

    `result` is what `check_phase` found, once the phase has ended.
    """

    def __init__(self, phase: CompiledPhase) -> None:
        self._phase, self._model = phase, phase.plan.objective.model
        self.digests = frozen_digests(self._model)
        self.result: dict[str, Any] | None = None

    def on_phase_end(self) -> None:
        phase = self._phase
        self.result = check_phase(self._model, phase.model.optimizer, self.digests, phase.param_groups)
        if not self.result["holds"]:
            raise RunFailed(failure_message(phase.name, self.result))

    def state_dict(self) -> dict[str, Any]:
        return {"frozen": self.digests} if self.digests else {}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        if "frozen" in state:
            self.digests = checked.parse(dict[str, str], state["frozen"], STATE_PATH)


def frozen_digests(model: keras.Model) -> dict[str, str]:
    """The SHA-256 of every frozen tensor's bytes, by path; batch norm's moving statistics are among them."""
    return {
        path: hashlib.sha256(keras.ops.convert_to_numpy(variable).tobytes()).hexdigest()
        for path, variable in freezing.frozen_variables(model).items()
    }


def check_phase(
    model: keras.Model,
    optimizer: keras.optimizers.Optimizer,
    digests_before: dict[str, str],
    groups: Sequence[ParamGroup],
) -> dict[str, Any]:
    """Compares frozen tensors with their digests from before the phase, and applied rates with those asked for.

    `holds` sums it up; `moved` lists frozen tensors that changed, `outside` variables that are not in exactly one
    group of the optimizer; each of `groups` has the factor that was asked for and the one of the last step.
    """
    digests_after = frozen_digests(model)
    trained = model.trainable_variables
    counts = group_counts(optimizer, trained)
    base = last_learning_rate(optimizer)
    group_rows = [_group_row(group, base) for group in groups]
    update_counts = {
        int(inner_optimizer.iterations) for inner_optimizer in inner_optimizers(optimizer) if inner_optimizer.built
    }
    moved = [path for path in digests_before if digests_before[path] != digests_after.get(path)]
    ungrouped = [variable.path for variable, times in zip(trained, counts, strict=True) if times != 1]
    rates_hold = all(math.isclose(row["applied"], row["factor"], rel_tol=_TOLERANCE) for row in group_rows)
    return {
        "holds": not moved and not ungrouped and rates_hold and len(update_counts) <= 1,
        "frozen": len(digests_before),
        "moved": moved,
        "trained": len(trained),
        "outside": ungrouped,
        "updates": max(update_counts, default=0),
        "groups": group_rows,
    }


def _group_row(group: ParamGroup, base: float) -> dict[str, Any]:
    rate = last_learning_rate(group.optimizer)
    # A schedule may end at a rate of zero, of which every multiple is zero.
    applied = rate / base if base else group.factor
    return {
        "layers": group.selector,
        "factor": group.factor,
        "applied": applied,
        "rate": rate,
        "variables": len(group.variables),
    }


def check_summary(phase_name: str, check_result: dict[str, Any]) -> str:
    """The check in one line, for the user."""
    clauses = [f"all {check_result['trained']} trained tensors are in exactly one group of the optimizer"]
    if check_result["frozen"]:
        clauses.insert(0, f"{check_result['frozen']} frozen tensors are bit for bit as before")
    if check_result["groups"]:
        shown = ", ".join(f"{row['layers']} × {row['applied']:.4g}" for row in check_result["groups"])
        clauses.append(f"rates applied: {shown}")
    return f"Checked after {phase_name}: {'; '.join(clauses)}."


def failure_message(phase_name: str, check_result: dict[str, Any]) -> str:
    """What did not hold, in one line."""
    clauses = []
    if check_result["moved"]:
        clauses.append(f"frozen tensors moved: {', '.join(check_result['moved'][:5])}")
    if check_result["outside"]:
        clauses.append(f"not in exactly one group of the optimizer: {', '.join(check_result['outside'][:5])}")
    if not clauses:
        clauses.append("the stated rates were not applied")
    return (
        f"The check after {phase_name} failed: {'; '.join(clauses)}. The stage did not do what the configuration says."
    )
