"""The models that pretrain the backbone, one function for each kind of pretraining."""

from dataclasses import dataclass, replace

import keras

from kerasdeep import custom_objects
from kerasdeep.backends.keras_private import producing_layer
from kerasdeep.catalog import Choice
from kerasdeep.config.lowering import blocks
from kerasdeep.config.lowering.planned import Head, PlannedLayer
from kerasdeep.config.root import Config
from kerasdeep.config.sections.pretraining import NoiseConfig
from kerasdeep.modeling.factory import create
from kerasdeep.modeling.network import TensorFunction, build_functional_model, seed_scope
from kerasdeep.modeling.pretraining import decoder
from kerasdeep.modeling.pretraining.backbone import Backbone

SECOND_TOWER_PREFIX = "other_"


@dataclass(frozen=True)
class PretextModel:
    """A model to be trained and the names of the layers that were put on the backbone.

    `frozen_base`, where there is one, is the frozen part that rows go through first.
    """

    model: keras.Model
    new_layers: tuple[str, ...]
    frozen_base: keras.Model | None = None


def build_autoencoder(body: Backbone, settings: decoder.DecoderSettings) -> PretextModel:
    """The backbone and its mirror image."""
    layers = decoder.layer_chain(body, settings)
    decoded, names = decoder.decode(layers, body.output, body, settings)
    return PretextModel(keras.Model(body.input, _reshape_like(decoded, body.input)), tuple(names))


def build_greedy_autoencoders(body: Backbone, settings: decoder.DecoderSettings) -> list[PretextModel]:
    """An autoencoder for each layer with a kernel, on the code of the layers below it."""
    models: list[PretextModel] = []
    lower_layers: list[keras.Layer] = []
    for layers in decoder.split_at_kernels(decoder.layer_chain(body, settings)):
        start = layers[0].input
        code = layers[-1].output
        decoded, names = decoder.decode(layers, code, body, settings, lower_layers=lower_layers)
        frozen_base = keras.Model(body.input, start) if lower_layers else None
        models.append(PretextModel(keras.Model(start, _reshape_like(decoded, start)), tuple(names), frozen_base))
        lower_layers = [*lower_layers, *layers]
    return models


def build_pretext_classifier(body: Backbone, config: Config, head: Head, name: str) -> PretextModel:
    """The backbone and a new output."""
    tensor = _flatten_features(body.output, name)
    choice = blocks.output_layer(config, Choice("layer", "Output", {}), head)
    with seed_scope(config.seed, name):
        output = create(choice, name=name)(tensor)
    return PretextModel(keras.Model(body.input, output), (name,))


def build_masked_feature_model(body: Backbone, config: Config, mask: keras.KerasTensor, rate: float) -> PretextModel:
    """Predicts hidden features; visible features are passed through unchanged.

    The errors of hidden features are stretched by 1 / sqrt(rate), so that the mean squared error over all features
    is that over the hidden ones.
    """
    name, input_tensor = "masked_output", body.input
    head = Head("output", "regression", input_tensor.shape[-1])
    choice = blocks.output_layer(config, Choice("layer", "Output", {}), head)
    with seed_scope(config.seed, name):
        predicted = create(choice, name=name)(_flatten_features(body.output, name))
    answer = input_tensor + (predicted - input_tensor) * mask * rate**-0.5
    return PretextModel(keras.Model(input_tensor, answer), (name,))


def build_pair_model(body: Backbone, config: Config, units: int, shared: bool) -> PretextModel:
    """Two towers, a layer that joins them, and one output: the probability that both rows are of one class."""
    name, shape = body.input.name, tuple(body.input.shape[1:])
    second_input = keras.Input(shape, name=SECOND_TOWER_PREFIX + name)
    if shared:
        second_code = keras.Model(body.input, body.output).call(second_input)
        new_layers: list[str] = []
    else:
        renamed = [_with_prefix(layer) for layer in body.planned]
        second_network = build_functional_model(renamed, {SECOND_TOWER_PREFIX + name: shape}, seed=config.seed)
        second_code = second_network.get_layer(SECOND_TOWER_PREFIX + producing_layer(body.output).name).output
        second_input = second_network.inputs[0]
        second_tower = keras.Model(second_input, second_code)
        new_layers = [layer.name for layer in second_tower.layers if not isinstance(layer, keras.layers.InputLayer)]
    towers = [_flatten_features(body.output, "pairs_first"), _flatten_features(second_code, "pairs_second")]
    tensor = keras.layers.Concatenate(name="pairs_both")(towers)
    joining = Choice("layer", "Dense", {"units": units})
    for suffix, choice, _ in blocks.hidden_block(config, joining, []):
        with seed_scope(config.seed, f"pairs_join{suffix}"):
            tensor = create(choice, name=f"pairs_join{suffix}")(tensor)
        new_layers.append(f"pairs_join{suffix}")
    choice = blocks.output_layer(config, Choice("layer", "Output", {}), Head("output", "binary", 1))
    with seed_scope(config.seed, "pairs_output"):
        output = create(choice, name="pairs_output")(tensor)
    return PretextModel(
        keras.Model({name: body.input, SECOND_TOWER_PREFIX + name: second_input}, output), (*new_layers, "pairs_output")
    )


def build_input_noise(noise: NoiseConfig, seed: int) -> TensorFunction:
    """The noise on a denoising autoencoder's input, in training only."""
    with seed_scope(seed, "pretraining_noise"):
        if noise.gaussian is not None:
            return keras.layers.GaussianNoise(noise.gaussian, name="pretraining_noise")
        return keras.layers.Dropout(noise.dropout, name="pretraining_noise")


@dataclass
class FeatureMasking:
    """Hides features of the network's input; `mask` is set when it is called."""

    rate: float
    seed: int
    mask: keras.KerasTensor | None = None

    def __call__(self, tensor: keras.KerasTensor) -> keras.KerasTensor:
        with seed_scope(self.seed, "pretraining_mask"):
            self.mask = custom_objects.FeatureMask(self.rate, name="pretraining_mask")(tensor)
        return tensor * (1.0 - self.mask)


def _with_prefix(layer: PlannedLayer) -> PlannedLayer:
    choice = layer.layer
    if choice.name == "TransposedDense":
        choice = choice.replace(layer=SECOND_TOWER_PREFIX + choice.arguments["layer"])
    inputs = tuple(SECOND_TOWER_PREFIX + name for name in layer.inputs)
    return replace(layer, name=SECOND_TOWER_PREFIX + layer.name, inputs=inputs, layer=choice)


def _reshape_like(tensor: keras.KerasTensor, reference: keras.KerasTensor) -> keras.KerasTensor:
    shape = tuple(reference.shape[1:])
    if tuple(tensor.shape[1:]) == shape:
        return tensor
    return keras.layers.Reshape(shape, name=f"{decoder.PREFIX}shape")(tensor)


def _flatten_features(tensor: keras.KerasTensor, name: str) -> keras.KerasTensor:
    return tensor if len(tensor.shape) == 2 else keras.layers.Flatten(name=f"{name}_flatten")(tensor)
