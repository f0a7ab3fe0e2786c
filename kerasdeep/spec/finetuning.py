"""The YAML of a fine-tuning: pretrained layers, a new head trained alone, then all at a tenth of the rate."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import yaml

from kerasdeep.catalog.types import plain
from kerasdeep.errors import InputError, Mark
from kerasdeep.source import Sequence as ListNode
from kerasdeep.source import parse
from kerasdeep.spec.data import BUILT_IN
from kerasdeep.spec.load import ROOT, changed, with_extends
from kerasdeep.spec.merge import canonical
from kerasdeep.spec.pretrained import APPLICATION, HUB

EPOCHS = 10
RATE = 1e-3
FINE = 0.1
"""The second stage's share of the rate: large steps would undo what was learnt before."""
PICTURE = [96, 96]
FOLDER_PICTURE = [160, 160]
"""What small built-in pictures, and photos in folders, are brought to for an application."""
_OPTIONS = {"source": "--from"}
STAGES = ("freeze", "unfreeze_after", "rate", "epochs")


@dataclass(frozen=True, kw_only=True)
class Wishes:
    """What was asked for on the command line; None where nothing was said."""

    source: str
    data: str | None = None
    target: str | None = None
    freeze: str | None = None
    unfreeze_after: int | None = None
    rate: float | None = None
    epochs: int | None = None


def compose(
    wishes: Wishes,
    config: Path | None = None,
    sets: Sequence[str] = (),
    flags: dict[str, tuple[str, str]] | None = None,
) -> str:
    """A complete file for `kerasdeep train`; paths in it are absolute, so that it works wherever it lies.

    With `config`, what that file says about everything else holds; its own stages hold unless the wishes speak of
    stages. `sets` and `flags`, as `load` takes them, are written into it. Raises `InputError` for wishes that do
    not go together.
    """
    if config is None and wishes.data is None:
        raise InputError("say what to learn from: --data PATH, or a CONFIG that has it.", "usage", Mark("--data"))
    content: dict[str, Any] = {"version": 1}
    if config is None:
        content["name"] = f"{_stem(wishes.data or '')}-finetuned"
    else:
        content["extends"] = str(config.absolute())
    data = _data(wishes)
    if data:
        content["data"] = data
    content["pretrained"] = _pretrained(wishes)
    spoken = any(getattr(wishes, key) is not None for key in STAGES)
    own = None if config is None or spoken else _stages_of(config)
    if not own:
        content["stages"] = _stages(wishes)
    elif any(text.startswith("stages.") for text in sets):  # one of a list cannot be changed without the others
        content["stages"] = own
    if sets or flags:
        tree = canonical(ROOT, parse(yaml.safe_dump(content, sort_keys=False), "finetune"))
        content = plain(changed(tree, sets, flags))
    opening = [
        f"# {shlex.join(_command(wishes, config, sets, flags or {}))}",
        "# Written by finetune; edit it and train it again: kerasdeep train FILE",
    ]
    return "\n".join(opening) + "\n" + yaml.safe_dump(content, sort_keys=False, allow_unicode=True, width=110)


def _command(
    wishes: Wishes, config: Path | None, sets: Sequence[str], flags: dict[str, tuple[str, str]]
) -> list[str]:
    words = ["kerasdeep", "finetune", *([str(config)] if config else [])]
    for entry in fields(wishes):
        value = getattr(wishes, entry.name)
        if value is not None:
            words += [_OPTIONS.get(entry.name, f"--{entry.name.replace('_', '-')}"), str(value)]
    for text in sets:
        words += ["--set", text]
    for option, text in flags.values():
        words += [option, str(plain(parse(text, option)))]
    return words


def _data(wishes: Wishes) -> dict[str, Any]:
    found: dict[str, Any] = {}
    if wishes.data is not None:
        found["source"] = wishes.data if _is_builtin(wishes.data) else _absolute(wishes.data)
        if Path(wishes.data).expanduser().is_dir() and wishes.source.startswith(APPLICATION):
            found["image"] = {"size": FOLDER_PICTURE}
    if wishes.target is not None:
        found["target"] = wishes.target
    return found


def _pretrained(wishes: Wishes) -> dict[str, Any]:
    if wishes.source.startswith((APPLICATION, HUB)):
        found: dict[str, Any] = {"from": wishes.source}
        if wishes.data is not None and _is_builtin(wishes.data):
            found["size"] = PICTURE
        return found
    return {"from": _absolute(wishes.source)}


def _stages(wishes: Wishes) -> list[dict[str, Any]]:
    epochs, rate = wishes.epochs or EPOCHS, wishes.rate or RATE
    head_only = wishes.freeze == "all"
    head = epochs if head_only else wishes.unfreeze_after or max(1, epochs // 3)
    if not head_only and head >= epochs and wishes.unfreeze_after is not None:
        message = f"after {head} epochs nothing is left of {epochs} to fine-tune in. Raise --epochs, "
        raise InputError(f"{message}or write --freeze all.", "usage", Mark("--unfreeze-after"))
    stages = [_stage("head", "head", head, rate)]
    if head < epochs:
        # Batch norm keeps its statistics: few new pictures would spoil them.
        taken = ["!norms", *([f"!{wishes.freeze}"] if wishes.freeze else [])]
        fine = _stage("fine", ["all", *taken], epochs - head, float(f"{rate * FINE:.6g}"))
        stages.append({**fine, "early_stopping": {"patience": 5}})
    return stages


def _stage(name: str, train: str | list[str], epochs: int, rate: float) -> dict[str, Any]:
    optimizer = {"Nadam": {"learning_rate": rate}}
    return {"name": name, "train": train, "epochs": epochs, "optimizer": optimizer, "schedule": None}


def _stages_of(config: Path) -> list[Any]:
    node = with_extends(config).get("stages")
    return plain(node) if isinstance(node, ListNode) else []


def _is_builtin(data: str) -> bool:
    return data in BUILT_IN and not Path(data).exists()


def _absolute(path: str) -> str:
    return str(Path(path).expanduser().absolute())


def _stem(data: str) -> str:
    return Path(data).stem.replace(" ", "_") or "data"
