"""Ctrl-C and SIGTERM: the first asks, so that the run can be saved; the second aborts."""

from __future__ import annotations

import contextlib
import signal
import threading
from collections.abc import Callable, Iterator
from types import FrameType

SIGNALS = (signal.SIGINT, signal.SIGTERM)


class StopRequest:
    """Whether someone asked the run to stop."""

    def __init__(self) -> None:
        self.requested = False

    def __call__(self) -> bool:
        return self.requested


@contextlib.contextmanager
def handle_signals(say: Callable[[str], None]) -> Iterator[StopRequest]:
    """Turn signals into a request while the block runs. Only the main thread can; elsewhere nothing changes."""
    request = StopRequest()
    if threading.current_thread() is not threading.main_thread():
        yield request
        return

    def handle(number: int, frame: FrameType | None) -> None:
        if request.requested:
            raise KeyboardInterrupt
        request.requested = True
        say("Stopping; the run is being saved. Press Ctrl-C again to abort at once.")

    previous_handlers = {number: signal.signal(number, handle) for number in SIGNALS}
    try:
        yield request
    finally:
        for number, handler in previous_handlers.items():
            signal.signal(number, handler)
