"""`stages:` a run in several parts: what each trains, for how long and how fast; and selectors of layers.

A selector is `all`, `head`, `norms` (batch normalizations), `last:N`, `first:N`, a layer's name, a pattern of
names (`dense_*`), or a list of these; in a list, `!selector` takes layers away. N counts layers that have weights,
the head excluded: `first:2` are the two that are nearest to the data, `last:2` the two in front of the head, and
the head with them.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import NoReturn

from kerasdeep.catalog import Choice
from kerasdeep.config.schema import Section, setting
from kerasdeep.config.sections.pretraining import PretrainConfig
from kerasdeep.config.sections.training import EarlyStoppingConfig
from kerasdeep.errors import InputError, SourceLocation, suggest

DECAY = "decay"
"""In `rates`, unless a layer has this name: the factor from each block of layers to the one below it, the head above
all of them (ELECTRA, Clark et al. 2020; BEiT, Bao et al. 2021)."""
_COUNTED_SELECTOR = re.compile(r"(first|last):(\d+)")


@dataclass(frozen=True, kw_only=True)
class UnfreezeConfig(Section):
    """Unfreezes the stage's layers block by block from the top, each block slower than the one above it.

    A block begins at each layer with a kernel. Where there are fewer epochs than blocks, neighbours share one.
    Source: ULMFiT (Howard and Ruder 2018), whose factor is 2.6.
    """

    SHORTHAND = (("'gradually'", "style"),)

    style: str = setting("'gradually'", "gradually", "One block after the other, top first.")
    every: int = setting("int", 1, "Epochs before the next block is unfrozen.", minimum=1)
    factor: float = setting("float", 2.6, "How much slower a block is than the one above it.", minimum=1.0)


@dataclass(frozen=True, kw_only=True)
class StageConfig(Section):
    """A part of the run: the same network, compiled anew. Settings that it leaves out are those of the top level.

    The types are those of a stage as every reader but `with_inherited_settings` sees it: filled in.
    """

    name: str = setting("str|null", None, "In the history and on the curves; null: stage_1, stage_2, …")
    train: str | list[str] = setting(
        "str|list[str]", "all", "Layers that learn: all, head, norms, last:N, first:N, names, or a list."
    )
    epochs: int = setting("int|null", None, "Null takes training.epochs.", minimum=1)
    optimizer: Choice = setting("optimizer|null", None, "Null takes the top level's.")
    schedule: Choice | None = setting(
        "schedule|null", None, "Over this stage; left out: the top level's; null keeps the rate."
    )
    rates: dict[str, float] = setting(
        "map[float]",
        {},
        "Multiples of the learning rate for some layers, by selector: {first:2: 0.1}; {decay: 0.75}: each layer with "
        "a kernel at 0.75 times the rate of the one above it.",
    )
    early_stopping: EarlyStoppingConfig | None = setting(
        EarlyStoppingConfig, None, "Left out: that of `training`; null trains every epoch."
    )
    optimizer_state: str = setting(
        "'reset'|'keep'", "reset", "keep continues with the state that the stage before left for the same weights."
    )
    unfreeze: UnfreezeConfig | None = setting(UnfreezeConfig, None, "Unfreeze the layers one block after the other.")
    cache_features: bool | str = setting(
        "bool|'auto'",
        False,
        "Compute the outputs of the frozen bottom layers once, and train the others on them; auto: where possible.",
    )
    pretrain: PretrainConfig | None = setting(
        PretrainConfig, None, "Train the layers on something else first, from the same or other rows."
    )


@dataclass(frozen=True, slots=True)
class SelectableLayer:
    """A layer as selectors see it, in the network's order. `weighted`: it counts for `first:N` and `last:N`.

    `norm`: it is a batch normalization, which has statistics of its own.
    """

    name: str
    weighted: bool
    head: bool = False
    norm: bool = False


def select_layers(
    selector: str | Sequence[str],
    layers: Sequence[SelectableLayer],
    key_path: str,
    location: SourceLocation | None = None,
) -> list[str]:
    """The names of the layers that `selector` means, in the network's order.

    Raises `InputError` for a selector that matches no layer, listing the names; `key_path` is the setting.
    """
    selected: set[str] = set()
    selectors = [selector] if isinstance(selector, str) else list(selector)
    for position, part in enumerate(selectors):
        is_exclusion = part.startswith("!")
        names = _layers_matching(part.removeprefix("!"), layers)
        if not names and part != "!norms":
            _raise_unknown_layers(part, layers, key_path, location)
        if is_exclusion and position == 0:
            selected = {layer.name for layer in layers}
        selected = selected - names if is_exclusion else selected | names
    return [layer.name for layer in layers if layer.name in selected]


def _layers_matching(selector: str, layers: Sequence[SelectableLayer]) -> set[str]:
    heads = {layer.name for layer in layers if layer.head}
    words = {
        "all": {layer.name for layer in layers},
        "head": heads,
        "norms": {layer.name for layer in layers if layer.norm},
    }
    if selector in words:
        return words[selector]
    counted = _COUNTED_SELECTOR.fullmatch(selector)
    if not counted:
        return {layer.name for layer in layers if fnmatchcase(layer.name, selector)}
    weighted, number = [layer.name for layer in layers if layer.weighted and not layer.head], int(counted[2])
    if not 0 < number <= len(weighted):
        return set()
    return set(weighted[:number]) if counted[1] == "first" else set(weighted[-number:]) | heads


def _raise_unknown_layers(
    selector: str, layers: Sequence[SelectableLayer], key_path: str, location: SourceLocation | None
) -> NoReturn:
    names = [layer.name for layer in layers if layer.weighted or layer.head]
    counted = _COUNTED_SELECTOR.fullmatch(selector.removeprefix("!"))
    if counted:
        total = sum(layer.weighted and not layer.head for layer in layers)
        reason = f"`{selector}`: the network has {total} layers with weights in front of its head"
    else:
        reason = f"`{selector}` matches no layer"
    shown = ", ".join(names[:40]) + (f", … ({len(names)} in all)" if len(names) > 40 else "")
    message = f"`{key_path}`: {reason}. Expected all, head, norms, first:N, last:N, or names of layers: {shown}."
    hint = None if counted else suggest(selector.removeprefix("!"), [*names, "all", "head", "norms"])
    raise InputError(message, "unknown-layers", location, hint)
