"""What makes a table's good result doubtful: keys that repeat, dates that a split shuffles, a column with the answer.

Everything is judged on the training rows. What is found is warned of where the split does not allow for it, and stands
in the profile, from which `init` proposes `group` and `time`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from pandas.api import types

from kerasdeep.config.sections.data import DataConfig, SplitConfig
from kerasdeep.data.encoders import ENCODERS
from kerasdeep.data.encoders.base import ColumnSample
from kerasdeep.data.encoders.date import find_day_first, read_dates
from kerasdeep.data.targets import TargetEncoder
from kerasdeep.data.types import RawSplit
from kerasdeep.errors import Problems

if TYPE_CHECKING:
    from kerasdeep.data.columns import Column
    from kerasdeep.data.preprocessing import TableTransform

MIN_KEYS = 10
MIN_ROWS_A_KEY = 2.0
MIN_TEXT_KEYS = 20
"""Of a column that no name calls a key."""
SAME_ANSWER_SHARE = 0.99
"""Of the rows of one key, beyond which they have one answer."""
MIN_ORDERED_SHARE = 0.95
"""Of neighbouring rows, beyond which a table is in the order of a column."""
MIN_CORRELATION = 0.8
"""Of the time with the row's number, without which an order begins again and again, as that of several series does."""
MAX_JUDGED_ROWS = 4000
MAX_JUDGED_COLUMNS = 300
MIN_JUDGED_ROWS = 50
LEAK_SHARE = 0.995
"""Of the errors of a constant prediction that one column alone avoids."""

_THING = "customer|client|patient|subject|person|user|member|student|employee|household|session|device|account|visitor"
_THING += "|kunde|kunden|patienten|mitglied|mitglieds|nutzer|cliente|paciente|usuario|utilisateur"
_KEY_NAME = re.compile(
    rf"(?i)({_THING})s?([ _.-]?(id|no|nr|number|key|code|name))?|(.*[ _.-])?(id|key|uuid)|.*[a-z]I[dD]"
)
_TIME_NAME = re.compile(r"(?i)(date|time|timestamp|datetime|day|hour|week|month|period|ds)")


@dataclass
class Suspicions:
    """Names of columns: those that look like a group or an order of the rows, and those that alone give the answer."""

    group: list[str] = field(default_factory=list)
    time: list[str] = field(default_factory=list)
    leak: list[str] = field(default_factory=list)
    reasons: dict[str, str] = field(default_factory=dict)


def find_suspicions(
    train: RawSplit, columns: list[Column], transform: TableTransform, encoders: list[TargetEncoder]
) -> Suspicions:
    """What the training rows, with the kinds of their columns, give away."""
    found = Suspicions()
    table: Any = train.x
    encoded = [(encoder, encoder.encode(train.y[encoder.name])) for encoder in encoders]
    judged = [(encoder, answer) for encoder, answer in encoded if answer.ndim == 1]
    kinds = {column.name: column.kind for column in columns}
    used = {encoder.name: encoder for encoder in transform.encoders if not encoder.own_input}
    chosen = np.sort(np.random.default_rng(0).permutation(len(train))[:MAX_JUDGED_ROWS])
    sampled: Any = train.take(chosen).x
    for name in list(kinds)[:MAX_JUDGED_COLUMNS]:
        series = table[name]
        reason = _order(name, series) if kinds[name] == "date" else _key(name, series, [answer for _, answer in judged])
        if reason:
            (found.time if kinds[name] == "date" else found.group).append(name)
            found.reasons[name] = reason
        if name in used and name not in found.group and len(chosen) >= MIN_JUDGED_ROWS:
            features = used[name].apply(sampled[name])
            if features.shape[1] and any(_gives_away(features, answer[chosen], encoder) for encoder, answer in judged):
                found.leak.append(name)
    return found


def warn_of_suspicions(found: Suspicions, section: DataConfig, problems: Problems) -> None:
    """Say what the splits do not allow for."""
    location = section.location_or_key("source")
    splits: list[SplitConfig] = [split for split in (section.validation, section.test) if split]
    is_random = any(section.splitter(split) == "random" for split in splits)
    if is_random and found.group and section.group is None:
        name = found.group[0]
        message = f"'{name}' looks like a key: {found.reasons[name]}. A random split puts rows of one key into several "
        message += f"parts, so that a network can recognize them. To hold them out whole: `data: {{group: {name}}}`."
        problems.warn("repeated-keys", message, location)
    if is_random and found.time and section.time is None:
        name = found.time[0]
        message = f"'{name}' looks like the order of the rows in time: {found.reasons[name]}. A random split shuffles "
        message += (
            "it, so that a network is tested on times before those that it learned. To hold out the latest rows: "
        )
        message += f"`data: {{time: {name}}}`."
        problems.warn("shuffled-dates", message, location)
    for name in found.leak:
        message = f"'{name}' alone determines the target (almost) always. If it is known only afterwards, it leaks "
        problems.warn("leak", f"{message}what is to be predicted; leave it out: `data: {{drop: [{name}]}}`.", location)


def _key(name: str, series: pd.Series, answers: list[np.ndarray]) -> str | None:
    """Why a column looks like a key whose rows belong together."""
    sample = ColumnSample(name, series, False, None)
    if types.is_float_dtype(series.dtype) or types.is_bool_dtype(series.dtype) or sample.is_nested or sample.is_date:
        return None
    keys = sample.distinct
    if keys < MIN_KEYS or len(sample.present) < MIN_ROWS_A_KEY * keys:
        return None
    repeats = f"its {keys} values are in {len(sample.present) / keys:.3g} rows each"
    if _KEY_NAME.fullmatch(name):
        return repeats
    if keys < MIN_TEXT_KEYS or not sample.is_text or ENCODERS["number"].recognizes(sample):
        return None
    numbers = pd.factorize(series)[0]
    same = any(_agreement(numbers, answer) > SAME_ANSWER_SHARE > _chance(answer) for answer in answers)
    return f"{repeats}, always with one answer" if same else None


def _agreement(keys: np.ndarray, answer: np.ndarray) -> float:
    """The share of rows whose answer is the commonest one of their key."""
    pairs, counts = np.unique(np.stack([keys, np.unique(answer, return_inverse=True)[1]]), axis=1, return_counts=True)
    commonest = np.zeros(keys.max() + 2, int)
    np.maximum.at(commonest, pairs[0], counts)
    return float(commonest.sum() / len(answer))


def _chance(answer: np.ndarray) -> float:
    return float(np.unique(answer, return_counts=True)[1].max() / len(answer))


def _order(name: str, series: pd.Series) -> str | None:
    """Why dates look like what orders the rows."""
    day_first = find_day_first(series.dropna().astype(str))[0]
    times = read_dates(series, day_first).dropna().to_numpy("datetime64[us]").astype(np.float64)
    steps = np.diff(times)
    is_sorted = len(steps) and max((steps >= 0).mean(), (steps <= 0).mean()) >= MIN_ORDERED_SHARE
    if is_sorted and times.std() > 0:
        if abs(np.corrcoef(np.arange(len(times)), times)[0, 1]) > MIN_CORRELATION:
            return "the rows are in its order"
        if max((steps > 0).mean(), (steps < 0).mean()) >= MIN_ORDERED_SHARE:
            return "the rows are in its order, which begins again"
    return "its name says so" if names_a_time(name) else None


def names_a_time(column: str) -> bool:
    """Whether a column is called as what orders rows."""
    return bool(_TIME_NAME.fullmatch(column))


def _gives_away(features: np.ndarray, answer: np.ndarray, encoder: TargetEncoder) -> bool:
    """Whether a small tree (and for numbers a line) of one column, learnt on one half, is right on the other."""
    from sklearn.linear_model import LinearRegression
    from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

    is_train = np.arange(len(answer)) % 2 == 0
    models: list[Any] = [DecisionTreeClassifier(max_leaf_nodes=max(8, 2 * len(encoder.classes)), random_state=0)]
    if not encoder.task.has_classes:
        models = [LinearRegression(), DecisionTreeRegressor(min_samples_leaf=3, random_state=0)]
    for model in models:
        predicted = model.fit(features[is_train], answer[is_train]).predict(features[~is_train])
        truth = answer[~is_train]
        if encoder.task.has_classes:
            errors, constant = (predicted != truth).sum(), len(truth) - np.unique(truth, return_counts=True)[1].max()
        else:
            errors, constant = ((predicted - truth) ** 2).sum(), ((truth - truth.mean()) ** 2).sum()
        if constant > 0 and errors <= (1 - LEAK_SHARE) * constant:
            return True
    return False
