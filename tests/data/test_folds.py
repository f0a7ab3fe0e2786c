"""Folds: disjoint, covering, and by class, group or time."""

import numpy as np
import pytest

from kerasdeep.config.sections.data import DataConfig, SplitConfig
from kerasdeep.data.splitters import RowKeys, split_rows
from kerasdeep.errors import Problems

ROWS = 240


def folds(n, keys, problems=None, **settings):
    problems = problems or Problems()
    found = []
    for k in range(1, n + 1):
        section = DataConfig(source="x", validation=SplitConfig(fold=[k, n]), **settings)
        configs = {"validation": section.validation, "test": SplitConfig(count=40)}
        found.append(split_rows(section, configs, ROWS, np.ones(ROWS, bool), keys, problems))
    return found


@pytest.fixture
def keys():
    random = np.random.default_rng(3)
    return RowKeys(
        random.choice(3, ROWS, p=[0.6, 0.3, 0.1]), random.integers(0, 23, ROWS), random.integers(0, 60, ROWS)
    )


def test_every_row_but_the_test_rows_is_held_out_once_and_classes_keep_their_shares(keys):
    parts = folds(5, keys)
    assert all(np.array_equal(part.test, parts[0].test) for part in parts)
    held_out = np.concatenate([part.validation for part in parts])
    assert sorted([*held_out, *parts[0].test]) == list(range(ROWS))
    for part in parts:
        assert not set(part.train) & set(part.validation) and len(part.train) + len(part.validation) == 200
        shares = np.bincount(keys.strata[part.validation], minlength=3) / 40
        np.testing.assert_allclose(shares, np.bincount(keys.strata[held_out]) / 200, atol=0.03)


def test_groups_stay_whole(keys):
    parts = folds(4, keys, group="customer")
    for part in parts:
        assert not set(keys.group[part.train]) & set(keys.group[part.validation])
    held_out = [row for part in parts for row in part.validation]
    assert len(held_out) == len(set(held_out)) == ROWS - len(parts[0].test)


def test_by_time_only_earlier_rows_are_learned_from(keys):
    parts = folds(4, keys, time="day")
    ends = []
    for part in parts:
        assert len(part.validation) and keys.time[part.train].max() < keys.time[part.validation].min()
        ends.append(keys.time[part.validation].max())
    assert ends == sorted(set(ends)) and min(len(part.validation) for part in parts) >= 20


def test_too_few_groups_are_an_error(keys):
    problems = Problems()
    folds(30, keys, problems, group="customer")
    assert "cannot be held out in 30 folds by group" in problems.errors[0].message
