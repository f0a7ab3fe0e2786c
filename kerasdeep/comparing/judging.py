"""`expect` judged: each claim over the means of its figures, as met or missed."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from kerasdeep.comparing import figures
from kerasdeep.comparing.statistics import moments
from kerasdeep.run_dir import RunDir
from kerasdeep.spec.claims import parse


def judge(expect: Sequence[str], runs: Mapping[str, Mapping[int, RunDir]], named: bool) -> list[dict[str, Any]]:
    """A row a claim: its text, the value on its left, whether it is met, and the mean behind every name.

    `runs` has the runs by variant and seed; `named` says that claims name the variant first.
    """
    return [_judged(text, runs, named) for text in expect]


def _judged(text: str, runs: Mapping[str, Mapping[int, RunDir]], named: bool) -> dict[str, Any]:
    claim, means, missing = parse(text), {}, []
    for name in claim.names:
        variant, _, figure = name.partition(".") if named else (next(iter(runs)), "", name)
        found = moments([figures.read(run, figure) for run in runs[variant].values()])
        means[name] = found["mean"]
        if found["n"] < len(runs[variant]):
            missing.append(f"{name} ({found['n']} of {len(runs[variant])} runs have it)")
    try:
        met, value = claim.holds(means.__getitem__) and not missing, claim.value(means.__getitem__)
    except ZeroDivisionError:
        met, value = False, math.nan
    why = f"no such figure: {', '.join(missing)}" if missing else None
    return {"claim": text, "met": met, "value": value, "figures": means, "why": why}
