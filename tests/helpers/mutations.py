"""Mistakes as people make them, put into a file one at a time: keys mistyped, values of the wrong kind.

`python tests/mutations.py` makes every one in every shipped file and prints the counts.
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from kerasdeep import collection
from kerasdeep.config import load_config
from kerasdeep.errors import InputError, fold_name
from kerasdeep.yaml_nodes import Mapping, Node, Scalar, Sequence, parse_yaml

FREE = re.compile(
    r"^(variants|profiles)\.[^.]+$|^(loss|metrics|data\.class_weight|.*\.rates|pretrained\.arguments|.*\.optimizer_map)\."
)
"""Keys that the author of a file makes up."""
NEIGHBOURS = {"a": "s", "e": "r", "i": "o", "l": "k", "m": "n", "n": "m", "o": "p", "r": "t", "s": "d", "t": "y"}
MAPPING = "{zzz: 1}"
WORD = "zzz"


@dataclass(frozen=True)
class Place:
    """A key or value: its dotted path, its scalar, and whether it is a key."""

    path: str
    scalar: Scalar
    key: bool


@dataclass(frozen=True)
class Mutant:
    """A mistaken file: its text, the line of the mistake, and the word that should have stood there."""

    path: str
    word: str
    text: str
    line: int
    meant: str


def places(node: Node, path: str = "") -> Iterator[Place]:
    """Every scalar of a tree, keys before their values."""
    if isinstance(node, Mapping):
        for key, pair in node.pairs.items():
            below = f"{path}.{key}" if path else key
            yield Place(below, pair.key, True)
            yield from places(pair.value, below)
    elif isinstance(node, Sequence):
        for number, item in enumerate(node.items):
            yield from places(item, f"{path}.{number}")
    else:
        yield Place(path, node, False)


def typos(word: str) -> list[str]:
    """One letter lost, doubled, swapped with the next, or replaced by its neighbour on the keyboard."""
    middle = len(word) // 2
    found = [word[:middle] + word[middle + 1 :], word[:middle] + word[middle] + word[middle:]]
    if len(word) > 1:
        at = max(0, min(middle, len(word) - 2))
        found.append(word[:at] + word[at + 1] + word[at] + word[at + 2 :])
    swapped = NEIGHBOURS.get(word[middle].lower(), "x")
    found.append(word[:middle] + swapped + word[middle + 1 :])
    return [one for one in dict.fromkeys(found) if one and one != word]


def mistyped_keys(text: str) -> Iterator[Mutant]:
    """Every key of a file, and every name of a choice that stands without arguments, with each typo."""
    for place in places(parse_yaml(text, "file")):
        if FREE.search(place.path) or (not place.key and not _is_name(place)):
            continue
        for word in typos(place.scalar.text):
            yield _mutant(text, place, word)


def _is_name(place: Place) -> bool:
    """Whether a value stands where a choice is named: a layer, the activation, the initializer, the optimizer."""
    return (
        bool(
            re.search(r"(^|\.)layers\.\d+$", place.path)
            or re.fullmatch(r"(.*\.)?(activation|initializer|optimizer|schedule)", place.path)
        )
        and not place.scalar.is_null
        and place.scalar.text != "auto"
    )


def values_as_mappings(text: str) -> Iterator[Mutant]:
    """Every value replaced by a mapping of a key that nobody knows."""
    for place in places(parse_yaml(text, "file")):
        if not place.key:
            yield _mutant(text, place, MAPPING)


def numbers_as_words(text: str) -> Iterator[Mutant]:
    """Every number replaced by a word."""
    for place in places(parse_yaml(text, "file")):
        if not place.key and not place.scalar.quoted and re.fullmatch(r"[-+]?[\d.]+(e[-+]?\d+)?", place.scalar.text):
            yield _mutant(text, place, WORD)


def _mutant(text: str, place: Place, word: str) -> Mutant:
    lines = text.split("\n")
    location = place.scalar.location
    line, start = lines[location.line - 1], location.column - 1
    length = len(place.scalar.text) + (2 if place.scalar.quoted else 0)
    assert not place.scalar.quoted or line[start] in "'\"", place
    assert place.scalar.text in line[start : start + length], place
    lines[location.line - 1] = line[:start] + word + line[start + length :]
    return Mutant(place.path, word, "\n".join(lines), location.line, place.scalar.text)


@dataclass(frozen=True)
class Outcome:
    """What became of a mutant: legal as it stands, told at its own line, and with which suggestion."""

    mutant: Mutant
    legal: bool
    at_its_line: bool
    suggestion: str | None

    @property
    def right_suggestion(self) -> bool:
        return self.suggestion is not None and fold_name(self.suggestion) == fold_name(self.mutant.meant)


def outcome(mutant: Mutant, file: Path) -> Outcome:
    """Loads the mutant from `file`; anything but an InputError is a bug and goes through."""
    file.write_text(mutant.text, encoding="utf-8")
    try:
        load_config(file)
    except InputError as error:
        errors = [problem for problem in error.problems if problem.severity == "error"]
        here = [
            one for one in errors if one.location and (one.location.file, one.location.line) == (str(file), mutant.line)
        ]
        return Outcome(mutant, False, bool(here), here[0].suggestion if here else None)
    return Outcome(mutant, True, False, None)


def measure(folder: Path, limit: int | None) -> dict[str, list[Outcome]]:
    """Mistakes in the shipped files: keys, values as mappings, numbers as words; `limit` draws so many of each."""
    found: dict[str, list[tuple[Mutant, Path]]] = {"keys": [], "mappings": [], "words": []}
    for name, path in collection.collection_files().items():
        text, file = path.read_text(encoding="utf-8"), folder / f"{name}.yaml"
        kinds = (mistyped_keys(text), values_as_mappings(text), numbers_as_words(text))
        for kind, mutants in zip(found, kinds, strict=True):
            found[kind] += [(mutant, file) for mutant in mutants]
    draw = random.Random(0)
    drawn = {kind: draw.sample(every, limit) if limit else every for kind, every in found.items()}
    return {kind: [outcome(*one) for one in some] for kind, some in drawn.items()}


if __name__ == "__main__":
    with TemporaryDirectory() as scratch:
        measured = measure(Path(scratch), None)
    print(f"{len(collection.collection_files())} files")
    for kind, outcomes in measured.items():
        legal = [one for one in outcomes if one.legal]
        wrong = [one for one in outcomes if not one.legal and not one.at_its_line]
        right = sum(one.right_suggestion for one in outcomes)
        print(f"{kind}: {len(outcomes)} mistakes, {len(wrong)} told elsewhere, {len(legal)} legal", end="")
        print(f", {right / (len(outcomes) - len(legal)):.1%} with the right suggestion" if kind == "keys" else "")
        for one in (*legal, *wrong):
            print(f"  {'legal' if one.legal else 'elsewhere'}: {one.mutant.path} as {one.mutant.word}")
