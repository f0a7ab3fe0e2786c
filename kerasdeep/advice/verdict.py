"""A verdict, and the settings that follow from it as YAML and as a command."""

import shlex
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from kerasdeep.catalog import to_plain
from kerasdeep.help.yaml_format import to_block, to_flow


@dataclass(frozen=True)
class Verdict:
    """What is wrong, and what to set instead.

    `evidence` is a sentence with figures, `layers` are those it is seen in, and `overrides` has values by the paths of
    their settings, as `--set` and the Python API take them: `{"optimizer.SGD.learning_rate": 0.1}`.
    """

    name: str
    layers: list[str]
    evidence: str
    overrides: dict[str, Any] = field(default_factory=dict)

    @property
    def title(self) -> str:
        return self.name.replace("_", " ")

    @property
    def remedy(self) -> str:
        """The overrides as YAML that can be pasted; what is inside a list is put under a comment that says where."""
        sections: dict[str, dict[str, Any]] = {}
        for path, value in self.overrides.items():
            place, keys = _split_at_index(path)
            tree = sections.setdefault(place, {})
            for key in keys[:-1]:
                tree = tree.setdefault(key, {})
            tree[keys[-1]] = to_plain(value)
        return "\n".join((f"# in {place}:\n" if place else "") + to_block(tree) for place, tree in sections.items())

    @property
    def sets(self) -> list[str]:
        """The overrides as texts for `--set`."""
        return [f"{path}={to_flow(value)}" for path, value in self.overrides.items()]

    def command(self, words: Sequence[str]) -> str:
        """The command that trains with the overrides; `words` are the configuration or run and its options."""
        sets = (word for text in self.sets for word in ("--set", text))
        return shlex.join(["kerasdeep", "train", *words, *sets])

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        overrides = {path: to_plain(value) for path, value in self.overrides.items()}
        return {
            "name": self.name,
            "layers": self.layers,
            "evidence": self.evidence,
            "remedy": self.remedy,
            "overrides": overrides,
        }


def _split_at_index(path: str) -> tuple[str, list[str]]:
    """`stages.1.epochs` is `epochs` in `stages.1`; an item that is set whole is named by its number."""
    keys = path.split(".")
    place = max((n for n, key in enumerate(keys[:-1], 1) if key.isdecimal()), default=0)
    place = place or len(keys) - 1 if keys[-1].isdecimal() else place
    return ".".join(keys[:place]), keys[place:]
