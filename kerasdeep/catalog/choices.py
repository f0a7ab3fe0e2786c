"""From a node to a choice: `Name`, `Name: shorthand value`, `Name: {argument: value}`, and wrapped layers.

A layer's `name` and `inputs` may also stand beside its name (`{Dense: 300, name: wide}`).
A wrapper's short form (`Bidirectional: {LSTM: 64}`) is recognised by one rule: the mapping has one key, which is
no argument of the wrapper and names an entry of the family that the wrapper's shorthand takes.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from kerasdeep.catalog.entries import Choice, Entry
from kerasdeep.catalog.table import entries, find, spellings
from kerasdeep.catalog.types import FAMILIES, INVALID, Atom, Duration, alternatives, described, read, spelled
from kerasdeep.errors import Report, closest
from kerasdeep.source import Mapping, Node, Pair, Scalar, Sequence

SIBLINGS = {"layer": ("name", "inputs")}
"""Keys that may stand beside the name (`- Dense: 300` / `  name: wide`) as well as among the arguments."""
_ARTICLES = {family: "an" if family[0] in "aio" else "a" for family in FAMILIES}


def read_choice(family: str, node: Node, report: Report, where: str = "") -> Choice | None:
    """The choice that `node` writes, or None after the report got every problem found in it."""
    where, before = where or family, len(report.errors)
    node = _with_siblings(family, node, report)
    key = _name_of(family, node, report, where)
    if key is None:
        return None
    entry = find(family, key.text)
    if entry is None:
        _report_unknown_name(family, key, report, where)
        return None
    if entry.refused:
        report.error("refused", f"`{entry.name}` cannot be used: {entry.refused}", key.mark)
        return None
    if entry.warning:
        name, message = entry.warning
        report.warn(name, message, key.mark)
    value = node.pairs[key.text].value if isinstance(node, Mapping) else None
    written = _arguments_of(entry, value, report, where)
    if written is None:
        return None
    arguments = _read_arguments(entry, written, key, report, where)
    return Choice(family, entry.name, arguments, key.mark) if len(report.errors) == before else None


def _with_siblings(family: str, node: Node, report: Report) -> Node:
    """`{Dense: 300, name: wide}` as `{Dense: {units: 300, name: wide}}`; without a layer's name, as it is."""
    beside = SIBLINGS.get(family, ())
    if not isinstance(node, Mapping) or not any(key in beside for key in node.pairs):
        return node
    names = [key for key in node.pairs if key not in beside]
    if len(names) != 1:
        return node
    pair = node.pairs[names[0]]
    entry = find(family, names[0])
    inside = _arguments_of(entry, pair.value, Report(), "") if entry else None
    if inside is None:
        return Mapping({names[0]: pair}, node.mark)
    moved = {key: node.pairs[key] for key in beside if key in node.pairs}
    for key in [key for key in moved if key in inside]:
        message = f"`{key}` is written beside {entry.name} and among its arguments. Keep one."
        report.error("duplicate-key", message, moved[key].key.mark)
    return Mapping({names[0]: Pair(pair.key, Mapping({**inside, **moved}, pair.value.mark))}, node.mark)


def _name_of(family: str, node: Node, report: Report, where: str) -> Scalar | None:
    """The scalar that carries the name, or None after a problem was reported."""
    if isinstance(node, Scalar) and not node.is_null:
        return node
    if isinstance(node, Mapping) and len(node.pairs) == 1:
        return next(iter(node.pairs.values())).key
    example = next(iter(entries(family)))
    expected = f"Expected {_ARTICLES[family]} {family}: `Name`, `Name: value` or `Name: {{argument: value}}`"
    if isinstance(node, Mapping) and node.pairs:
        first, *others = node.pairs
        entry = find(family, first)
        if entry and all(other in entry.arguments for other in others):
            hint = f"Indent {', '.join(others)} below `{first}:`, or write `{first}: {{…}}`."
        else:
            hint = "Give one name."
        report.error("one-name", f"`{where}` has {len(node.pairs)} keys. {expected}. {hint}", node.mark)
        return None
    report.error("wrong-type", f"`{where}` is {spelled(node)}. {expected}, for example {example}.", node.mark)
    return None


def _report_unknown_name(family: str, key: Scalar, report: Report, where: str) -> None:
    suggestion = closest(key.text, spellings(family))
    hint = ""
    if family == "layer" and find("activation", key.text):
        suggestion = f"`Activation: {find('activation', key.text).name}`"
    elif suggestion is None:
        others = [other for other in FAMILIES if other != family and find(other, key.text)]
        hint = f" ({key.text} is {_ARTICLES[others[0]]} {others[0]}.)" if others else ""
    report.error(
        f"unknown-{family}",
        f"`{where}`: {family} {key.text} is not known.{hint} List them: kerasdeep explain {family}.",
        key.mark,
        suggestion,
    )


def _arguments_of(entry: Entry, value: Node | None, report: Report, where: str) -> dict[str, Pair] | None:
    """The written arguments by name, shorthands spelled out, or None after a problem was reported."""
    if value is None or (isinstance(value, Scalar) and value.is_null):
        return {}
    if isinstance(value, Mapping) and not _is_short_form(entry, value):
        return value.pairs
    if entry.shorthand:
        return {entry.shorthand: Pair(Scalar(entry.shorthand, False, value.mark), value)}
    named = ", ".join(f"{name}: …" for name in entry.required or list(entry.arguments)[:1])
    takes = (
        f"{entry.name} takes its arguments by name: `{entry.name}: {{{named}}}`."
        if named
        else f"{entry.name} takes no arguments."
    )
    report.error("wrong-type", f"`{where}.{entry.name}` is {spelled(value)}. {takes}", value.mark)
    return None


def _wrapped_families(entry: Entry) -> tuple[str, ...]:
    """The families that the shorthand takes, directly (`layer`) or in a list."""
    if not entry.shorthand:
        return ()
    return tuple(atom.kind for atom in _flat(alternatives(entry.arguments[entry.shorthand].type)))


def _flat(atoms: tuple[Atom, ...]) -> list[Atom]:
    return [atom for atom in atoms if atom.kind in FAMILIES]


def _is_short_form(entry: Entry, value: Mapping) -> bool:
    if len(value.pairs) != 1:
        return False
    name = next(iter(value.pairs))
    return name not in entry.arguments and any(find(family, name) for family in _wrapped_families(entry))


def _read_arguments(
    entry: Entry, written: dict[str, Pair], key: Scalar, report: Report, where: str
) -> dict[str, Any]:
    """The values of the arguments that are right; the others are reported."""
    values: dict[str, Any] = {}
    meant = set()
    for name, pair in written.items():
        if report.full:
            break
        argument = entry.arguments.get(name)
        if argument is None:
            meant.add(_report_unknown_argument(entry, pair, report))
        elif argument.refused:
            report.error("refused", f"`{entry.name}.{name}` cannot be used: {argument.refused}", pair.key.mark)
        else:
            place = f"{where}.{entry.name}.{name}"
            value = read(argument.type, pair.value, report, place, argument.minimum, argument.maximum)
            if value is not INVALID:
                values[name] = value
            elif argument.hint and report.problems[-1].name == "wrong-type":
                last = report.problems.pop()
                report.problems.append(replace(last, message=f"{last.message} {argument.hint}"))
    for name in entry.required:
        if name not in written and name not in meant:
            expected = described(alternatives(entry.arguments[name].type))
            report.error("missing-argument", f"{entry.name} needs `{name}`: {expected}.", key.mark)
    for group in entry.exclusive:
        given = [name for name in group if values.get(name) is not None]
        if len(given) > 1:
            message = f"{entry.name} takes one of {', '.join(group)}; {' and '.join(given)} are given. Keep one."
            report.error("conflict", message, written[given[1]].key.mark)
    return values


def _report_unknown_argument(entry: Entry, pair: Pair, report: Report) -> str | None:
    """The argument that was meant, if a suggestion was found; a wrapper's short form may have meant a name."""
    word = pair.key.text
    usable = [name for name, argument in entry.arguments.items() if not argument.refused]
    names = [name for family in _wrapped_families(entry) for name in spellings(family)]
    argument, name = closest(word, usable), closest(word, names)
    suggestion = argument or name
    shown = ", ".join(usable[:12]) + (", …" if len(usable) > 12 else "")
    expected = f"Its arguments: {shown}." if usable else "It takes none."
    report.error(
        "unknown-argument", f"{entry.name} has no argument `{word}`. {expected}", pair.key.mark, suggestion
    )
    return argument or (entry.shorthand if name else None)


def canonical(family: str, node: Node) -> Node:
    """The node as `{Name: {argument: value}}`, marks kept, so that files merge by name and argument.

    Nested choices are rewritten too. What cannot be understood stays as it is: `read_choice` says what is wrong.
    """
    node = _with_siblings(family, node, Report())
    if isinstance(node, Scalar) and not node.is_null:
        entry = find(family, node.text)
        return _canonical_mapping(entry, node, None, node) if entry else node
    if isinstance(node, Mapping) and len(node.pairs) == 1:
        pair = next(iter(node.pairs.values()))
        entry = find(family, pair.key.text)
        return _canonical_mapping(entry, pair.key, pair.value, node) if entry else node
    return node


def _canonical_mapping(entry: Entry, key: Scalar, value: Node | None, node: Node) -> Node:
    written = _arguments_of(entry, value, Report(), "")
    if written is None:
        return node
    inside = {name: Pair(pair.key, _canonical_value(entry, name, pair.value)) for name, pair in written.items()}
    arguments = Mapping(inside, value.mark if value is not None else key.mark)
    return Mapping({entry.name: Pair(Scalar(entry.name, False, key.mark), arguments)}, node.mark)


def _canonical_value(entry: Entry, name: str, value: Node) -> Node:
    argument = entry.arguments.get(name)
    if argument is None:
        return value
    for atom in alternatives(argument.type):
        if isinstance(value, Sequence) and atom.kind == "list":
            for inner in _flat(atom.of):
                return Sequence(tuple(canonical(inner.kind, item) for item in value.items), value.mark)
        elif atom.kind in FAMILIES and isinstance(value, Mapping | Scalar):
            return canonical(atom.kind, value)
    return value


def dump(value: Any) -> Any:
    """A choice (or any value that holds choices) as plain data for YAML: `Name` or `{Name: {argument: value}}`."""
    if isinstance(value, Choice):
        return {value.name: dump(dict(value.arguments))} if value.arguments else value.name
    if isinstance(value, dict):
        return {name: dump(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [dump(item) for item in value]
    return str(value) if isinstance(value, Duration) else value
