"""What is put over a file when it is read: a profile, a variant, `--set` and other options."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from kerasdeep import yaml_nodes
from kerasdeep.catalog.types import to_python
from kerasdeep.config.merge import SchemaNode, set_path
from kerasdeep.config.root import Config
from kerasdeep.errors import InputError, SourceLocation
from kerasdeep.yaml_nodes import parse_yaml

ROOT_NODE = SchemaNode(Config)
_NOT_SETTABLE = ("extends", "profiles", "variants")


@dataclass(frozen=True)
class Overrides:
    """What is put over a file when it is read: first the profile, then the variant, the sets and the flags.

    Attributes:
        sets: `section.key=value` texts, as `--set` takes them.
        profile: The name of one of the file's profiles.
        variant: The name of one of the file's variants.
        flags: What other options set: (option, YAML text) by the setting's path, such as
            `{"training.epochs": ("--epochs", "5")}`.
    """

    sets: Sequence[str] = ()
    profile: str | None = None
    variant: str | None = None
    flags: Mapping[str, tuple[str, str]] = field(default_factory=dict)

    @classmethod
    def from_values(cls, values: Mapping[str, object]) -> Overrides:
        """Python values by the paths of their settings: `{"training.epochs": 5}`."""
        return cls([f"{path}={json.dumps(value, default=_plain_value)}" for path, value in values.items()])

    def __bool__(self) -> bool:
        return bool(self.sets or self.profile or self.variant or self.flags)

    def option_for(self, path: str) -> str | None:
        """The option that sets the value at `path`, such as `--seed`; None where none does."""
        return self.flags[path][0] if path in self.flags else f"--set {path}" if path in self.set_paths else None

    @property
    def set_paths(self) -> list[str]:
        """The paths that the sets name."""
        return [text.partition("=")[0].strip() for text in self.sets]

    def apply_sets(self, tree: yaml_nodes.Mapping) -> yaml_nodes.Mapping:
        """The tree with the sets and flags put over it. Raises InputError for a path that does not exist."""
        for text in self.sets:
            path, value = _split_set(text)
            tree = _set_scalar(tree, path, value, f"--set {path}")
        for path, (option, text) in self.flags.items():
            _refuse_epochs_with_stages(tree, path, option, text)
            tree = _set_scalar(tree, path, text, option)
        return tree

    def command_words(self) -> list[str]:
        """The options of a command line that has these overrides."""
        words = [word for text in self.sets for word in ("--set", text)]
        for option, name in (("--profile", self.profile), ("--variant", self.variant)):
            words += [option, name] if name is not None else []
        for option, text in self.flags.values():
            words += [option, str(to_python(parse_yaml(text, option)))]
        return words


def _plain_value(value: Any) -> object:
    """NumPy's numbers and arrays as Python's; anything else, such as a path, as text."""
    return value.tolist() if hasattr(value, "tolist") else str(value)


def _split_set(text: str) -> tuple[str, str]:
    path, separator, value = text.partition("=")
    path = path.strip()
    if not separator or not path:
        message = f"`--set {text}` has no `=`. Expected --set section.key=value, for example training.epochs=5."
        raise InputError(message, "usage", SourceLocation("--set"))
    if path.split(".")[0] in _NOT_SETTABLE:
        message = f"`--set {path}` comes too late: files are merged, and a profile and a variant applied, before "
        raise InputError(f"{message}`--set`. Write it in the file.", "usage", SourceLocation("--set"))
    return path, value


def _refuse_epochs_with_stages(tree: yaml_nodes.Mapping, path: str, option: str, text: str) -> None:
    """Stages have epochs of their own; one number for all of them would be a guess."""
    node = tree.get("stages")
    if path == "training.epochs" and isinstance(node, yaml_nodes.Sequence) and node.items:
        last = len(node.items) - 1
        message = f"this file has stages, and each has epochs of its own. Use --set stages.N.epochs={text}, "
        raise InputError(f"{message}N from 0 to {last}.", "usage", SourceLocation(option))


def _set_scalar(tree: yaml_nodes.Mapping, path: str, text: str, origin: str) -> yaml_nodes.Mapping:
    updated = set_path(ROOT_NODE, tree, path.split("."), parse_yaml(text, origin, line=0), origin)
    assert isinstance(updated, yaml_nodes.Mapping)
    return updated
