"""Which of many cases run by default: the others are `slow`, and run by `pytest -m slow`."""

from collections.abc import Collection, Iterable
from typing import Any

import pytest


def sampled(names: Iterable[str], always: Collection[str] = (), every: int = 0) -> list[Any]:
    """A parameter for each name; those in `always`, and each `every`-th, are not `slow`."""
    return [
        pytest.param(name, marks=() if name in always or (every and number % every == 0) else pytest.mark.slow)
        for number, name in enumerate(sorted(names))
    ]
