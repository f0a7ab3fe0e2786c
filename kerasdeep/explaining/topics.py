"""What is told about one word: a setting, a section, a family, an entry, an argument or a warning."""

from __future__ import annotations

from dataclasses import Field, dataclass
from typing import Any

from kerasdeep import catalog
from kerasdeep.catalog import Argument, Entry
from kerasdeep.catalog.types import alternatives, described
from kerasdeep.explaining import examples
from kerasdeep.explaining.yaml_text import flow
from kerasdeep.spec.conflicts import WARNINGS
from kerasdeep.spec.settings import (
    ListOf,
    Section,
    admits_null,
    bare_words,
    default_of,
    is_required,
    key_of,
    section_of,
    settings,
)

OF_EVERY_LAYER = ("activity_regularizer", "trainable", "dtype", "autocast", "name", "inputs")
"""Told in one line, not again and again for each layer."""


@dataclass(frozen=True, slots=True)
class Row:
    """One line of a list: a name, its type in words (with default and bounds), and a sentence."""

    name: str
    type: str
    doc: str


@dataclass(frozen=True, slots=True)
class Topic:
    """Everything that is said about one word. `facts` are (label, text), `example` is YAML."""

    name: str
    kind: str
    doc: str
    facts: tuple[tuple[str, str], ...] = ()
    rows: tuple[Row, ...] = ()
    rows_are: str = ""
    example: str | None = None


def of_file(section: type[Section]) -> Topic:
    """The whole file: every section."""
    return Topic(
        "the file", "all sections", section.__doc__ or "", rows=_setting_rows(section), rows_are="settings"
    )


def of_setting(path: str, entry: Field) -> Topic:
    """A setting, or a section with the settings in it."""
    inner = section_of(entry)
    facts = [("type", _type_of_setting(entry))]
    if not is_required(entry):
        facts.append(("default", default_of_setting(entry)))
    facts.append(("set it", f"--set {path}=…"))
    return Topic(
        path,
        "section" if inner else "setting",
        doc_of_setting(entry),
        tuple(facts),
        _setting_rows(inner) if inner else (),
        "settings",
        examples.of_setting(path, entry),
    )


def of_family(family: str) -> Topic:
    """The entries of a family."""
    known = [entry for entry in catalog.entries(family).values() if not entry.refused]
    refused = [entry.name for entry in catalog.entries(family).values() if entry.refused]
    facts = [("known", f"{len(known)}, by class name or in snake case; tell me more: kerasdeep explain NAME")]
    if refused:
        facts.append(("refused", ", ".join(refused)))
    rows = tuple(Row(entry.name, "", entry.doc) for entry in known)
    return Topic(family, "family of names", "", tuple(facts), rows, "names", examples.of_entry(known[0]))


def of_entry(entry: Entry) -> Topic:
    """One name of the catalogue, with its arguments."""
    facts = []
    if entry.refused:
        facts.append(("refused", entry.refused))
    if entry.aliases:
        facts.append(("also", ", ".join(entry.aliases)))
    if entry.shorthand and not entry.refused:
        facts.append(("short form", f"`{entry.name}: …` stands for `{entry.name}: {{{entry.shorthand}: …}}`"))
    facts += [("formula", entry.formula)] if entry.formula else []
    facts += [("paper", entry.paper)] if entry.paper else []
    facts += [("give one of", ", ".join(group)) for group in entry.exclusive]
    facts += [("warning", f"{entry.warning[1]} [{entry.warning[0]}]")] if entry.warning else []
    facts += [("layer", f"written as a layer: {entry.layer}")] if entry.layer else []
    own = [name for name in entry.arguments if entry.family != "layer" or name not in OF_EVERY_LAYER]
    rows = () if entry.refused else tuple(_argument_row(entry.arguments[name]) for name in own)
    shared = [name for name in entry.arguments if name not in own]
    if shared and not entry.refused:
        facts.append(("every layer", f"has {', '.join(shared)}"))
    return Topic(entry.name, _kind_of(entry), entry.doc, tuple(facts), rows, "arguments", examples.of_entry(entry))


def of_argument(entry: Entry, argument: Argument) -> Topic:
    """One argument of one entry."""
    facts = [("type", _type(argument.type, argument.minimum, argument.maximum))]
    facts.append(("default", "none: it must be given" if argument.required else flow(argument.default)))
    if argument.refused:
        facts.append(("refused", argument.refused))
    facts += [("give one of", ", ".join(group)) for group in entry.exclusive if argument.name in group]
    example = None if argument.refused else examples.of_entry(entry, argument.name)
    name = f"{entry.name}.{argument.name}"
    return Topic(name, f"argument of the {_kind_of(entry)}", argument.doc, tuple(facts), example=example)


def of_shared_argument(name: str, owners: list[Entry]) -> Topic:
    """An argument that several entries have; which ones, and with which type and default."""
    rows = tuple(Row(f"{entry.name}.{name}", _summary(entry.arguments[name]), "") for entry in owners)
    doc = next((entry.arguments[name].doc for entry in owners if entry.arguments[name].doc), "")
    return Topic(name, "argument", doc, rows=rows, rows_are="arguments of that name")


def of_warning(name: str) -> Topic:
    facts = (("accept it", f"allow: [{name}]"),)
    return Topic(name, "warning", WARNINGS[name], facts, example=examples.of_warning(name))


def _kind_of(entry: Entry) -> str:
    return f"{entry.family} of kerasdeep" if entry.own else f"{entry.family} of Keras"


def _argument_row(argument: Argument) -> Row:
    return Row(argument.name, _summary(argument), argument.refused or argument.doc)


def _summary(argument: Argument) -> str:
    if argument.refused:
        return "refused"
    default = "required" if argument.required else f"default {flow(argument.default)}"
    return f"{_type(argument.type, argument.minimum, argument.maximum)}; {default}"


def _setting_rows(section: type[Section]) -> tuple[Row, ...]:
    rows = []
    for entry in settings(section):
        default = "required" if is_required(entry) else f"default {default_of_setting(entry)}"
        rows.append(Row(key_of(entry), f"{_type_of_setting(entry)}; {default}", doc_of_setting(entry)))
    return tuple(rows)


def doc_of_setting(entry: Field) -> str:
    """The setting's sentence, and a section's own where that says more."""
    doc, section = entry.metadata["doc"], _first_paragraph(section_of(entry))
    return section if section.startswith(doc.rstrip(".")) else f"{doc} {section}".strip()


def _type_of_setting(entry: Field) -> str:
    of = entry.metadata["of"]
    if isinstance(of, ListOf):
        return "a list of mappings"
    if isinstance(of, str):
        return _type(of, entry.metadata["minimum"], entry.metadata["maximum"])
    words = ["a mapping", *bare_words(of)]
    words += [f"{described(alternatives(expression))} (its {key})" for expression, key in of.SHORTHAND]
    words += ["null"] if admits_null(entry) else []
    return words[0] if len(words) == 1 else ", ".join(words[:-1]) + " or " + words[-1]


def default_of_setting(entry: Field) -> str:
    value = default_of(entry)
    return _section_text(value) if isinstance(value, Section) else flow(value)


def _section_text(value: Section) -> str:
    """Only what differs from the section's own defaults; `{}` is written as the words it means."""
    differing = {
        key_of(entry): getattr(value, entry.name)
        for entry in settings(type(value))
        if is_required(entry) or getattr(value, entry.name) != default_of(entry)
    }
    return flow(differing) if differing else "its settings' defaults"


def _type(expression: str, minimum: float | None, maximum: float | None) -> str:
    text = described(alternatives(expression))
    if minimum is not None and maximum is not None:
        return f"{text}, from {minimum:g} to {maximum:g}"
    if minimum is not None:
        return f"{text}, at least {minimum:g}"
    return text if maximum is None else f"{text}, at most {maximum:g}"


def _first_paragraph(of: Any) -> str:
    return " ".join((of.__doc__ or "").split("\n\n")[0].split()) if isinstance(of, type) else ""
