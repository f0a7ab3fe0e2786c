"""When something is due that the configuration asks for every so many steps, epochs or minutes."""

from __future__ import annotations

import math
import time

from kerasdeep.catalog.types import Duration


class Interval:
    """`duration` in a phase: steps are counted from the phase's start, minutes from the last `reset`."""

    def __init__(self, duration: Duration, steps_per_epoch: int, total_steps: int) -> None:
        minutes = duration.unit == "minutes"
        self._steps = None if minutes else duration.steps(steps_per_epoch, total_steps)
        self._seconds = duration.amount * 60 if minutes else math.inf
        self.reset()

    def reset(self) -> None:
        """Count the minutes from now on."""
        self._last = time.monotonic()

    def steps_until_due(self, steps_done: int) -> int | None:
        """Steps until it is due; None where minutes count."""
        return self._steps and self._steps - steps_done % self._steps

    def is_due(self, steps_done: int, since: int | None = None) -> bool:
        """Whether it fell due after `since` steps (where None: at this very step)."""
        if self._steps is None:
            return time.monotonic() - self._last >= self._seconds
        return steps_done // self._steps > (steps_done - 1 if since is None else since) // self._steps
