"""The layers of a model as selectors see them, and freezing those that a stage does not train."""

from collections.abc import Collection, Iterator, Mapping, Sequence

import keras

from kerasdeep.config.sections.stages import SelectableLayer
from kerasdeep.keras_names import written_name


def leaf_layers(model: keras.Model, prefix: str = "") -> Iterator[tuple[str, keras.Layer]]:
    """Every layer by its name as written, in the network's order; the layers of a model within it as `outer/inner`."""
    for layer in model.layers:
        if isinstance(layer, keras.Model):
            yield from leaf_layers(layer, f"{prefix}{written_name(layer.name)}/")
        elif not isinstance(layer, keras.layers.InputLayer):
            yield prefix + written_name(layer.name), layer


def selectable_layers(model: keras.Model, heads: Collection[str]) -> list[SelectableLayer]:
    """The layers as selectors see them; `heads` are the names of the outputs."""
    norm = keras.layers.BatchNormalization
    return [
        SelectableLayer(name, bool(layer.weights), name in heads, isinstance(layer, norm))
        for name, layer in leaf_layers(model)
    ]


def initial_trainable(model: keras.Model) -> dict[str, bool]:
    """Whether each layer is trainable unless a stage says otherwise: a layer may say `trainable: false` itself."""
    return {name: bool(layer.trainable) for name, layer in leaf_layers(model)}


def set_trainable(model: keras.Model, trained: Collection[str], initial: Mapping[str, bool]) -> None:
    """Freezes every layer with weights that is not `trained`. Has no effect on training until the next compile."""
    for name, layer in leaf_layers(model):
        should_train = initial[name] and name in trained
        if layer.weights and layer.trainable != should_train:
            layer.trainable = should_train


def trainable_variables_in(model: keras.Model, names: Collection[str]) -> list[keras.Variable]:
    """The trainable variables of those layers, each once."""
    variable_by_id = {
        id(v): v for name, layer in leaf_layers(model) if name in names for v in layer.trainable_variables
    }
    return list(variable_by_id.values())


def prunable_kernels(model: keras.Model) -> list[keras.Variable]:
    """The trainable kernels, each once: what pruning sets to zero."""
    return [v for v in model.trainable_variables if v.path.rpartition("/")[2].endswith("kernel")]


def frozen_variables(model: keras.Model) -> dict[str, keras.Variable]:
    """Everything that a stage must leave as it is, moving statistics included, by path; seeds do not count."""
    return {
        f"{name}/{number}/{variable.name}": variable
        for name, layer in leaf_layers(model)
        if not layer.trainable
        for number, variable in enumerate(layer.weights)
    }


def layer_blocks(model: keras.Model, names: Sequence[str]) -> list[list[str]]:
    """The named layers that have weights, cut where a layer has a kernel; in the network's order."""
    layers = dict(leaf_layers(model))
    name_blocks: list[list[str]] = []
    for name in names:
        shapes = [len(variable.shape) for variable in layers[name].trainable_weights]
        if not layers[name].weights:
            continue
        if not name_blocks or (shapes and max(shapes) > 1):
            name_blocks.append([])
        name_blocks[-1].append(name)
    return name_blocks
