"""`pretrained:` where layers come from that have learnt something already."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from kerasdeep.catalog import Choice
from kerasdeep.source import Mapping, Node, Pair, Scalar, Sequence
from kerasdeep.spec.network import Network
from kerasdeep.spec.settings import Section, setting

APPLICATION = "application:"
HUB = "keras_hub:"


@dataclass(frozen=True, kw_only=True)
class Pretrained(Section):
    """Layers of a run, a model file or a Keras application; alone they are the network's body."""

    SHORTHAND = (("str", "from"),)

    from_: str = setting("str", doc="A run directory, FILE.keras, FILE.h5, or application:NAME.")
    arguments: dict[str, Any] = setting("map[any]", {}, "Of an application: {alpha: 0.25}.")
    weights: str | None = setting(
        "str|null", "imagenet", "Of an application: imagenet, a weights file, or null for new ones."
    )
    keep: str | list[str] = setting(
        "str|list[str]", "all_but_head", "all_but_head, first:N, `until: NAME` as until:NAME, names or patterns."
    )
    size: list[int] | None = setting(
        "list[int;2]|null", None, "Height and width that pictures are brought to inside the network.", minimum=8
    )

    @property
    def application(self) -> str | None:
        """The application's name as written; None for a file or run."""
        return self.from_.removeprefix(APPLICATION) if self.from_.startswith(APPLICATION) else None

    @property
    def is_path(self) -> bool:
        return not self.from_.startswith((APPLICATION, HUB))


def is_body(layers: list[Choice]) -> bool:
    """Whether a network of these layers leaves the body to what is pretrained: it has nothing but outputs."""
    return all(layer.name == "Output" for layer in layers)


def with_network(tree: Mapping) -> Mapping:
    """The tree with `layers: [Output]` where the body is a `pretrained` without a network, or an application."""
    network = tree.get("network")
    pairs = network.pairs if isinstance(network, Mapping) else {}
    body = (
        tree.get("pretrained")
        if network is None
        else pairs["application"].value
        if "application" in pairs
        else None
    )
    if body is None or "layers" in pairs or (isinstance(body, Scalar) and body.is_null):
        return tree
    mark = body.mark
    layers: Node = Sequence((Scalar("Output", False, mark),), mark)
    whole = Mapping(
        {**pairs, "layers": Pair(Scalar("layers", False, mark), layers)}, network.mark if network else mark
    )
    return Mapping({**tree.pairs, "network": Pair(Scalar("network", False, mark), whole)}, tree.mark)


def of_application(network: Network) -> Pretrained | None:
    """`network.application` as a source of layers that have learnt nothing; None where it names none."""
    if network.application is None:
        return None
    marks = {"from": network.mark("application"), "arguments": network.mark("arguments")}
    marks = {key: mark for key, mark in marks.items() if mark is not None}
    name = f"{APPLICATION}{network.application}"
    return Pretrained(from_=name, arguments=network.arguments, weights=None, marks=marks)
