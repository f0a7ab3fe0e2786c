"""Names inside Keras: people may call layers, targets and inputs what they like, TensorFlow takes only some names.

A name of letters, digits, `_`, `-` and `.` stays as it is. Every other one gets an alias in which each other character
is its number, `größe` is `gr.uf6..udf.e`. The alias of two names is never the same, and `written_name` turns any text
with aliases in it, such as a metric's or a variable's path, back into what people wrote.
"""

from __future__ import annotations

import re

_PLAIN_NAME = re.compile(r"[A-Za-z0-9.][A-Za-z0-9_.-]*")
_PLAIN_CHARACTER = re.compile(r"[A-Za-z0-9_-]")
_NUMBERED_CHARACTER = re.compile(r"\.u([0-9a-f]{0,6})\.")


def keras_name(name: str) -> str:
    """The name as Keras and TensorFlow take it."""
    if _PLAIN_NAME.fullmatch(name) and not _NUMBERED_CHARACTER.search(name):
        return name
    alias = "".join(character if _PLAIN_CHARACTER.match(character) else f".u{ord(character):x}." for character in name)
    return alias if _PLAIN_NAME.fullmatch(alias) else f".u.{alias}"  # nothing, before a sign that must not come first


def written_name(text: str) -> str:
    """The text with each alias in it as people wrote it."""
    return _NUMBERED_CHARACTER.sub(lambda match: chr(int(match[1], 16)) if match[1] else "", text)
