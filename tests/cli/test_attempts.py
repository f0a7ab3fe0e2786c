"""Damaged files, odd words and options given to every verb: each attempt ends as documented, and soon.

With 0 or 2, or with 1 where a run may fail; with JSON where that was asked for; without a traceback; within ten seconds
of CPU time and a gigabyte more than before.
"""

import pytest
from helpers import attempts

UNTRAINED = ("validate", "explain", "init", "plan", "runs", "recipes copy")


def check(folder, seed, count, only=()):
    attempts.workspace(folder / "whole", trained=not only)
    for one in attempts.attempts(folder / "whole", folder / "place", seed, count, only):
        assert not one.defect, f"{one.defect}: {one.words}, {one.damage}\n{one.log}"


def test_every_verb_is_known():
    assert {"recipes copy", *UNTRAINED, *attempts.MAY_FAIL, *attempts.GIVEN} <= set(attempts.verbs())


def test_verbs_that_need_no_run(tmp_path):
    check(tmp_path, seed=20, count=36, only=UNTRAINED)


@pytest.mark.slow
def test_every_verb(tmp_path):
    check(tmp_path, seed=21, count=80)


@pytest.mark.fuzz
@pytest.mark.parametrize("seed", range(40))
def test_every_verb_many_times(tmp_path, seed):
    check(tmp_path, seed, count=200)
