"""What is shown about one word: a setting, a section, a family, an entry, an argument or a warning."""

from dataclasses import dataclass

from kerasdeep import catalog
from kerasdeep.catalog import Argument, Entry
from kerasdeep.catalog.types import describe_type, parse_type
from kerasdeep.config.checks import WARNINGS
from kerasdeep.config.schema import ListOf, MapOf, Section, Setting, bare_keys, settings_of
from kerasdeep.help import examples
from kerasdeep.help.words import REPORT_WORDS, VERBS
from kerasdeep.help.yaml_format import to_flow

COMMON_LAYER_ARGUMENTS = ("activity_regularizer", "trainable", "dtype", "autocast", "name", "inputs")
"""Shown in one line instead of for each layer again."""


@dataclass(frozen=True, slots=True)
class TopicRow:
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
    rows: tuple[TopicRow, ...] = ()
    rows_are: str = ""
    example: str | None = None


def file_topic(section: type[Section]) -> Topic:
    """The whole file: every section."""
    return Topic("the file", "all sections", section.__doc__ or "", rows=_setting_rows(section), rows_are="settings")


def setting_topic(path: str, entry: Setting) -> Topic:
    """A setting, or a section with the settings in it."""
    inner = entry.section
    facts = [("type", _setting_type_text(entry))]
    if not entry.required:
        facts.append(("default", setting_default_text(entry)))
    facts.append(("set it", f"--set {path}=…"))
    kind, rows = ("section", _setting_rows(inner)) if inner else ("setting", ())
    example = examples.setting_example(path, entry)
    return Topic(path, kind, setting_doc(entry), tuple(facts), rows, "settings", example)


def family_topic(family: str) -> Topic:
    """The entries of a family."""
    known = [entry for entry in catalog.entries(family).values() if not entry.refused]
    refused = [entry.name for entry in catalog.entries(family).values() if entry.refused]
    facts = [("known", f"{len(known)}, by class name or in snake case; tell me more: kerasdeep explain NAME")]
    if refused:
        facts.append(("refused", ", ".join(refused)))
    rows = tuple(TopicRow(entry.name, "", entry.doc) for entry in known)
    return Topic(family, "family of names", "", tuple(facts), rows, "names", examples.entry_example(known[0]))


def entry_topic(entry: Entry) -> Topic:
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
    specific = [name for name in entry.arguments if entry.family != "layer" or name not in COMMON_LAYER_ARGUMENTS]
    rows = () if entry.refused else tuple(_argument_row(entry.arguments[name]) for name in specific)
    shared = [name for name in entry.arguments if name not in specific]
    if shared and not entry.refused:
        facts.append(("every layer", f"has {', '.join(shared)}"))
    example = examples.entry_example(entry)
    return Topic(entry.name, _entry_kind(entry), entry.doc, tuple(facts), rows, "arguments", example)


def argument_topic(entry: Entry, argument: Argument) -> Topic:
    """One argument of one entry."""
    facts = [("type", _type_text(argument.type, argument.minimum, argument.maximum))]
    facts.append(("default", "none: it must be given" if argument.required else to_flow(argument.default)))
    if argument.refused:
        facts.append(("refused", argument.refused))
    facts += [("give one of", ", ".join(group)) for group in entry.exclusive if argument.name in group]
    example = None if argument.refused else examples.entry_example(entry, argument.name)
    name = f"{entry.name}.{argument.name}"
    return Topic(name, f"argument of the {_entry_kind(entry)}", argument.doc, tuple(facts), example=example)


def shared_argument_topic(name: str, owners: list[Entry]) -> Topic:
    """An argument that several entries have; which ones, and with which type and default."""
    rows = tuple(TopicRow(f"{entry.name}.{name}", _argument_summary(entry.arguments[name]), "") for entry in owners)
    doc = next((entry.arguments[name].doc for entry in owners if entry.arguments[name].doc), "")
    return Topic(name, "argument", doc, rows=rows, rows_are="arguments of that name")


def verb_topic(verb: str) -> Topic:
    return Topic(verb, "verb of the command line", VERBS[verb], (("options", f"kerasdeep {verb} --help"),))


def report_word_topic(word: str) -> Topic:
    return Topic(word, "word of reports", REPORT_WORDS[word])


def warning_topic(name: str) -> Topic:
    facts = (("accept it", f"allow: [{name}]"),)
    return Topic(name, "warning", WARNINGS[name], facts, example=examples.warning_example(name))


def _entry_kind(entry: Entry) -> str:
    return f"{entry.family} of kerasdeep" if entry.is_custom else f"{entry.family} of Keras"


def _argument_row(argument: Argument) -> TopicRow:
    return TopicRow(argument.name, _argument_summary(argument), argument.refused or argument.doc)


def _argument_summary(argument: Argument) -> str:
    if argument.refused:
        return "refused"
    default = "required" if argument.required else f"default {to_flow(argument.default)}"
    return f"{_type_text(argument.type, argument.minimum, argument.maximum)}; {default}"


def _setting_rows(section: type[Section]) -> tuple[TopicRow, ...]:
    rows = []
    for key, entry in settings_of(section).items():
        default = "required" if entry.required else f"default {setting_default_text(entry)}"
        rows.append(TopicRow(key, f"{_setting_type_text(entry)}; {default}", setting_doc(entry)))
    return tuple(rows)


def setting_doc(entry: Setting) -> str:
    """The setting's sentence, and a section's own where that says more."""
    doc, section = entry.doc, _first_paragraph(entry.section)
    return section if section.startswith(doc.rstrip(".")) else f"{doc} {section}".strip()


def _setting_type_text(entry: Setting) -> str:
    value_type = entry.declared
    if isinstance(value_type, ListOf):
        return "a list of mappings"
    if isinstance(value_type, MapOf):
        return "a mapping of names to settings"
    if isinstance(value_type, str):
        return _type_text(value_type, entry.minimum, entry.maximum)
    words = ["a mapping", *bare_keys(value_type)]
    words += [f"{describe_type(parse_type(expression))} (its {key})" for expression, key in value_type.SHORTHAND]
    words += ["null"] if entry.nullable else []
    return words[0] if len(words) == 1 else ", ".join(words[:-1]) + " or " + words[-1]


def setting_default_text(entry: Setting) -> str:
    return _section_text(entry.default) if isinstance(entry.default, Section) else to_flow(entry.default)


def _section_text(value: Section) -> str:
    """Only what differs from the section's own defaults; `{}` is written as the words it means."""
    values = {key: (getattr(value, entry.name), entry) for key, entry in settings_of(type(value)).items()}
    differing = {key: item for key, (item, entry) in values.items() if entry.required or item != entry.default}
    return to_flow(differing) if differing else "its settings' defaults"


def _type_text(expression: str, minimum: float | None, maximum: float | None) -> str:
    text = describe_type(parse_type(expression))
    if minimum is not None and maximum is not None:
        return f"{text}, from {minimum:g} to {maximum:g}"
    if minimum is not None:
        return f"{text}, at least {minimum:g}"
    return text if maximum is None else f"{text}, at most {maximum:g}"


def _first_paragraph(section: type[Section] | None) -> str:
    return " ".join((section.__doc__ or "").split("\n\n")[0].split()) if section else ""
