"""From a node to a choice: `Name`, `Name: shorthand value`, `Name: {argument: value}`, and wrapped layers.

A layer's `name` and `inputs` may also stand beside its name (`{Dense: 300, name: wide}`).
A wrapper's short form (`Bidirectional: {LSTM: 64}`) is recognised by one rule: the mapping has one key, which is
no argument of the wrapper and names an entry of the family that the wrapper's shorthand takes.
"""

from dataclasses import replace
from typing import Any

from kerasdeep.catalog.entries import Choice, Entry
from kerasdeep.catalog.grammar import FAMILIES, Atom, describe_type, parse_type
from kerasdeep.catalog.registry import entries, find_entry, suggestable_names
from kerasdeep.catalog.types import INVALID, Duration, describe_node, read_value
from kerasdeep.errors import Problems, suggest
from kerasdeep.yaml_nodes import Mapping, Node, Pair, Scalar, Sequence

SIBLING_KEYS = {"layer": ("name", "inputs")}
"""Keys that may stand beside the name (`- Dense: 300` / `  name: wide`) as well as among the arguments."""
_ARTICLES = {family: "an" if family[0] in "aio" else "a" for family in FAMILIES}


def read_choice(family: str, node: Node, problems: Problems, key_path: str = "") -> Choice | None:
    """The choice that `node` writes, or None after every problem in it was reported."""
    key_path, errors_before = key_path or family, len(problems.errors)
    node = _with_siblings(family, node, problems)
    key = _read_name(family, node, problems, key_path)
    if key is None:
        return None
    entry = find_entry(family, key.text)
    if entry is None:
        _report_unknown_name(family, key, problems, key_path)
        return None
    if entry.refused:
        problems.error("refused", f"`{entry.name}` cannot be used: {entry.refused}", key.location)
        return None
    if entry.warning:
        name, message = entry.warning
        problems.warn(name, message, key.location)
    value = node.pairs[key.text].value if isinstance(node, Mapping) else None
    written = _written_arguments(entry, value, problems, key_path)
    if written is None:
        return None
    arguments = _read_arguments(entry, written, key, problems, key_path)
    return Choice(family, entry.name, arguments, key.location) if len(problems.errors) == errors_before else None


def _with_siblings(family: str, node: Node, problems: Problems) -> Node:
    """`{Dense: 300, name: wide}` as `{Dense: {units: 300, name: wide}}`; without a layer's name, as it is."""
    sibling_keys = SIBLING_KEYS.get(family, ())
    if not isinstance(node, Mapping) or not any(key in sibling_keys for key in node.pairs):
        return node
    names = [key for key in node.pairs if key not in sibling_keys]
    if len(names) != 1:
        return node
    pair = node.pairs[names[0]]
    entry = find_entry(family, names[0])
    arguments = _written_arguments(entry, pair.value, Problems(), "") if entry else None
    if entry is None or arguments is None:
        return Mapping({names[0]: pair}, node.location)
    sibling_pairs = {key: node.pairs[key] for key in sibling_keys if key in node.pairs}
    for key in [key for key in sibling_pairs if key in arguments]:
        message = f"`{key}` is written beside {entry.name} and among its arguments. Keep one."
        problems.error("duplicate-key", message, sibling_pairs[key].key.location)
    merged = Mapping({**arguments, **sibling_pairs}, pair.value.location)
    return Mapping({names[0]: Pair(pair.key, merged)}, node.location)


def _read_name(family: str, node: Node, problems: Problems, key_path: str) -> Scalar | None:
    """The scalar that carries the name, or None after a problem was reported."""
    if isinstance(node, Scalar) and not node.is_null:
        return node
    if isinstance(node, Mapping) and len(node.pairs) == 1:
        return next(iter(node.pairs.values())).key
    example = next(iter(entries(family)))
    expected = f"Expected {_ARTICLES[family]} {family}: `Name`, `Name: value` or `Name: {{argument: value}}`"
    if isinstance(node, Mapping) and node.pairs:
        first, *others = node.pairs
        entry = find_entry(family, first)
        if entry and all(other in entry.arguments for other in others):
            hint = f"Indent {', '.join(others)} below `{first}:`, or write `{first}: {{…}}`."
        else:
            hint = "Give one name."
        problems.error("one-name", f"`{key_path}` has {len(node.pairs)} keys. {expected}. {hint}", node.location)
        return None
    message = f"`{key_path}` is {describe_node(node)}. {expected}, for example {example}."
    problems.error("wrong-type", message, node.location)
    return None


def _report_unknown_name(family: str, key: Scalar, problems: Problems, key_path: str) -> None:
    suggestion = suggest(key.text, suggestable_names(family))
    hint = ""
    activation = find_entry("activation", key.text) if family == "layer" else None
    if activation:
        suggestion = f"`Activation: {activation.name}`"
    elif suggestion is None:
        others = [other for other in FAMILIES if other != family and find_entry(other, key.text)]
        hint = f" ({key.text} is {_ARTICLES[others[0]]} {others[0]}.)" if others else ""
    message = f"`{key_path}`: {family} {key.text} is not known.{hint} List them: kerasdeep explain {family}."
    problems.error(f"unknown-{family}", message, key.location, suggestion)


def _written_arguments(entry: Entry, value: Node | None, problems: Problems, key_path: str) -> dict[str, Pair] | None:
    """The written arguments by name, shorthands spelled out, or None after a problem was reported."""
    if value is None or (isinstance(value, Scalar) and value.is_null):
        return {}
    if isinstance(value, Mapping) and not _is_short_form(entry, value):
        return value.pairs
    if entry.shorthand:
        return {entry.shorthand: Pair(Scalar(entry.shorthand, False, value.location), value)}
    named = ", ".join(f"{name}: …" for name in entry.required or list(entry.arguments)[:1])
    takes = f"its arguments by name: `{entry.name}: {{{named}}}`" if named else "no arguments"
    message = f"`{key_path}.{entry.name}` is {describe_node(value)}. {entry.name} takes {takes}."
    problems.error("wrong-type", message, value.location)
    return None


def _wrapped_families(entry: Entry) -> tuple[str, ...]:
    """The families that the shorthand takes, directly (`layer`) or in a list."""
    if not entry.shorthand:
        return ()
    return tuple(atom.kind for atom in _family_atoms(parse_type(entry.arguments[entry.shorthand].type)))


def _family_atoms(atoms: tuple[Atom, ...]) -> list[Atom]:
    return [atom for atom in atoms if atom.kind in FAMILIES]


def _is_short_form(entry: Entry, value: Mapping) -> bool:
    if len(value.pairs) != 1:
        return False
    name = next(iter(value.pairs))
    return name not in entry.arguments and any(find_entry(family, name) for family in _wrapped_families(entry))


def _read_arguments(
    entry: Entry, written: dict[str, Pair], key: Scalar, problems: Problems, key_path: str
) -> dict[str, Any]:
    """The values of the arguments that are right; the others are reported."""
    values: dict[str, Any] = {}
    guessed_names = set()
    for name, pair in written.items():
        if problems.is_full:
            break
        argument = entry.arguments.get(name)
        if argument is None:
            guessed_names.add(_report_unknown_argument(entry, pair, problems))
        elif argument.refused:
            problems.error("refused", f"`{entry.name}.{name}` cannot be used: {argument.refused}", pair.key.location)
        else:
            argument_path = f"{key_path}.{entry.name}.{name}"
            value = read_value(argument.type, pair.value, problems, argument_path, argument.minimum, argument.maximum)
            if value is not INVALID:
                values[name] = value
            elif argument.hint and problems.items[-1].name == "wrong-type":
                last = problems.items.pop()
                problems.items.append(replace(last, message=f"{last.message} {argument.hint}"))
    for name in entry.required:
        if name not in written and name not in guessed_names:
            expected = describe_type(parse_type(entry.arguments[name].type))
            problems.error("missing-argument", f"{entry.name} needs `{name}`: {expected}.", key.location)
    for group in entry.exclusive:
        given = [name for name in group if values.get(name) is not None]
        if len(given) > 1:
            message = f"{entry.name} takes one of {', '.join(group)}; {' and '.join(given)} are given. Keep one."
            problems.error("conflict", message, written[given[1]].key.location)
    return values


def _report_unknown_argument(entry: Entry, pair: Pair, problems: Problems) -> str | None:
    """The argument that was meant, if a suggestion was found; a wrapper's short form may have meant a name."""
    word = pair.key.text
    usable = [name for name, argument in entry.arguments.items() if not argument.refused]
    names = [name for family in _wrapped_families(entry) for name in suggestable_names(family)]
    argument, name = suggest(word, usable), suggest(word, names)
    suggestion = argument or name
    shown = ", ".join(usable[:12]) + (", …" if len(usable) > 12 else "")
    expected = f"Its arguments: {shown}." if usable else "It takes none."
    message = f"{entry.name} has no argument `{word}`. {expected}"
    problems.error("unknown-argument", message, pair.key.location, suggestion)
    return argument or (entry.shorthand if name else None)


def canonical_choice(family: str, node: Node) -> Node:
    """The node as `{Name: {argument: value}}`, locations kept, so that files merge by name and argument.

    Nested choices are rewritten too. What cannot be understood stays as it is: `read_choice` says what is wrong.
    """
    node = _with_siblings(family, node, Problems())
    if isinstance(node, Scalar) and not node.is_null:
        entry = find_entry(family, node.text)
        return _canonical_mapping(entry, node, None, node) if entry else node
    if isinstance(node, Mapping) and len(node.pairs) == 1:
        pair = next(iter(node.pairs.values()))
        entry = find_entry(family, pair.key.text)
        return _canonical_mapping(entry, pair.key, pair.value, node) if entry else node
    return node


def _canonical_mapping(entry: Entry, key: Scalar, value: Node | None, node: Node) -> Node:
    written = _written_arguments(entry, value, Problems(), "")
    if written is None:
        return node
    pairs = {name: Pair(pair.key, _canonical_value(entry, name, pair.value)) for name, pair in written.items()}
    arguments = Mapping(pairs, value.location if value is not None else key.location)
    return Mapping({entry.name: Pair(Scalar(entry.name, False, key.location), arguments)}, node.location)


def _canonical_value(entry: Entry, name: str, value: Node) -> Node:
    argument = entry.arguments.get(name)
    if argument is None:
        return value
    for atom in parse_type(argument.type):
        if isinstance(value, Sequence) and atom.kind == "list":
            for inner in _family_atoms(atom.of):
                return Sequence(tuple(canonical_choice(inner.kind, item) for item in value.items), value.location)
        elif atom.kind in FAMILIES and isinstance(value, Mapping | Scalar):
            return canonical_choice(atom.kind, value)
    return value


def to_plain(value: Any) -> Any:
    """A choice (or any value that holds choices) as plain data for YAML: `Name` or `{Name: {argument: value}}`."""
    if isinstance(value, Choice):
        return {value.name: to_plain(dict(value.arguments))} if value.arguments else value.name
    if isinstance(value, dict):
        return {name: to_plain(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [to_plain(item) for item in value]
    return str(value) if isinstance(value, Duration) else value
