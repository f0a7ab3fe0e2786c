"""When something is due, and which run an error has ended."""

from pathlib import Path

import pytest

from kerasdeep.catalog.types import Duration
from kerasdeep.errors import RunFailed
from kerasdeep.runs import RunDir
from kerasdeep.training import failures
from kerasdeep.training.callbacks.interval import Interval


def test_steps_are_counted_from_the_start_of_the_phase():
    interval = Interval(Duration(3, "steps"), steps_per_epoch=4, total_steps=8)
    assert [step for step in range(1, 9) if interval.is_due(step)] == [3, 6]
    assert interval.steps_until_due(4) == 2
    assert interval.is_due(8, since=4) and not interval.is_due(5, since=4)


def test_minutes_are_counted_from_the_last_reset(monkeypatch):
    clock = [100.0]
    monkeypatch.setattr("time.monotonic", lambda: clock[0])
    interval = Interval(Duration(2, "minutes"), steps_per_epoch=4, total_steps=8)
    assert interval.steps_until_due(4) is None and not interval.is_due(4)
    clock[0] += 120
    assert interval.is_due(4)
    interval.reset()
    assert not interval.is_due(4)


def test_an_error_knows_the_run_that_it_ended_also_through_its_cause():
    run, inner = RunDir(Path("runs/one-1")), OSError("full")
    failures.attach_run(inner, run)
    with pytest.raises(RunFailed) as caught:
        raise RunFailed("no space") from inner
    assert failures.failed_run(caught.value) == run
    assert failures.failed_run(RunFailed("before there was a run")) is None
