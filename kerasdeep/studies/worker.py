"""A process that trains one trial after the other and stays warm: `python -m kerasdeep.studies.worker`.

It is told what to do on its standard input and answers on its standard output, a JSON object a line; whatever
libraries print goes to standard error. `Channel` is the other side.

| told | does and answers |
|---|---|
| `{"cores": [0]}` | keeps to these cores |
| `{"trial": {…}, "out": "runs"}` | trains: `say`, `phase` and `epoch` on the way, then `end` or an error |
| `{"plan": {…}}` | `{"event": "plan", "memory_bytes": …}` |
| `{"go_on": true}` | the answer to an `epoch`; false prunes the run |

Whoever started it may die: it ends when its input does, and the run that it trains is saved first.
"""

from __future__ import annotations

import contextlib
import json
import os
import queue
import signal
import sys
import threading
import traceback
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, TextIO

from kerasdeep.errors import InputError, Interrupted, KerasdeepError, Pruned
from kerasdeep.studies.trial import Trial


class _Messages:
    """What comes in, read by a thread, so that the end of the input is noticed while a run trains."""

    def __init__(self, source: TextIO) -> None:
        self._queue: queue.Queue[dict[str, Any] | None] = queue.Queue()
        threading.Thread(target=self._read, args=(source,), daemon=True).start()

    def _read(self, source: TextIO) -> None:
        for line in source:
            self._queue.put(json.loads(line))
        self._queue.put(None)
        signal.raise_signal(signal.SIGINT)

    def next(self) -> dict[str, Any] | None:
        while True:
            with contextlib.suppress(queue.Empty):  # on Windows a wait without end hears no signal
                return self._queue.get(timeout=1.0)

    def __iter__(self) -> Iterator[dict[str, Any]]:
        return iter(self.next, None)


class _Reporter:
    """The `RunListener` that tells the other side."""

    def __init__(self, messages: _Messages, sink: TextIO) -> None:
        self._messages, self._sink = messages, sink

    def send(self, event: str, **content: Any) -> None:
        self._sink.write(json.dumps({"event": event, **content}) + "\n")
        self._sink.flush()

    def say(self, text: str) -> None:
        self.send("say", text=text)

    def on_phase_begin(self, first_epoch: int, epochs: int) -> None:
        self.send("phase", first_epoch=first_epoch, epochs=epochs)

    def on_epoch_end(self, row: dict[str, Any]) -> None:
        self.send("epoch", row=row)
        answer = self._messages.next()
        if answer is not None and not answer["go_on"]:
            raise Pruned("pruned by the study")


def main() -> None:
    sink = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    messages = _Messages(sys.stdin)
    reporter, data_hashes = _Reporter(messages, sink), dict[str, str]()
    with contextlib.suppress(KeyboardInterrupt, BrokenPipeError):  # asked to stop, or nobody listens any more
        for message in messages:
            _answer(message, reporter, data_hashes)


def _answer(message: Mapping[str, Any], reporter: _Reporter, data_hashes: dict[str, str]) -> None:
    try:
        if "cores" in message:
            os.sched_setaffinity(0, message["cores"])
        elif "plan" in message:
            from kerasdeep import training

            plan = training.plan(Trial.from_message(message["plan"]).loaded)
            reporter.send("plan", memory_bytes=plan["memory_bytes"])
        else:
            from kerasdeep.studies.run_trial import run_trial

            trial = Trial.from_message(message["trial"])
            end = run_trial(trial, Path(message["out"]), "listener", reporter, data_hashes)
            reporter.send("end", run=str(end.run.path), reused=end.reused)
    except Interrupted as error:
        reporter.send("interrupted", text=str(error))
    except InputError as error:
        reporter.send("input_error", problems=[problem.as_dict() for problem in error.problems])
    except KerasdeepError as error:
        reporter.send("failed", text=str(error))
    except (KeyboardInterrupt, BrokenPipeError):
        raise
    except Exception:
        reporter.send("bug", text=traceback.format_exc())


if __name__ == "__main__":
    main()
