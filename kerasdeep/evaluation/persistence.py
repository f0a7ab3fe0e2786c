"""Opponents of forecasts that learn (almost) nothing: the next values are as the last one, or as those a season ago."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Self

import numpy as np

Past = Callable[[np.ndarray], np.ndarray]
"""From encoded windows, flat or not, the target's own past as labels are encoded: (windows, length)."""


class AsLastTime:
    """Every step is the last value (the naive forecast)."""

    lag = 1

    def __init__(self, past: Past, season: int | str | None) -> None:
        self.past, self.season = past, season

    def fit(self, x: np.ndarray, y: np.ndarray, sample_weight: Any = None) -> Self:
        self.steps = np.arange(y.shape[1])
        return self

    def predict(self, x: np.ndarray) -> np.ndarray:
        return self.repeated(self.past(x), self.lag)

    def repeated(self, past: np.ndarray, lag: int) -> np.ndarray:
        """The last `lag` values over and over: (windows, steps)."""
        return past[:, past.shape[1] - lag + self.steps % lag]


class AsASeasonAgo(AsLastTime):
    """Every step is the value one season before it (the seasonal naive forecast).

    Where the season is not stated, it is the number of rows, up to a window's length, that errs least on the training
    windows. Raises ValueError where none errs less than the last value, and where there is to be no season.
    """

    def fit(self, x: np.ndarray, y: np.ndarray, sample_weight: Any = None) -> Self:
        super().fit(x, y)
        past = self.past(x)
        if not isinstance(self.season, str):
            if self.season is None or self.season > past.shape[1]:
                raise ValueError("no season fits into a window")
            self.lag = self.season
            return self
        errors = [np.abs(self.repeated(past, lag) - y).mean() for lag in range(1, past.shape[1] + 1)]
        self.lag = 1 + int(np.argmin(errors))
        if self.lag == 1:
            raise ValueError("no season is better than the last value")
        return self


PERSISTENCE: dict[str, type[AsLastTime]] = {"as last time": AsLastTime, "as a season ago": AsASeasonAgo}
