"""Putting files, profiles, variants, `--set` and flags over each other.

Mappings merge, lists replace, null deletes where null is not a value of its own. A mapping that names a choice
(an optimizer, a schedule, a layer) is replaced whole, unless both sides name the same choice: then the arguments
merge. Both sides are brought into canonical form first, so that `Dense: 300` and `Dense: {units: 300}` are the
same thing. Every value keeps the mark of where it was written.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NoReturn

from kerasdeep import catalog
from kerasdeep.catalog import types
from kerasdeep.errors import InputError, Mark, Problem, closest
from kerasdeep.source import Mapping, Node, Pair, Scalar, Sequence
from kerasdeep.spec.settings import (
    ListOf,
    Section,
    admits_null,
    expand_shorthand,
    find_setting,
    key_of,
    settings,
)


@dataclass(frozen=True, slots=True)
class Arguments:
    """The arguments of one catalogue entry."""

    family: str
    name: str


@dataclass(frozen=True, slots=True)
class Place:
    """What may stand somewhere in the tree: a section, a choice's arguments, a type expression or anything."""

    of: type[Section] | ListOf | Arguments | str | None
    nullable: bool = True

    @property
    def one_of(self) -> bool:
        """Whether what is written here replaces what was there."""
        return isinstance(self.of, type) and self.of.ONE_OF

    @property
    def families(self) -> list[str]:
        atoms = types.alternatives(self.of) if isinstance(self.of, str) else ()
        return [atom.kind for atom in atoms if atom.kind in types.FAMILIES]

    @property
    def names_choice(self) -> bool:
        """Whether a mapping here can be nothing but a choice, even one whose name is mistyped."""
        kinds = {atom.kind for atom in types.alternatives(self.of)} if isinstance(self.of, str) else set()
        return bool(self.families) and not kinds & {"map", "any"}

    def family_of(self, node: Node) -> str | None:
        """The catalogue family that `node` names a member of, if one is allowed here."""
        name = _name(node)
        return next((family for family in self.families if name and catalog.find(family, name)), None)

    def below(self, key: str) -> Place:
        """What may stand under `key`, or as an item of a list here."""
        if isinstance(self.of, Arguments):
            argument = catalog.entries(self.of.family)[self.of.name].arguments.get(key)
            return _typed(argument.type) if argument else Place(None)
        if isinstance(self.of, str):
            inner = [atom.of for atom in types.alternatives(self.of) if atom.kind in ("list", "map")]
            return _typed(types.spell(inner[0])) if inner else Place(None)
        if isinstance(self.of, ListOf):
            return Place(self.of.section)
        if self.of is None:
            return self
        entry = find_setting(self.of, key)
        return Place(entry.metadata["of"], admits_null(entry)) if entry else Place(None)


def _typed(expression: str) -> Place:
    return Place(expression, any(atom.kind in ("null", "any") for atom in types.alternatives(expression)))


def _name(node: Node) -> str | None:
    if isinstance(node, Scalar):
        return node.text
    if isinstance(node, Mapping):
        return next((key for key in node.pairs if key not in ("name", "inputs")), None)
    return None


def canonical(place: Place, node: Node) -> Node:
    """`node` with every shorthand written out; what is wrong in it stays and is reported when it is read."""
    if isinstance(place.of, type):
        node = expand_shorthand(place.of, node)
    family = place.family_of(node)
    if family:
        return _canonical_choice(family, node)
    if isinstance(node, Sequence):
        return Sequence(tuple(canonical(place.below(""), item) for item in node.items), node.mark)
    if isinstance(node, Mapping):
        pairs = {key: Pair(pair.key, canonical(place.below(key), pair.value)) for key, pair in node.pairs.items()}
        return Mapping(pairs, node.mark)
    return node


def _canonical_choice(family: str, node: Node) -> Node:
    node = catalog.canonical(family, node)
    name = _name(node)
    if not isinstance(node, Mapping) or name not in catalog.entries(family):
        return node
    pair = node.pairs[name]
    inner = canonical(Place(Arguments(family, name)), pair.value)
    return Mapping({**node.pairs, name: Pair(pair.key, inner)}, node.mark)


def merge(place: Place, base: Node | None, over: Node) -> Node | None:
    """`over` put over `base`, both canonical; None where null deletes."""
    if isinstance(over, Scalar) and over.is_null and not place.nullable and base is not None:
        return None
    if not isinstance(base, Mapping) or not isinstance(over, Mapping):
        return over
    if place.one_of and set(base.pairs) != set(over.pairs):
        return over
    family = place.family_of(over)
    if (family or place.names_choice) and _name(base) != _name(over):
        return over
    pairs = dict(base.pairs)
    for key, pair in over.pairs.items():
        below = Place(Arguments(family, key)) if family else place.below(key)
        merged = merge(below, pairs[key].value if key in pairs else None, pair.value)
        if merged is None:
            del pairs[key]
        else:
            pairs[key] = Pair(pair.key, merged)
    return Mapping(pairs, over.mark if family else base.mark)


def put(place: Place, root: Node | None, path: list[str], value: Node, origin: str) -> Node | None:
    """`value` put at `path` (`network.layers.1.Dense.units`) under `root`, everything else as it was.

    `origin` names the option in messages. Raises `InputError` where the path leads through something that has no
    such key or index.
    """
    if not path:
        return merge(place, root, canonical(place, value))
    key, rest, mark = path[0], path[1:], Mark(origin)
    if isinstance(root, Sequence):
        return _put_item(place, root, key, rest, value, origin)
    if isinstance(place.of, ListOf):
        _refuse(f"there is no list here that has a place `{key}`. Write the list in the file.", mark)
    below, key = _step(place, root, key, mark)
    pairs = dict(root.pairs) if isinstance(root, Mapping) else {}
    if place.one_of:
        pairs = {name: pair for name, pair in pairs.items() if name == key}
    if isinstance(below.of, Arguments) and key not in pairs:
        pairs = {}  # another choice than before: the old one's arguments are not its arguments
    inner = put(below, pairs[key].value if key in pairs else None, rest, value, origin)
    if inner is None:
        del pairs[key]
    else:
        pairs[key] = Pair(pairs[key].key if key in pairs else Scalar(key, False, mark), inner)
    return Mapping(pairs, root.mark if isinstance(root, Mapping) else mark)


def _put_item(place: Place, root: Sequence, key: str, rest: list[str], value: Node, origin: str) -> Node:
    count = len(root.items)
    if not key.isdecimal() or int(key) >= count:
        _refuse(f"`{key}` is no place in a list of {count}. Expected 0 to {count - 1}.", Mark(origin))
    items = list(root.items)
    changed = put(place.below(key), items[int(key)], rest, value, origin)
    items[int(key) : int(key) + 1] = [] if changed is None else [changed]
    return Sequence(tuple(items), root.mark)


def _step(place: Place, root: Node | None, key: str, mark: Mark) -> tuple[Place, str]:
    """What stands below `key`, and the key in its canonical spelling."""
    for family in place.families:
        entry = catalog.find(family, key)
        if entry:
            return Place(Arguments(family, entry.name)), entry.name
    if place.families and not isinstance(root, Mapping | None):
        root = None
    below = place.below(key)
    if below.of is not None or place.of is None:
        return below, key
    return _refuse_step(place, root, key, mark)


def _refuse_step(place: Place, root: Node | None, key: str, mark: Mark) -> NoReturn:
    if place.families:
        written = _name(root) if root else None
        hint = f" Write its name first: `{written}.{key}`." if written else ""
        words = catalog.spellings(place.families[0])
        _refuse(f"`{key}` is no {place.families[0]} of Keras.{hint}", mark, closest(key, words))
    if isinstance(place.of, Arguments):
        known = list(catalog.entries(place.of.family)[place.of.name].arguments)
        _refuse(
            f"`{key}` is no argument of {place.of.name}. It has: {', '.join(known)}.", mark, closest(key, known)
        )
    if isinstance(place.of, str):
        _refuse(f"nothing can be set below a value ({types.described(types.alternatives(place.of))}).", mark)
    known = [key_of(entry) for entry in settings(place.of)]
    _refuse(f"`{key}` is no setting here. It has: {', '.join(known)}.", mark, closest(key, known))


def _refuse(message: str, mark: Mark, suggestion: str | None = None) -> NoReturn:
    raise InputError([Problem("error", "unknown-key", message, mark, suggestion)])
