"""The columns that say something about rows rather than being learned from: group, time and weight."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from kerasdeep.config.sections.data import ROW_ROLES, DataConfig
from kerasdeep.data.labels import missing_labels
from kerasdeep.data.types import HELD_OUT_SPLITS, RawSplit
from kerasdeep.errors import InputError, Problems

if TYPE_CHECKING:
    import pandas as pd

    from kerasdeep.data.column_store import ColumnStore

MAX_SHOWN = 5


def read_roles(frame: pd.DataFrame | ColumnStore, section: DataConfig, problems: Problems) -> dict[str, np.ndarray]:
    """What `ROW_ROLES` say of each row; values that cannot be used are reported by row and column."""
    readers = {"group": groups_of, "time": times_of, "weight": weights_of}
    roles = {}
    for role in ROW_ROLES:
        name = getattr(section, role)
        if name is None or name not in frame.columns:
            continue
        roles[role], is_wrong, expected = readers[role](frame[name])
        if is_wrong.any():
            rows = ", ".join(map(str, np.flatnonzero(is_wrong)[:MAX_SHOWN]))
            message = (
                f"`{role}` is '{name}', which {expected} in {is_wrong.sum()} of {len(is_wrong)} rows (row {rows}"
                f"{', …' if is_wrong.sum() > MAX_SHOWN else ''}). Mend these rows, or leave them out of the file."
            )
            problems.error(f"wrong-{role}", message, section.location_or_key(role))
    return roles


def groups_of(series: pd.Series) -> tuple[np.ndarray, np.ndarray, str]:
    """Groups as they are written."""
    return series.to_numpy(), series.isna().to_numpy(), "is missing"


def times_of(series: pd.Series) -> tuple[np.ndarray, np.ndarray, str]:
    """Times as whole microseconds, where they are dates, or as the numbers that they are."""
    import pandas as pd

    from kerasdeep.data.encoders.date import find_day_first, read_dates

    if pd.api.types.is_numeric_dtype(series.dtype):
        return series.to_numpy(np.float64, na_value=np.nan), series.isna().to_numpy(), "is missing"
    times = read_dates(series, find_day_first(series.dropna().astype(str))[0])
    return times.to_numpy("datetime64[us]").astype(np.int64), times.isna().to_numpy(), "is not a date"


def weights_of(series: pd.Series) -> tuple[np.ndarray, np.ndarray, str]:
    """Weights as float64."""
    import pandas as pd

    weights = pd.to_numeric(series, errors="coerce").to_numpy(np.float64, na_value=np.nan)
    return weights, ~(np.isfinite(weights) & (weights >= 0)), "is negative, missing or no number"


def mean_one(weights: np.ndarray | None) -> np.ndarray | None:
    """Weights of a split with mean 1, so that a loss stays on its scale whatever their unit is: (rows,), float32."""
    return None if weights is None or not len(weights) else (weights / weights.mean()).astype(np.float32)


def group_numbers(split: RawSplit) -> np.ndarray:
    """A number for each row's group, in the order in which the groups appear."""
    import pandas as pd

    return pd.factorize(split.roles["group"])[0]


def describe_separation(splits: dict[str, RawSplit]) -> dict[str, dict[str, int]]:
    """Facts of rows whose group or time is known: held-out rows of a group that is trained on, or that are not later
    than every training row; by the pair of splits."""
    train, facts = splits["train"], {}
    held_out = [name for name in HELD_OUT_SPLITS if name in splits]
    if "group" in train.roles:
        known = set(train.roles["group"])
        facts["shared_groups"] = {
            f"train_{name}": sum(group in known for group in splits[name].roles.get("group", ())) for name in held_out
        }
    if "time" in train.roles and len(train):
        latest = train.roles["time"].max()
        facts["not_later"] = {
            f"train_{name}": int(np.sum(splits[name].roles.get("time", np.zeros(0)) <= latest)) for name in held_out
        }
    return facts


def checked_weights(series: pd.Series) -> np.ndarray:
    """Weights of rows that are evaluated. Raises InputError for what is none."""
    weights, is_wrong, expected = weights_of(series)
    if is_wrong.any():
        message = f"The weight '{series.name}' {expected} in row {np.flatnonzero(is_wrong)[0]}."
        raise InputError(message, "wrong-weight")
    return weights


def keep_rows(split: RawSplit, section: DataConfig) -> RawSplit:
    """The rows that count: not those of weight 0, nor, with `drop_unlabelled`, those that lack a target."""
    kept = split.roles["weight"] > 0 if "weight" in split.roles else np.ones(len(split), bool)
    if section.drop_unlabelled:
        kept = kept & ~np.logical_or.reduce([missing_labels(raw) for raw in split.y.values()])
    return split if kept.all() else split.take(np.flatnonzero(kept))
