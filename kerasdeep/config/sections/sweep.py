"""`sweep:` settings that are searched, by what they are judged, and how the best are confirmed."""

from dataclasses import dataclass
from typing import Any

from kerasdeep.config.schema import Section, setting


@dataclass(frozen=True, kw_only=True)
class ConfirmConfig(Section):
    """Trains the best trials and the file as written on fresh seeds, and compares them in pairs."""

    best: int = setting("int", 3, "How many of the best trials.", minimum=1, maximum=20, affects="loading")
    seeds: int = setting("int", 5, "How many fresh seeds.", minimum=2, maximum=100, affects="loading")


@dataclass(frozen=True, kw_only=True)
class SweepConfig(Section):
    """A search over settings, which `kerasdeep sweep` runs."""

    parameters: dict[str, Any] = setting(
        "map[any]",
        doc="What is searched, by the paths of `--set`: a list of values, or `{between: [low, high], log, steps}`.",
        affects="loading",
    )
    goal: str = setting(
        "str",
        doc="The metric of the validation rows to improve; min or max in front where its name does not tell.",
        affects="loading",
    )
    trials: int = setting("int", 40, "Trials of the whole study.", minimum=1, maximum=100_000, affects="loading")
    sampler: str = setting("'tpe'|'random'|'grid'", "tpe", "How values are chosen.", affects="loading")
    prune: str | None = setting(
        "'hyperband'|'median'|null",
        None,
        "Which trials are ended early, by their metric at each epoch.",
        affects="loading",
    )
    confirm: ConfirmConfig | None = setting(
        ConfirmConfig,
        ConfirmConfig(),
        "Fresh seeds for the best; null leaves it out.",
        optional=True,
        affects="loading",
    )
