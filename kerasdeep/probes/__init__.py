"""Looking inside without training: which learning rate (`lr_find`), and how signal and gradients fare."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kerasdeep import runtime

if TYPE_CHECKING:
    from collections.abc import Callable

    from kerasdeep.probes.diagnosing import Diagnosis
    from kerasdeep.probes.finding import Found
    from kerasdeep.run_dir import RunDir
    from kerasdeep.spec.load import Loaded

__all__ = ["diagnose", "lr_find"]


def lr_find(
    loaded: Loaded,
    lowest: float = 1e-5,
    highest: float = 10.0,
    steps: int | None = None,
    say: Callable[[str], None] | None = None,
    tell: Callable[[int, int], None] | None = None,
) -> Found:
    """Learning rates to try for what `loaded` describes, from a range test on its own network and data.

    The rate rises exponentially from `lowest` to `highest` in `steps` steps (where None: one epoch, but 100 to 500
    steps). `say` hears of slow data, `tell` of (steps done, all steps). Writes nothing. Raises
    InputError for data or a range that do not fit, RunFailed when no rate makes the loss fall.
    """
    runtime.prepare(loaded.spec.runtime, loaded.spec.seed)  # before anything imports Keras
    from kerasdeep.probes import finding

    return finding.find(loaded, lowest, highest, steps, say, tell)


def diagnose(loaded: Loaded, run: RunDir | None = None, say: Callable[[str], None] | None = None) -> Diagnosis:
    """How signal and gradients fare in each layer, what is wrong by name, and what helps.

    A new network is read at initialisation and after twenty real steps; that of `run` as it was saved, its history
    included (`loaded` is then its resolved configuration). Writes nothing. Raises InputError for data that do not
    fit the network.
    """
    runtime.prepare(loaded.spec.runtime, loaded.spec.seed)  # before anything imports Keras
    from kerasdeep.probes import diagnosing

    return diagnosing.diagnose(loaded, run, say)
