"""Guesses the type of an argument from its name, its default and its documentation; the overlay corrects it."""

import re
from typing import Any

from kerasdeep.catalog.entries import REQUIRED

TYPE_BY_NAME = (
    (r"(.*_)?initializer", "initializer"),
    (r"(.*_)?regularizer", "regularizer"),
    (r"(.*_)?constraint", "constraint"),
    (r"(recurrent_)?activation", "activation"),
    (r"inner_optimizer", "optimizer"),
    (r"name", "str"),
    (r"(.*_)?dtype", "str"),
    (r"seed", "int"),
    (r"data_format", "'channels_last'|'channels_first'"),
    (r"reduction", "'sum_over_batch_size'|'sum'|'mean'|'mean_with_sample_weight'|'none'"),
)
TYPE_BY_WORD = (
    (r"\bbool(?:ean)?s?\b", "bool"),
    (r"\bint(?:eger)?s?\b", "int"),
    (r"\bfloats?\b", "float"),
    (r"\bstring\b", "str"),
)


def guess_type(name: str, default: Any, doc: str, annotation: str = "") -> str:
    """A type expression; `any` where nothing says more."""
    annotated = re.fullmatch(r"(int|float|bool|str)( \| None)?", annotation)
    if annotated:
        return annotated[1] + ("|null" if annotated[2] else "")
    kind = _by_name(name) or _by_default(default, doc) or _by_doc(doc) or "any"
    nullable = default is None or bool(re.search(r"`None`\)? (?:or|to)|or `?None`?\b", doc))
    return f"{kind}|null" if nullable and kind != "any" else kind


def _by_name(name: str) -> str | None:
    return next((kind for pattern, kind in TYPE_BY_NAME if re.fullmatch(pattern, name)), None)


def _by_default(default: Any, doc: str) -> str | None:
    if default is None or default is REQUIRED:
        return None
    if isinstance(default, str):
        words = dict.fromkeys([*re.findall(r'"([a-z_]+)"', doc), default])
        return "|".join(f"'{word}'" for word in words) if len(words) > 1 else "str"
    if isinstance(default, tuple | list):
        kinds = {type(item).__name__ for item in default if isinstance(item, int | float)}
        inner = "float" if "float" in kinds or not kinds else "int"
        return f"list[{inner};{len(default)}]"
    if isinstance(default, int) and not isinstance(default, bool) and re.search(r"\bfloat\b", doc, re.I):
        return "float"
    return type(default).__name__


def _by_doc(doc: str) -> str | None:
    matches = [(match.start(), kind) for pattern, kind in TYPE_BY_WORD if (match := re.search(pattern, doc, re.I))]
    return min(matches)[1] if matches else None
