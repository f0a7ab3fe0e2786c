"""Copies weights of one model into another by the layers' names."""

from dataclasses import dataclass

import keras

from kerasdeep.config.sections.pretrained import PretrainedConfig
from kerasdeep.config.sections.stages import SelectableLayer, select_layers
from kerasdeep.errors import InputError
from kerasdeep.modeling.freezing import leaf_layers


@dataclass(frozen=True, slots=True)
class TransferRecord:
    """What became of one layer with weights: `loaded`, `skipped` (and why), `new`, or `mended` while it was read."""

    layer: str
    outcome: str
    reason: str

    def as_dict(self) -> dict[str, str]:
        return {"layer": self.layer, "became": self.outcome, "why": self.reason}


def copy_weights_by_name(section: PretrainedConfig, source: keras.Model, model: keras.Model) -> list[TransferRecord]:
    """Copies the weights of every kept layer of `source` into the layer of that name, where the shapes agree.

    Returns a record for each layer with weights of either model. Raises `InputError` when nothing was copied.
    """
    source_layers = {name: layer for name, layer in leaf_layers(source) if layer.weights}
    kept = _kept_names(section, source_layers)
    records, visited = [], set()
    for name, layer in leaf_layers(model):
        if not layer.weights:
            continue
        source_layer = source_layers.get(name)
        visited.add(name)
        if source_layer is None:
            records.append(TransferRecord(name, "new", "the source has no layer of that name"))
        elif name not in kept:
            records.append(TransferRecord(name, "new", "not kept"))
        elif _weight_shapes(source_layer) != _weight_shapes(layer):
            reason = f"shapes {_weight_shapes(source_layer)} do not fit {_weight_shapes(layer)}"
            records.append(TransferRecord(name, "skipped", reason))
        else:
            layer.set_weights(source_layer.get_weights())
            records.append(TransferRecord(name, "loaded", ""))
    records += [
        TransferRecord(name, "skipped", "the network has no layer of that name")
        for name in source_layers
        if name not in visited
    ]
    if not any(record.outcome == "loaded" for record in records):
        reasons = "; ".join(f"{record.layer}: {record.reason}" for record in records[:10])
        message = f"nothing of {section.from_} fits the network by name. {reasons}. "
        message += "Use the same layer names, or leave out `network`."
        raise InputError(message, "model-file", section.location("from"))
    return records


def _kept_names(section: PretrainedConfig, offered: dict[str, keras.Layer]) -> set[str]:
    names = list(offered)
    if section.keep == "all_but_head":
        return set(names[:-1])
    if isinstance(section.keep, str) and section.keep.startswith("until:"):
        last = section.keep.removeprefix("until:").strip()
        if last not in names:
            message = f"`pretrained.keep`: the source has no layer `{last}` with weights. It has: {', '.join(names)}."
            raise InputError(message, "unknown-layers", section.location("keep"))
        return set(names[: names.index(last) + 1])
    candidates = [SelectableLayer(name, True) for name in names]
    return set(select_layers(section.keep, candidates, "pretrained.keep", section.location("keep")))


def _weight_shapes(layer: keras.Layer) -> list[tuple[int, ...]]:
    return [tuple(weight.shape) for weight in layer.weights]
