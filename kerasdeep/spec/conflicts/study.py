"""Checks of what makes a study: names of variants and profiles, claims, and accepted warnings."""

from __future__ import annotations

import re

from kerasdeep.errors import Mark, Report, closest
from kerasdeep.source import Sequence
from kerasdeep.spec.claims import parse
from kerasdeep.spec.conflicts.view import View
from kerasdeep.spec.conflicts.warnings import WARNINGS

_WORD = re.compile(r"[A-Za-z][A-Za-z0-9_]*")


def _names(view: View, report: Report) -> None:
    """Names that can stand in a claim, in a file's name and on the command line."""
    for key in ("variants", "profiles"):
        node = view.node(key)
        for name in getattr(view.spec, key):
            if not _WORD.fullmatch(name):
                message = f"`{key}.{name}`: a name is made of letters, digits and _, and begins with a letter."
                mark = node.pairs[name].key.mark if node else view.spec.mark(key)
                report.error("name", message, mark)


def _expect(view: View, report: Report) -> None:
    variants = view.spec.variants
    for number, text in enumerate(view.spec.expect):
        mark = _item(view, "expect", number)
        try:
            claim = parse(text)
        except ValueError as error:
            report.error("claim", f'`expect`: "{text}": {error}', mark)
            continue
        for name in claim.names:
            variant, dot, _ = name.partition(".")
            if variants and (not dot or variant not in variants):
                message = f"`expect`: {name} names no variant. Expected VARIANT.METRIC with one of: "
                message += f"{', '.join(variants)}."
                report.error("unknown-variant", message, mark, closest(variant, variants))


def _allow(view: View, report: Report) -> None:
    for number, name in enumerate(view.spec.allow):
        if name not in WARNINGS:
            message = f"`allow` names {name}, which is no warning. There are: {', '.join(WARNINGS)}."
            report.error("unknown-warning", message, _item(view, "allow", number), closest(name, WARNINGS))


def _item(view: View, key: str, number: int) -> Mark | None:
    node = view.node(key)
    return node.items[number].mark if isinstance(node, Sequence) else view.spec.mark(key)


CHECKS = (_names, _expect, _allow)
