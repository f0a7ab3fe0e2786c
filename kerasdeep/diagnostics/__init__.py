"""Diagnostics without training: the learning rate range test and layer-by-layer signal statistics."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kerasdeep.backends import runtime

if TYPE_CHECKING:
    from collections.abc import Callable

    from kerasdeep.config.load import LoadedConfig
    from kerasdeep.diagnostics.diagnosis import Diagnosis
    from kerasdeep.diagnostics.lr_finder import LrFindResult
    from kerasdeep.runs import RunDir

__all__ = ["diagnose", "lr_find"]


def lr_find(
    loaded: LoadedConfig,
    lowest: float = 1e-5,
    highest: float = 10.0,
    steps: int | None = None,
    say: Callable[[str], None] | None = None,
    on_step: Callable[[int, int], None] | None = None,
    compare: bool = False,
) -> LrFindResult:
    """Learning rates to try for what `loaded` describes, from a range test on its own network and data.

    The rate rises exponentially from `lowest` to `highest` in `steps` steps (where None: one epoch, but 100 to 500
    steps). `say` gets sentences about slow data, `on_step` (steps done, all steps). `compare` also
    trains for a while at the rate in the file and at the suggested one (`rate_comparison`). Writes nothing. Raises
    InputError for data or a range that do not fit, RunFailed when no rate makes the loss fall.
    """
    context = runtime.prepare(loaded.config.runtime, loaded.config.seed)  # before anything imports Keras
    from kerasdeep.diagnostics import lr_finder

    return lr_finder.find_learning_rate(loaded, context, (lowest, highest), steps, say, on_step, compare)


def diagnose(loaded: LoadedConfig, run: RunDir | None = None, say: Callable[[str], None] | None = None) -> Diagnosis:
    """Statistics of signal and gradients in each layer, verdicts on what is wrong, and remedies.

    A new network is measured at initialization and after twenty real steps; that of `run` as it was saved, with its
    history (`loaded` is then its resolved configuration). Writes nothing. Raises InputError for data that do not
    fit the network.
    """
    context = runtime.prepare(loaded.config.runtime, loaded.config.seed)  # before anything imports Keras
    from kerasdeep.diagnostics import diagnosis

    return diagnosis.diagnose(loaded, context, run, say)
