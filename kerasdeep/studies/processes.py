"""Local worker processes: started once, kept warm, replaced where they die."""

from __future__ import annotations

import contextlib
import json
import os
import queue
import signal
import subprocess
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping
from pathlib import Path
from types import TracebackType
from typing import IO, Any

from kerasdeep.backends.system import python_command, usable_core_numbers
from kerasdeep.data.hardware import gpu_numbers
from kerasdeep.errors import InputError, Interrupted, Problem, RunFailed, SourceLocation
from kerasdeep.runs import RunDir
from kerasdeep.studies.board import Board
from kerasdeep.studies.executors import TrialHost
from kerasdeep.studies.run_trial import TrialEnd
from kerasdeep.studies.trial import Trial
from kerasdeep.training import interrupt

WORKER = ("-m", "kerasdeep.studies.worker")
MAX_DEATHS = 4
"""A trial whose process dies so often fails; from the second death on, one process fewer runs, for want of memory."""
SECONDS_TO_SAVE = 0.8
"""What interrupted processes get to save their runs. A checkpoint is there anyway, and goes on to the same bits."""


def run_in_processes(host: TrialHost, jobs: int, board: Board) -> None:
    """The trials of `host` in `jobs` processes; see `executors.Executor`."""
    with interrupt.handle_signals(lambda text: None) as stop, _Pool(jobs) as pool:
        while True:
            while pool.has_room and (trial := pool.waiting_trial() or host.next_trial()) is not None:
                pool.start(trial, host.out)
                board.begin(trial)
            if not pool.running:
                return
            if stop():
                raise Interrupted
            event = pool.next_event(timeout=0.2)
            if event is not None:
                _handle(*event, host, pool, board)


def plan_in_process(trial: Trial) -> int:
    """The bytes that a trial's plan says it takes."""
    with _Pool(1) as pool:
        pool.tell(trial, {"plan": trial.as_message()})
        while (event := pool.next_event(timeout=1.0)) is None:
            pass
        worker, message = event
        if message is not None and message["event"] == "plan":
            return int(message["memory_bytes"])
        raise _as_error(worker, message, trial)


def _handle(worker: _Worker, message: Mapping[str, Any] | None, host: TrialHost, pool: _Pool, board: Board) -> None:
    trial = worker.trial
    if trial is None:  # the process was stopped, or died, between two trials
        pool.discard(worker)
        return
    event = None if message is None else message["event"]
    if message is None:
        pool.discard(worker)
        pool.deaths[trial.label] += 1
        if pool.deaths[trial.label] >= MAX_DEATHS:
            raise _as_error(worker, None, trial)
        pool.put_back(trial)
        board.say(f"{trial.label}: its process died ({worker.exit_text()}); another process continues it")
    elif event == "say":
        board.say_once(trial, message["text"])
    elif event == "phase":
        board.phase(trial, message["first_epoch"], message["epochs"])
    elif event == "epoch":
        board.epoch(trial, message["row"])
        worker.tell({"go_on": host.on_epoch(trial, message["row"])})
    elif event == "end":
        worker.trial = None
        end = TrialEnd(RunDir(Path(message["run"])), message["reused"])
        host.on_end(trial, end)
        board.end(trial, end)
    else:
        raise _as_error(worker, message, trial)


def _as_error(worker: _Worker, message: Mapping[str, Any] | None, trial: Trial) -> Exception:
    if message is None:
        return RunFailed(f"{trial.label}: its process died ({worker.exit_text()}).{worker.last_words()}")
    if message["event"] == "input_error":
        return InputError([_as_problem(problem) for problem in message["problems"]])
    errors: dict[str, Callable[[str], Exception]] = {"interrupted": Interrupted, "failed": RunFailed}
    return errors.get(message["event"], RuntimeError)(f"{trial.label}: {message['text']}")


def _as_problem(item: Mapping[str, Any]) -> Problem:
    location = SourceLocation(item["file"] or "", item["line"] or 0, item["column"] or 0)
    return Problem(
        item["severity"], item["name"], item["message"], location if item["file"] else None, item["suggestion"]
    )


Event = tuple["_Worker", Mapping[str, Any] | None]
"""Who says what; None when the process has ended."""


class _Worker:
    """A process on `slot`, for trials that need the same `machine`."""

    def __init__(self, slot: int, machine: tuple[Any, ...], events: queue.Queue[Event]) -> None:
        self.slot, self.machine = slot, machine
        self.trial: Trial | None = None
        self._errors: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115  for as long as the process lives
        self._process = subprocess.Popen(
            python_command(*WORKER),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            env={**os.environ, **_environment(slot)},
            start_new_session=True,  # Ctrl-C reaches this process alone, which passes it on once
            encoding="utf-8",
        )
        threading.Thread(target=self._listen, args=(events,), daemon=True).start()

    def _listen(self, events: queue.Queue[Event]) -> None:
        assert self._process.stdout
        for line in self._process.stdout:
            events.put((self, json.loads(line)))
        self._process.wait()
        events.put((self, None))

    def tell(self, message: Mapping[str, Any]) -> None:
        assert self._process.stdin
        try:
            self._process.stdin.write(json.dumps(message) + "\n")
            self._process.stdin.flush()
        except (OSError, ValueError):  # it has died, which its other end says as well, or its input is closed
            pass

    def interrupt(self) -> None:
        """It saves and ends, at a signal or, on Windows, which has none for it, at the end of its input."""
        if self._process.poll() is not None:
            return
        if os.name == "nt":
            assert self._process.stdin
            with contextlib.suppress(OSError):
                self._process.stdin.close()
        else:
            self._process.send_signal(signal.SIGINT)

    def end(self) -> None:
        self._process.kill()
        self._process.wait()

    def exit_text(self) -> str:
        code = self._process.poll() or 0
        return f"signal {signal.Signals(-code).name}" if code < 0 else f"exit code {code}"

    def last_words(self) -> str:
        self._errors.seek(0)
        lines = self._errors.read().decode("utf-8", "replace").strip().splitlines()
        return " It last printed: " + " / ".join(lines[-3:]) if lines else ""


def _environment(slot: int) -> dict[str, str]:
    cards = gpu_numbers()
    if not cards:
        return {}
    # Where processes share a card, none of them may take its memory in advance.
    return {"CUDA_VISIBLE_DEVICES": cards[slot % len(cards)], "XLA_PYTHON_CLIENT_PREALLOCATE": "false"}


class _Pool:
    """Up to `jobs` workers. `deaths` counts those of a trial's processes, by its label."""

    def __init__(self, jobs: int) -> None:
        self._jobs = jobs
        self._events: queue.Queue[Event] = queue.Queue()
        self._workers: list[_Worker] = []
        self._waiting: list[Trial] = []
        self.deaths: Counter[str] = Counter()

    def __enter__(self) -> _Pool:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        for worker in self._workers:
            worker.interrupt()
        self._wait_until_saved(time.monotonic() + SECONDS_TO_SAVE)
        for worker in self._workers:
            worker.end()

    def _wait_until_saved(self, deadline: float) -> None:
        """Until every busy process has said how its trial ended: what leaving takes after that, nobody needs."""
        saving = set(self.running)
        while saving and (event := self.next_event(max(0.0, deadline - time.monotonic()))) is not None:
            worker, message = event
            if message is None or message["event"] not in ("say", "phase", "epoch"):
                saving.discard(worker)
            elif message["event"] == "epoch":  # it waits for the answer before it looks up
                worker.tell({"go_on": True})

    @property
    def running(self) -> list[_Worker]:
        return [worker for worker in self._workers if worker.trial is not None]

    @property
    def has_room(self) -> bool:
        return len(self.running) < self._jobs

    def waiting_trial(self) -> Trial | None:
        """A trial whose process has died."""
        return self._waiting.pop(0) if self._waiting else None

    def put_back(self, trial: Trial) -> None:
        self._waiting.append(trial)
        if self.deaths[trial.label] > 1:
            self._jobs = max(1, self._jobs - 1)

    def start(self, trial: Trial, out: Path) -> None:
        self.tell(trial, {"trial": trial.as_message(), "out": str(out)})

    def tell(self, trial: Trial, message: Mapping[str, Any]) -> None:
        """Give a trial to an idle process: to one that runs on what it needs, or else to a new one."""
        section = trial.loaded.config.runtime
        machine = (section.backend, section.device, section.threads, section.distribution)
        idle = [worker for worker in self._workers if worker.trial is None]
        worker = next((worker for worker in idle if worker.machine == machine), None)
        if worker is None:
            if len(self._workers) >= self._jobs and idle:
                idle[0].interrupt()
                self.discard(idle[0])
            taken = {worker.slot for worker in self._workers}
            slot = next(number for number in range(len(taken) + 1) if number not in taken)
            worker = _Worker(slot, machine, self._events)
            self._workers.append(worker)
            if section.backend == "jax" and section.threads != "auto" and hasattr(os, "sched_setaffinity"):
                worker.tell({"cores": _cores_of(slot, int(section.threads))})
        worker.trial = trial
        worker.tell(message)

    def discard(self, worker: _Worker) -> None:
        if worker in self._workers:
            self._workers.remove(worker)

    def next_event(self, timeout: float) -> Event | None:
        try:
            return self._events.get(timeout=timeout)
        except queue.Empty:
            return None


def _cores_of(slot: int, threads: int) -> list[int]:
    """JAX has as many threads as its process has cores: each gets its own, as far as they go."""
    cores = usable_core_numbers()
    return [cores[(slot * threads + number) % len(cores)] for number in range(min(threads, len(cores)))]
