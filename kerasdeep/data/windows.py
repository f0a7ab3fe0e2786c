"""Rows in the order of time, cut into windows: what the network sees of a series, and the values that follow.

A window is `length` rows of one group, one after another in time; its labels are the target's values in the next
`horizon` rows. It belongs to the part that holds all rows of its labels, and to none where they lie in several, so that
no row is a label in two parts. What it sees may be older than its part, never newer. Windows are gathered when they are
asked for: they share the encoded rows, of which they keep one copy.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from kerasdeep.config.sections.data import DataConfig
from kerasdeep.data import row_roles
from kerasdeep.data.lazy_rows import LazyRows
from kerasdeep.data.preprocessing import TableTransform
from kerasdeep.data.splitters import stratified_sample
from kerasdeep.data.targets import TargetEncoder
from kerasdeep.data.types import RawSplit, StreamingDecision, take_rows
from kerasdeep.errors import InputError, Problems, SourceLocation

if TYPE_CHECKING:
    import keras
    import pandas as pd

    from kerasdeep.data.column_store import ColumnStore

MAX_GAP = 1.5
"""Times the median step between rows, beyond which rows seem to be missing."""
LAZY = StreamingDecision(True, "windows are cut from their rows when they are needed")


@dataclass(frozen=True, slots=True)
class Window:
    """How windows are cut, in rows; the columns of the time and of the group; after how many rows a season repeats."""

    length: int
    horizon: int
    stride: int
    time: str
    group: str | None = None
    season: int | str | None = "auto"

    def __post_init__(self) -> None:
        if min(self.length, self.horizon, self.stride) < 1 or max(self.length, self.horizon) > 1 << 16:
            raise ValueError("should have a window of 1 to 65536 rows")

    @classmethod
    def of(cls, section: DataConfig) -> Window | None:
        window = section.window
        if window is None or section.time is None:
            return None
        return cls(window.length, window.horizon, window.stride, section.time, section.group, window.season)


@dataclass(frozen=True)
class Series:
    """The order of rows by group and time, and where in this order each group begins, and where the last ends."""

    order: np.ndarray
    bounds: np.ndarray

    @classmethod
    def of(cls, split: RawSplit, window: Window, problems: Problems, location: SourceLocation | None) -> Series:
        """Says where rows are not in order, or seem to be missing. Raises InputError for two rows of one time."""
        import pandas as pd

        roles = split.roles
        times = roles["time"]
        groups = pd.factorize(roles["group"])[0] if "group" in roles else np.zeros(len(times), int)
        order = np.lexsort((times, groups))
        same_group = np.diff(groups[order]) == 0
        steps = np.diff(times[order])
        if (twice := np.flatnonzero(same_group & (steps == 0))).size:
            first, second = order[twice[0] : twice[0] + 2].tolist()
            rows = " and ".join(map(str, sorted(split.rows[[first, second]].tolist())))
            message = f"'{window.time}' is the same in rows {rows}"
            message += f" of the group '{roles['group'][first]}'" if "group" in roles else ""
            more = f" ({twice.size} such pairs)" if twice.size > 1 else ""
            hint = "" if "group" in roles else ", or `data.group`: the column that tells several series apart"
            raise InputError(f"{message}{more}. Expected one row at each time{hint}.", "duplicate-time", location)
        if (same_group & (np.diff(order) < 0)).any():
            message = f"The rows are not in the order of '{window.time}'; they are put in it."
            problems.warn("unsorted-rows", message, location)
        steps = steps[same_group]
        if steps.size and (gaps := int((steps > MAX_GAP * np.median(steps)).sum())):
            message = f"Between {gaps} of {steps.size} pairs of rows '{window.time}' goes on by more than {MAX_GAP:g} "
            message += "usual steps; windows run over these gaps as if no row were missing."
            problems.warn("gaps-in-time", message, location)
        return cls(order, np.concatenate([[0], np.flatnonzero(~same_group) + 1, [len(order)]]))

    def require_rows(self, rows: int, what: str, problems: Problems, location: SourceLocation | None) -> None:
        """Says how many groups have fewer rows. Raises InputError where all have."""
        sizes = np.diff(self.bounds)
        short = int((sizes < rows).sum())
        if short == len(sizes):
            whose = "The longest group has" if short > 1 else "There are"
            message = f"{whose} {sizes.max()} rows, and a window takes {rows} ({what}). "
            raise InputError(f"{message}Expected a shorter window, or more rows.", "short-groups", location)
        if short:
            message = f"{short} of {len(sizes)} groups have fewer than {rows} rows ({what}) and are left out."
            problems.warn("short-groups", message, location)

    def starts(self, rows: int, stride: int) -> np.ndarray:
        """Where in the order windows of so many rows begin, `stride` apart in each group."""
        return np.concatenate([np.arange(start, end - rows + 1, stride) for start, end in pairwise(self.bounds)])

    def latest(self, rows: int) -> np.ndarray:
        """Where in the order the last so many rows of each group begin."""
        return self.bounds[1:][np.diff(self.bounds) >= rows] - rows


@dataclass(frozen=True)
class WindowedRows:
    """Windows over the rows of a table: window i is rows `starts[i]` … `starts[i] + length − 1`.

    Like a table it has `columns`, and `rows[name]` is a column of the rows.
    """

    table: pd.DataFrame | ColumnStore
    starts: np.ndarray
    length: int

    def __len__(self) -> int:
        return len(self.starts)

    def __getitem__(self, name: str) -> Any:
        return self.table[name]

    @property
    def columns(self) -> list[str]:
        return list(self.table.columns)

    def take_rows(self, selection: slice | np.ndarray) -> WindowedRows:
        return replace(self, starts=self.starts[selection])


class GatheredWindows:
    """A source of rows (`lazy_rows.RowSource`): window i of `rows`, an array or rows on demand, begins at row i."""

    def __init__(self, rows: Any, length: int) -> None:
        self._rows, self._length = rows, length
        self.shape = (max(0, len(rows) - length + 1), length, *rows.shape[1:])
        self.dtype, self.ndim, self.size = rows.dtype, len(self.shape), int(np.prod(self.shape))
        self.nbytes = rows.nbytes

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, starts: np.ndarray) -> np.ndarray:
        numbers = np.asarray(starts)[:, None] + np.arange(self._length)
        return np.asarray(self._rows[numbers.reshape(-1)]).reshape(len(numbers), *self.shape[1:])


@dataclass(frozen=True)
class WindowTransform(TableTransform):
    """A table's columns, `length` rows of them one after another: (length, features)."""

    window: Window

    @property
    def shape(self) -> tuple[int, ...]:
        return (self.window.length, *super().shape)

    @cached_property
    def table_transform(self) -> TableTransform:
        """What encodes the rows themselves, (rows, features)."""
        return TableTransform(self.encoders)

    def gather(self, rows: Any, raw: WindowedRows) -> LazyRows:
        """The windows of encoded rows, cut when they are asked for."""
        return LazyRows(GatheredWindows(rows, raw.length), raw.starts)

    def apply(self, raw: WindowedRows) -> Any:
        return self.gather(self.table_transform.apply(raw.table), raw)

    def invert(self, x: np.ndarray) -> dict[str, Any]:
        """The last row of a window by column."""
        return self.table_transform.invert(x[-1])

    @property
    def serving_shape(self) -> tuple[int, ...]:
        return (self.window.length, *super().serving_shape)

    def serving_values(self, raw: WindowedRows) -> np.ndarray:
        return self.gather(self.table_transform.serving_values(raw.table), raw)[:]

    def serving_signature(self) -> dict[str, Any]:
        order = f"the last {self.window.length} rows of a series, the oldest first"
        return {**super().serving_signature(), "window": asdict(self.window), "rows": order}

    def apply_with_keras(self, raw: keras.KerasTensor) -> keras.KerasTensor:
        from keras import ops

        rows = self.table_transform.apply_with_keras(ops.reshape(raw, (-1, raw.shape[-1])))
        return ops.reshape(rows, (-1, *self.shape))


def cut_windows(
    split: RawSplit,
    window: Window,
    parts: dict[str, np.ndarray | None],
    problems: Problems,
    location: SourceLocation | None,
    by_group: bool = False,
) -> dict[str, RawSplit]:
    """The windows of each part, with a label for each step, (windows, horizon).

    `parts` has the numbers of their rows in `split`; None is all of them. Roles are the time of the first label and,
    with `by_group`, the group. Raises InputError where a time stands twice in a group, or no group is long enough.
    """
    series = Series.of(split, window, problems, location)
    rows = window.length + window.horizon
    series.require_rows(rows, "length + horizon", problems, location)
    every_start, cut = series.starts(rows, window.stride), {}
    for name, part in parts.items():
        starts = every_start
        if part is not None:
            inside = np.zeros(len(split), bool)
            inside[part] = True
            before = np.concatenate([[0], inside[series.order].cumsum()])
            starts = starts[before[starts + rows] - before[starts + window.length] == window.horizon]
        labels = series.order[starts[:, None] + np.arange(window.length, rows)]
        y = {target: values[labels] for target, values in split.y.items()}
        roles = {role: values[labels[:, 0]] for role, values in split.roles.items() if role == "time" or by_group}
        cut[name] = replace(_windowed(split, series, starts, window.length), y=y, roles=roles)
    return cut


def cut_parts(
    own_rows: dict[str, RawSplit],
    train: RawSplit,
    parts: dict[str, np.ndarray],
    window: Window,
    section: DataConfig,
    problems: Problems,
) -> dict[str, RawSplit]:
    """The windows of every part: of those that have `own_rows`, and of those that have some of the rows of `train`."""
    by_group = any(split and section.splitter(split) == "group" for split in (section.validation, section.test))
    cut = cut_windows(train, window, {**parts}, problems, section.location_or_key("window"), by_group)
    for name, rows in own_rows.items():
        cut |= cut_windows(rows, window, {name: None}, problems, section.location_or_key(name), by_group)
    if section.limit and section.limit < len(cut["train"]):
        every = np.arange(len(cut["train"]))
        cut["train"] = cut["train"].take(stratified_sample(every, section.limit, None, section.seed)[0])
    return cut


def latest_windows(split: RawSplit, window: Window, problems: Problems, location: SourceLocation | None) -> RawSplit:
    """The last window of each group: what a forecast of rows to come is made from."""
    series = Series.of(split, window, problems, location)
    series.require_rows(window.length, "length", problems, location)
    return _windowed(split, series, series.latest(window.length), window.length)


def _windowed(split: RawSplit, series: Series, starts: np.ndarray, length: int) -> RawSplit:
    """Windows over those rows alone that some window sees; a window's number is that of its last row."""
    steps = np.zeros(len(series.order) + 1, int)
    np.add.at(steps, starts, 1)
    np.add.at(steps, starts + length, -1)
    seen = steps.cumsum()[:-1] > 0
    numbers = np.concatenate([[0], seen.cumsum()])
    table = take_rows(split.x, series.order[seen])
    last = split.rows[series.order[starts + length - 1]]
    return RawSplit(WindowedRows(table, numbers[starts], length), {}, last, {})


def past_values(transform: WindowTransform, target: TargetEncoder) -> Callable[[np.ndarray], np.ndarray]:
    """What gives a target's own past in encoded windows, flat or not, as labels are encoded: (windows, length).

    Raises ValueError where it is no feature.
    """
    from kerasdeep.data.encoders.number import NumberEncoder

    feature = transform.feature_names.index(target.name)
    encoder = next(encoder for encoder in transform.encoders if encoder.name == target.name)
    if not isinstance(encoder, NumberEncoder):
        raise ValueError(f"'{target.name}' is encoded as no number")
    scale, offset = encoder.scale / target.scale, (encoder.offset - target.center) / target.scale
    return lambda x: x.reshape(-1, *transform.shape)[..., feature].astype(np.float64) * scale + offset


def with_roles(split: RawSplit, frame: pd.DataFrame, window: Window, location: SourceLocation | None) -> RawSplit:
    """Rows to predict with their times and groups. Raises InputError where a column of these is missing or broken."""
    section = DataConfig(source="", time=window.time, group=window.group, locations={"": location} if location else {})
    absent = [name for name in (window.time, window.group) if name is not None and name not in frame.columns]
    if absent:
        message = f"The data has no column '{absent[0]}', by which windows are cut. It has: {', '.join(frame.columns)}."
        raise InputError(message, "missing-column", location)
    problems = Problems()
    roles = row_roles.read_roles(frame, section, problems)
    problems.raise_if_errors()
    return replace(split, roles=roles)
