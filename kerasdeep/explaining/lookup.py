"""From a word as typed to what it names: a setting, a family, a name, an argument or a warning."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import Field
from functools import cache

from kerasdeep import catalog
from kerasdeep.catalog import Entry
from kerasdeep.errors import InputError, Problem, closest
from kerasdeep.explaining import topics
from kerasdeep.explaining.topics import Topic
from kerasdeep.spec import Spec
from kerasdeep.spec.conflicts import WARNINGS
from kerasdeep.spec.settings import ListOf, Section, key_of, section_of, settings

PLURALS = {f"{family}es" if family.endswith("s") else f"{family}s": family for family in catalog.families()}


def explain(name: str | None = None) -> list[Topic]:
    """Everything that `name` stands for, several topics where a word has several meanings; without it, the file.

    Raises `InputError` with the nearest known word where it has none.
    """
    if name is None:
        return [topics.of_file(Spec)]
    word = name.strip().strip("`").rstrip(":")
    found = _dotted(word) if "." in word else _single(word)
    if not found:
        message = (
            f"nothing here is called `{name}`. Expected a section, a setting such as training.epochs, a name "
        )
        message += "of Keras such as AdamW, an argument such as AdamW.weight_decay, or a warning."
        raise InputError([Problem("error", "unknown-name", message, None, _suggestion(word))])
    return found


_OTHER_DATA = re.compile(r"\.pretrain\.\w+\.data\.")


@cache
def paths() -> dict[str, Field]:
    """Every setting by its path, sections before what is in them; `stages.0.epochs` stands for every stage's."""
    return dict(_walk(Spec, ""))


def _walk(section: type[Section], prefix: str) -> Iterator[tuple[str, Field]]:
    for entry in settings(section):
        path, inner = prefix + key_of(entry), section_of(entry)
        yield path, entry
        if inner:
            item = ".0" if isinstance(entry.metadata["of"], ListOf) else ""
            yield from _walk(inner, f"{path}{item}.")


def _single(word: str) -> list[Topic]:
    key = word.lower().replace("-", "_")
    settings_found = [topics.of_setting(path, paths()[path]) for path in _paths_of(key)]
    family = PLURALS.get(word.lower(), word.lower())
    families_found = [topics.of_family(family)] if family in catalog.families() else []
    entries_found = [topics.of_entry(entry) for entry in _entries(word)]
    warnings_found = [topics.of_warning(word.lower())] if word.lower() in WARNINGS else []
    known = families_found or entries_found or key in paths()
    return [
        *settings_found,
        *families_found,
        *entries_found,
        *warnings_found,
        *([] if known else _shared_argument(key)),
    ]


def _paths_of(key: str) -> list[str]:
    """The settings of that name: the section of the file first, then those inside sections.

    The keys of `data` that a kind of pretraining may state otherwise are told once, at `data`.
    """
    inside = [path for path in paths() if path.endswith(f".{key}") and not _OTHER_DATA.search(path)]
    return [path for path in paths() if path == key] + inside


def _entries(word: str) -> list[Entry]:
    """The entries of all families that a word names; those spelled exactly so where there are any."""
    found = [entry for family in catalog.families() if (entry := catalog.find(family, word))]
    exact = [entry for entry in found if word in (entry.name, *entry.aliases)]
    return exact + [entry for entry in found if entry not in exact]


def _shared_argument(name: str) -> list[Topic]:
    owners = [
        entry
        for family in catalog.families()
        for entry in catalog.entries(family).values()
        if name in entry.arguments and not entry.refused
    ]
    return [topics.of_shared_argument(name, owners)] if owners else []


def _dotted(word: str) -> list[Topic]:
    """`training.epochs`, `AdamW.weight_decay`, or a path through a choice: `optimizer.AdamW.weight_decay`."""
    path = _as_path(word)
    if path in paths():
        return [topics.of_setting(path, paths()[path])]
    owner, _, last = word.rpartition(".")
    owner = owner.rpartition(".")[2]
    found = [entry for entry in _entries(owner) if last in entry.arguments]
    if found:
        return [topics.of_argument(entry, entry.arguments[last]) for entry in found]
    if owner.lower() in (*catalog.families(), *PLURALS, "layers", "metrics"):
        return [topics.of_entry(entry) for entry in _entries(last)]
    return []


def _as_path(word: str) -> str:
    """`stages.epochs` and `stages.3.epochs` as `stages.0.epochs`."""
    keys = [key for key in word.lower().split(".") if not key.isdecimal()]
    numbered = {path.replace(".0", ""): path for path in paths()}
    return numbered.get(".".join(keys), word.lower())


def _suggestion(word: str) -> str | None:
    if "." not in word:
        return closest(word, _words())
    owner, _, last = word.rpartition(".")
    entries = _entries(owner.rpartition(".")[2])
    below = {path.rpartition(".")[2] for path in paths() if path.rpartition(".")[0] == owner}
    for names in ([name for entry in entries for name in entry.arguments], below):
        near = closest(last, names)
        if near:
            return f"{entries[0].name if entries and names is not below else owner}.{near}"
    near = closest(word, paths())
    if near or entries:
        return near or entries[0].name
    name = closest(owner.rpartition(".")[2], [*_words(), *paths()])
    return f"{name}.{last}" if name and _dotted(f"{name}.{last}") else name


def _words() -> list[str]:
    words = [path.rpartition(".")[2] for path in paths()]
    for family in catalog.families():
        words += [family, *catalog.spellings(family)]
    return [*dict.fromkeys([*words, *WARNINGS])]
