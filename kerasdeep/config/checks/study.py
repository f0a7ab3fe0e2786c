"""Checks of what makes a study: names of variants and profiles, claims, and accepted warnings."""

import re

from kerasdeep.config.checks.context import CheckContext
from kerasdeep.config.checks.warning_names import WARNINGS
from kerasdeep.config.claims import parse_claim
from kerasdeep.errors import Problems, SourceLocation, suggest
from kerasdeep.yaml_nodes import Mapping, Sequence

_NAME_PATTERN = re.compile(r"[A-Za-z][A-Za-z0-9_]*")


def _names(context: CheckContext, problems: Problems) -> None:
    """Names that are valid in a claim, in a file name and on the command line."""
    for key in ("variants", "profiles"):
        node = context.node(key)
        for name in getattr(context.config, key):
            if not _NAME_PATTERN.fullmatch(name):
                message = f"`{key}.{name}`: a name is made of letters, digits and _, and begins with a letter."
                location = node.pairs[name].key.location if isinstance(node, Mapping) else context.config.location(key)
                problems.error("name", message, location)


def _expect(context: CheckContext, problems: Problems) -> None:
    variants = context.config.variants
    for number, text in enumerate(context.config.expect):
        location = _item_location(context, "expect", number)
        try:
            claim = parse_claim(text)
        except ValueError as error:
            problems.error("claim", f'`expect`: "{text}": {error}', location)
            continue
        for name in claim.names:
            variant, dot, _ = name.partition(".")
            if variants and (not dot or variant not in variants):
                message = f"`expect`: {name} names no variant. Expected VARIANT.METRIC, one of: {', '.join(variants)}."
                problems.error("unknown-variant", message, location, suggest(variant, variants))


def _allow(context: CheckContext, problems: Problems) -> None:
    for number, name in enumerate(context.config.allow):
        if name not in WARNINGS:
            message = f"`allow` names {name}, which is not a warning. There are: {', '.join(WARNINGS)}."
            location = _item_location(context, "allow", number)
            problems.error("unknown-warning", message, location, suggest(name, WARNINGS))


def _item_location(context: CheckContext, key: str, number: int) -> SourceLocation | None:
    node = context.node(key)
    return node.items[number].location if isinstance(node, Sequence) else context.config.location(key)


CHECKS = (_names, _expect, _allow)
