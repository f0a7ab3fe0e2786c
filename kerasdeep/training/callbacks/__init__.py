"""The callbacks of a run, one file each; the loop calls them in the order of the list that is built here."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import keras

from kerasdeep.experiment import Experiment
from kerasdeep.runs import RunDir
from kerasdeep.training import RunListener
from kerasdeep.training.callbacks.checkpoints import Checkpoints, load_states
from kerasdeep.training.callbacks.early_stopping import EarlyStopping
from kerasdeep.training.callbacks.freeze_check import FreezeCheck
from kerasdeep.training.callbacks.history import History
from kerasdeep.training.callbacks.layer_monitor import LayerMonitor
from kerasdeep.training.callbacks.listener import ListenerCallback
from kerasdeep.training.callbacks.monitor import check_monitors
from kerasdeep.training.callbacks.progress import NullProgress
from kerasdeep.training.callbacks.pruning import Pruning
from kerasdeep.training.callbacks.reduce_lr import ReduceLROnPlateau
from kerasdeep.training.callbacks.tensorboard import TensorBoard
from kerasdeep.training.phase import Callback, CompiledPhase, PhaseState

__all__ = ["RunContext", "build_callbacks", "build_phase_callbacks", "check_monitors", "load_states"]

PHASE_CALLBACKS: dict[str, Callable[[CompiledPhase], Callback | None]] = {
    "performance": ReduceLROnPlateau.for_phase,
    "early_stopping": EarlyStopping.for_phase,
    "pruning": Pruning.for_phase,  # after early stopping, which keeps the weights that it measured
    "freeze_check": FreezeCheck,
}
"""Callbacks with a state of their own in checkpoints, by its key; each is built where the phase asks for it."""


@dataclass(frozen=True)
class RunContext:
    """What callbacks need of an open run; `rows` is its history so far, which grows."""

    run: RunDir
    experiment: Experiment
    rows: list[dict[str, Any]]
    progress: NullProgress
    tensorboard: TensorBoard | None
    listener: RunListener | None = None


def build_phase_callbacks(phase: CompiledPhase) -> dict[str, Callback]:
    """The callbacks that need no run directory, by name."""
    built = {name: build(phase) for name, build in PHASE_CALLBACKS.items()}
    return {name: callback for name, callback in built.items() if callback is not None}


def build_callbacks(phase: PhaseState, context: RunContext, other_models: Sequence[keras.Model]) -> list[Callback]:
    """All callbacks of a phase, in the order in which they act; `other_models` go into its checkpoints."""
    run, rows, every = context.run, context.rows, context.experiment.config.training.checkpoint.every
    callbacks = [
        History(phase, run.history, rows),
        *phase.callbacks.values(),
        context.tensorboard,
        LayerMonitor.for_phase(phase, run, context.experiment, rows, context.tensorboard),
        context.progress,
        ListenerCallback(phase, context.listener) if context.listener else None,
        Checkpoints(phase, run.checkpoints, every, rows, other_models),
    ]
    return [callback for callback in callbacks if callback is not None]
