"""Putting files, profiles, variants, `--set` and flags over each other.

Mappings merge, lists replace, null deletes where null is not a value of its own. A mapping that names a choice
(an optimizer, a schedule, a layer) is replaced whole, unless both sides name the same choice: then the arguments
merge. Both sides are brought into canonical form first, so that `Dense: 300` and `Dense: {units: 300}` are the
same thing. Every value keeps the location where it was written.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NoReturn

from kerasdeep import catalog
from kerasdeep.catalog import types
from kerasdeep.config.schema import ListOf, MapOf, Section, expand_shorthand, settings_of
from kerasdeep.errors import InputError, SourceLocation, suggest
from kerasdeep.yaml_nodes import Mapping, Node, Pair, Scalar, Sequence


@dataclass(frozen=True, slots=True)
class ChoiceArguments:
    """The arguments of one catalogue entry."""

    family: str
    name: str


@dataclass(frozen=True, slots=True)
class SchemaNode:
    """What may stand somewhere in the tree: a section, a choice's arguments, a type expression or anything."""

    of: type[Section] | ListOf | MapOf | ChoiceArguments | str | None
    nullable: bool = True

    @property
    def is_one_of(self) -> bool:
        """Whether what is written here replaces what was there."""
        return isinstance(self.of, type) and self.of.ONE_OF

    @property
    def beside(self) -> frozenset[str]:
        """The keys that may stand beside the one of the section, and survive where it is set alone."""
        return self.of.BESIDE if isinstance(self.of, type) else frozenset()

    @property
    def families(self) -> list[str]:
        atoms = types.parse_type(self.of) if isinstance(self.of, str) else ()
        return [atom.kind for atom in atoms if atom.kind in types.FAMILIES]

    @property
    def must_be_choice(self) -> bool:
        """Whether a mapping here can be nothing but a choice, even one whose name is mistyped."""
        kinds = {atom.kind for atom in types.parse_type(self.of)} if isinstance(self.of, str) else set()
        return bool(self.families) and not kinds & {"map", "any"}

    def family_of(self, node: Node) -> str | None:
        """The catalogue family that `node` names a member of, if one is allowed here."""
        name = _choice_name(node)
        return next((family for family in self.families if name and catalog.find_entry(family, name)), None)

    def child(self, key: str) -> SchemaNode:
        """What may stand under `key`, or as an item of a list here."""
        if isinstance(self.of, ChoiceArguments):
            argument = catalog.entries(self.of.family)[self.of.name].arguments.get(key)
            return _type_node(argument.type) if argument else SchemaNode(None)
        if isinstance(self.of, str):
            inner = [atom.of for atom in types.parse_type(self.of) if atom.kind in ("list", "map")]
            return _type_node(types.format_type(inner[0])) if inner else SchemaNode(None)
        if isinstance(self.of, ListOf | MapOf):
            return SchemaNode(self.of.section, nullable=isinstance(self.of, ListOf))
        if self.of is None:
            return self
        entry = settings_of(self.of).get(key)
        return SchemaNode(entry.declared, entry.nullable) if entry else SchemaNode(None)


def _type_node(expression: str) -> SchemaNode:
    return SchemaNode(expression, types.is_nullable(expression))


def _choice_name(node: Node) -> str | None:
    if isinstance(node, Scalar):
        return node.text
    if isinstance(node, Mapping):
        return next((key for key in node.pairs if key not in ("name", "inputs")), None)
    return None


def canonicalize(schema_node: SchemaNode, node: Node) -> Node:
    """`node` with every shorthand written out; what is wrong in it stays and is reported when it is read."""
    if isinstance(schema_node.of, type):
        node = expand_shorthand(schema_node.of, node)
    family = schema_node.family_of(node)
    if family:
        return _canonicalize_choice(family, node)
    if isinstance(node, Sequence):
        return Sequence(tuple(canonicalize(schema_node.child(""), item) for item in node.items), node.location)
    if isinstance(node, Mapping):
        inner = {key: canonicalize(schema_node.child(key), pair.value) for key, pair in node.pairs.items()}
        return Mapping({key: Pair(pair.key, inner[key]) for key, pair in node.pairs.items()}, node.location)
    return node


def _canonicalize_choice(family: str, node: Node) -> Node:
    node = catalog.canonical_choice(family, node)
    name = _choice_name(node)
    if not isinstance(node, Mapping) or name is None or name not in catalog.entries(family):
        return node
    pair = node.pairs[name]
    inner = canonicalize(SchemaNode(ChoiceArguments(family, name)), pair.value)
    return Mapping({**node.pairs, name: Pair(pair.key, inner)}, node.location)


def merge(schema_node: SchemaNode, base: Node | None, override: Node) -> Node | None:
    """`override` put over `base`, both canonical; None where null deletes."""
    if isinstance(override, Scalar) and override.is_null and not schema_node.nullable and base is not None:
        return None
    if not isinstance(base, Mapping) or not isinstance(override, Mapping):
        return override
    if schema_node.is_one_of:
        stated = set(override.pairs) - schema_node.beside
        only_beside = bool(override.pairs) and not stated
        if not only_beside and stated != set(base.pairs) - schema_node.beside:
            return override
    family = schema_node.family_of(override)
    if (family or schema_node.must_be_choice) and _choice_name(base) != _choice_name(override):
        return override
    pairs = dict(base.pairs)
    for key, pair in override.pairs.items():
        child = SchemaNode(ChoiceArguments(family, key)) if family else schema_node.child(key)
        merged = merge(child, pairs[key].value if key in pairs else None, pair.value)
        if merged is None:
            del pairs[key]
        else:
            pairs[key] = Pair(pair.key, merged)
    return Mapping(pairs, override.location if family else base.location)


def set_path(schema_node: SchemaNode, root: Node | None, path: list[str], value: Node, origin: str) -> Node | None:
    """`value` put at `path` (`network.layers.1.Dense.units`) under `root`, everything else as it was.

    `origin` names the option in messages. Raises `InputError` where the path leads through something that has no
    such key or index.
    """
    if not path:
        return merge(schema_node, root, canonicalize(schema_node, value))
    key, rest, location = path[0], path[1:], SourceLocation(origin)
    if isinstance(root, Sequence):
        return _set_item(schema_node, root, key, rest, value, origin)
    if isinstance(schema_node.of, ListOf):
        message = f"there is no list here yet, so index `{key}` cannot be set. Write the list in the file."
        _raise_unknown_key(message, location)
    child, key = _step(schema_node, root, key, location)
    pairs = dict(root.pairs) if isinstance(root, Mapping) else {}
    if schema_node.is_one_of and key not in schema_node.beside:
        kept = {key, *schema_node.beside} if key in pairs else set()
        pairs = {name: pair for name, pair in pairs.items() if name in kept}
    if isinstance(child.of, ChoiceArguments) and key not in pairs:
        pairs = {}  # another choice than before: the old one's arguments are not its arguments
    inner = set_path(child, pairs[key].value if key in pairs else None, rest, value, origin)
    if inner is None:
        del pairs[key]
    else:
        pairs[key] = Pair(pairs[key].key if key in pairs else Scalar(key, False, location), inner)
    return Mapping(pairs, root.location if isinstance(root, Mapping) else location)


def _set_item(schema_node: SchemaNode, root: Sequence, key: str, rest: list[str], value: Node, origin: str) -> Node:
    count = len(root.items)
    if not key.isdecimal() or int(key) > count or (int(key) == count and rest):
        message = f"`{key}` is not an index of this list of {count} items. Expected 0 to {count - 1}, or {count} for "
        _raise_unknown_key(f"{message}a whole item more.", SourceLocation(origin))
    items = list(root.items)
    old = items[int(key)] if int(key) < count else None
    updated = set_path(schema_node.child(key), old, rest, value, origin)
    items[int(key) : int(key) + 1] = [] if updated is None else [updated]
    return Sequence(tuple(items), root.location)


def _step(schema_node: SchemaNode, root: Node | None, key: str, location: SourceLocation) -> tuple[SchemaNode, str]:
    """What stands below `key`, and the key in its canonical spelling."""
    for family in schema_node.families:
        entry = catalog.find_entry(family, key)
        if entry:
            return SchemaNode(ChoiceArguments(family, entry.name)), entry.name
    if schema_node.families and not isinstance(root, Mapping | None):
        root = None
    child = schema_node.child(key)
    if child.of is not None or schema_node.of is None:
        return child, key
    return _raise_unknown_step(schema_node, root, key, location)


def _raise_unknown_step(schema_node: SchemaNode, root: Node | None, key: str, location: SourceLocation) -> NoReturn:
    if schema_node.families:
        written = _choice_name(root) if root else None
        hint = f" Write its name first: `{written}.{key}`." if written else ""
        words = catalog.suggestable_names(schema_node.families[0])
        _raise_unknown_key(f"`{key}` is not a Keras {schema_node.families[0]}.{hint}", location, suggest(key, words))
    if isinstance(schema_node.of, ChoiceArguments):
        known = list(catalog.entries(schema_node.of.family)[schema_node.of.name].arguments)
        message = f"`{key}` is not an argument of {schema_node.of.name}. It has: {', '.join(known)}."
        _raise_unknown_key(message, location, suggest(key, known))
    if isinstance(schema_node.of, str):
        description = types.describe_type(types.parse_type(schema_node.of))
        _raise_unknown_key(f"nothing can be set below a value ({description}).", location)
    known = list(settings_of(schema_node.of)) if isinstance(schema_node.of, type) else []
    _raise_unknown_key(f"`{key}` is not a setting here. It has: {', '.join(known)}.", location, suggest(key, known))


def _raise_unknown_key(message: str, location: SourceLocation, suggestion: str | None = None) -> NoReturn:
    raise InputError(message, "unknown-key", location, suggestion)
