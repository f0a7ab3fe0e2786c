"""The network as written becomes the layers as built: names, scopes, order, errors."""

from dataclasses import replace

import pytest
from helpers.choices import DIGIT, IMAGE, ROW, config_of

from kerasdeep.catalog import Choice
from kerasdeep.config.lowering import kernels
from kerasdeep.config.lowering.lower import Head, lower_network
from kerasdeep.config.lowering.planned import ColumnInput
from kerasdeep.errors import InputError


def lowered(text, heads=DIGIT, shapes=IMAGE, features=None, column_inputs=None):
    return lower_network(config_of(text), heads, shapes, features, column_inputs)


def names(planned):
    return [layer.name for layer in planned]


def by_name(planned):
    return {layer.name: layer for layer in planned}


def argument(planned, name, key):
    value = by_name(planned)[name].layer.arguments.get(key)
    return value.name if isinstance(value, Choice) else value


def problems(text, **more):
    with pytest.raises(InputError) as caught:
        lowered(text, **more)
    return caught.value.problems


def test_a_plain_stack_is_named_by_position_and_gets_the_defaults():
    planned = lowered("network: [Flatten, Dense: 300, Dense: {units: 100, activation: elu}, Output]")
    assert names(planned) == ["flatten_1", "dense_1", "dense_2", "output"]
    assert [layer.inputs for layer in planned] == [("input",), ("flatten_1",), ("dense_1",), ("dense_2",)]
    assert argument(planned, "dense_1", "activation") == "relu"
    assert argument(planned, "dense_2", "activation") == "elu"
    assert argument(planned, "dense_1", "kernel_initializer") == "HeNormal"
    assert argument(planned, "output", "activation") == "softmax"
    assert argument(planned, "output", "units") == 10
    assert by_name(planned)["dense_2"].location.line == 2


@pytest.mark.parametrize(
    ("kind", "units", "activation"),
    [("binary", 1, "sigmoid"), ("multiclass", 3, "softmax"), ("regression", 2, "linear")],
)
def test_the_output_follows_the_task(kind, units, activation):
    planned = lowered("network: [Output]", [Head("output", kind, units)], ROW)
    assert argument(planned, "output", "units") == units
    assert argument(planned, "output", "activation") == activation
    written = lowered("network: [Output: {units: 12, activation: relu, use_bias: false}]", shapes=ROW)
    assert argument(written, "output", "units") == 12
    assert argument(written, "output", "activation") == "relu"
    assert argument(written, "output", "use_bias") is False


def test_batch_norm_before_takes_the_bias_and_stands_between_layer_and_activation():
    planned = lowered(
        "network: [Flatten, Dense: 300, Dense: {units: 100, use_bias: true}, Output]\n"
        "regularization: {batch_norm: {placement: before, momentum: 0.9}, dropout: 0.2}"
    )
    assert names(planned) == [
        "flatten_1",
        *("dense_1", "dense_1_bn", "dense_1_activation", "dense_1_dropout"),
        *("dense_2", "dense_2_bn", "dense_2_activation", "dense_2_dropout"),
        "output",
    ]
    assert argument(planned, "dense_1", "use_bias") is False
    assert argument(planned, "dense_2", "use_bias") is True
    assert argument(planned, "dense_1", "activation") == "linear"
    assert argument(planned, "dense_1", "kernel_initializer") == "HeNormal"
    assert argument(planned, "dense_1_activation", "activation") == "relu"
    assert argument(planned, "dense_1_bn", "momentum") == 0.9
    assert [layer.role for layer in planned[1:5]] == ["hidden", "norm", "activation", "dropout"]


def test_batch_norm_after_keeps_the_activation_in_the_layer():
    planned = lowered("network: [Dense: 30, Output]\nregularization: {batch_norm: after, dropout: 0.1}", shapes=ROW)
    assert names(planned) == ["dense_1", "dense_1_bn", "dense_1_dropout", "output"]
    assert argument(planned, "dense_1", "activation") == "relu"
    assert argument(planned, "dense_1", "use_bias") is None


def test_what_is_written_behind_a_layer_beats_the_section():
    planned = lowered(
        "network: [Dense: 30, BatchNormalization, Dense: 20, Dropout: 0.5, Output]\n"
        "regularization: {batch_norm: before, dropout: 0.1}",
        shapes=ROW,
    )
    assert names(planned) == [
        *("dense_1", "dense_1_dropout", "batch_normalization_1"),
        *("dense_2", "dense_2_bn", "dense_2_activation", "dropout_1", "output"),
    ]


def test_in_front_of_the_network_but_behind_the_flatten():
    planned = lowered(
        "network: [Flatten, Dense: 30, Output]\n"
        "regularization: {input_noise: 0.1, batch_norm: {placement: after, input: true}, "
        "dropout: {rate: 0.2, input: true}}"
    )
    assert names(planned)[:5] == ["flatten_1", "input_noise", "input_bn", "input_dropout", "dense_1"]
    assert by_name(planned)["dense_1"].inputs == ("input_dropout",)
    assert {layer.role for layer in planned[1:4]} == {"input"}


def test_penalties_go_on_every_kernel_and_max_norm_on_hidden_ones():
    planned = lowered(
        "network: [Conv2D: {filters: 4, kernel_size: 3}, SeparableConv2D: {filters: 4, kernel_size: 3}, "
        "Conv2DTranspose: {filters: 2, kernel_size: 3}, Flatten, "
        "Dense: {units: 9, kernel_regularizer: null}, Output]\n"
        "regularization: {l1: 0.1, l2: 0.2, max_norm: 1.5, dropout: 0.3}"
    )
    found = by_name(planned)
    assert argument(planned, "conv2d_1", "kernel_regularizer") == "L1L2"
    assert argument(planned, "separable_conv2d_1", "pointwise_regularizer") == "L1L2"
    assert argument(planned, "output", "kernel_regularizer") == "L1L2"
    assert argument(planned, "dense_1", "kernel_regularizer") is None
    assert not any("bias_regularizer" in layer.layer.arguments for layer in planned)
    axes = {
        name: found[name].layer.arguments[key].arguments["axis"]
        for name, key in [
            ("conv2d_1", "kernel_constraint"),
            ("separable_conv2d_1", "depthwise_constraint"),
            ("conv2d_transpose_1", "kernel_constraint"),
            ("dense_1", "kernel_constraint"),
        ]
    }
    assert list(axes.values()) == [[0, 1, 2], [0, 1], [0, 1, 3], 0]
    assert "kernel_constraint" not in found["output"].layer.arguments
    assert [name for name in names(planned) if "dropout" in name] == ["dense_1_dropout"]


def test_grey_pictures_get_a_channel_for_convolutions():
    planned = lowered("network: [Conv2D: {filters: 4, kernel_size: 3}, Flatten, Output]")
    assert names(planned)[0] == "input_picture"
    assert argument(planned, "input_picture", "target_shape") == [28, 28, 1]
    colour = lowered("network: [Conv2D: {filters: 4, kernel_size: 3}, Flatten, Output]", shapes={"input": (8, 8, 3)})
    assert names(colour)[0] == "conv2d_1"


@pytest.mark.parametrize(
    ("activation", "expected"),
    [
        *[(name, "HeNormal") for name in ("relu", "leaky_relu", "elu", "gelu", "swish", "mish", "prelu", "LeakyReLU")],
        ("selu", "LecunNormal"),
        *[(name, "GlorotUniform") for name in ("tanh", "sigmoid", "softmax", "linear", "softsign")],
    ],
)
def test_auto_initializer_follows_the_activation(activation, expected):
    planned = lowered(f"network: [Dense: 5, Output]\nactivation: {activation}", shapes=ROW)
    assert argument(planned, "dense_1", "kernel_initializer") == expected
    assert argument(planned, "output", "kernel_initializer") == "GlorotUniform"


def test_a_written_initializer_beats_auto_and_an_own_one_beats_it():
    text = "network: [Dense: 5, Dense: {units: 5, kernel_initializer: zeros}, Output]\n"
    planned = lowered(text + "initializer: {RandomNormal: {stddev: 1.0}}", shapes=ROW)
    assert argument(planned, "dense_1", "kernel_initializer") == "RandomNormal"
    assert argument(planned, "dense_2", "kernel_initializer") == "Zeros"
    assert argument(planned, "output", "kernel_initializer") == "RandomNormal"


def test_a_linear_layer_is_initialised_for_the_activation_behind_it():
    text = "network: [Dense: {units: 5, activation: linear}, BatchNormalization, Activation: selu, Output]"
    assert argument(lowered(text, shapes=ROW), "dense_1", "kernel_initializer") == "LecunNormal"


def test_selu_gets_alpha_dropout():
    planned = lowered(
        "network: [Dense: 5, Dense: {units: 5, activation: relu}, Output]\n"
        "activation: selu\nregularization: {dropout: {rate: 0.1, input: true}}",
        shapes=ROW,
    )
    kinds = {layer.name: layer.layer.name for layer in planned if "dropout" in layer.name}
    assert kinds == {"input_dropout": "AlphaDropout", "dense_1_dropout": "AlphaDropout", "dense_2_dropout": "Dropout"}


def test_activations_that_are_layers_become_layers():
    planned = lowered(
        "network: [Dense: 5, Dense: {units: 5, activation: learned_swish}, Output]\n"
        "activation: {prelu: {shared_axes: [1]}}\nregularization: {batch_norm: after}",
        shapes=ROW,
    )
    assert names(planned)[:3] == ["dense_1", "dense_1_activation", "dense_1_bn"]
    assert by_name(planned)["dense_1_activation"].layer.arguments == {"shared_axes": [1]}
    assert by_name(planned)["dense_2_activation"].layer.name == "LearnedSwish"


def test_recurrent_layers_keep_their_own_activation():
    planned = lowered("network: [LSTM: 5, Output]", shapes={"input": (7, 3)})
    assert dict(by_name(planned)["lstm_1"].layer.arguments) == {"units": 5}


def test_wrappers_hand_the_defaults_on():
    planned = lowered("network: [TimeDistributed: {Dense: 5}, Flatten, Output]", shapes={"input": (7, 3)})
    inner = by_name(planned)["time_distributed_1"].layer.arguments["layer"]
    assert inner.arguments["activation"].name == "relu"
    assert inner.arguments["kernel_initializer"].name == "HeNormal"


def test_repeat_and_residual():
    planned = lowered(
        "network: [Flatten, Dense: 16, "
        "{Repeat: {times: 2, layers: [{Residual: [{Dense: 16, name: in}, Dense: 16]}]}}, Output]"
    )
    assert names(planned) == [
        *("flatten_1", "dense_1", "in_1", "dense_3", "residual_1", "in_2", "dense_5", "residual_2", "output")
    ]
    assert by_name(planned)["residual_1"].inputs == ("dense_1", "dense_3")
    assert by_name(planned)["in_2"].inputs == ("residual_1",)
    assert by_name(planned)["residual_2"].inputs == ("residual_1", "dense_5")


def test_wide_and_deep_with_named_features():
    planned = lowered(
        "network:\n"
        "  - Input: {name: wide, features: [colour, age]}\n"
        "  - Input: {name: deep, features: [size]}\n"
        "  - Dense: 30\n"
        "  - Concatenate: {inputs: [wide, dense_1]}\n"
        "  - Output\n"
        "regularization: {batch_norm: {placement: after, input: true}}",
        [Head("output", "regression", 1)],
        {"input": (4,)},
        {"input": ["age", "size", "colour=red", "colour=blue"]},
    )
    assert by_name(planned)["wide"].layer.arguments == {"columns": [2, 3, 0]}
    assert by_name(planned)["deep"].layer.arguments == {"columns": [1]}
    assert by_name(planned)["concatenate_1"].inputs == ("wide_bn", "dense_1_bn")


def test_columns_with_an_input_of_their_own_are_mixed_or_taken_by_name():
    embedding = Choice("layer", "Embedding", {"name": "words", "input_dim": 9, "output_dim": 4})
    layers = (embedding, Choice("layer", "Dense", {"name": "dense", "units": 4}))
    more = {
        "heads": [Head("output", "regression", 1)],
        "shapes": {"input": (2,), "note": (7,)},
        "features": {"input": ["age", "size"], "note": ["note"]},
        "column_inputs": {"note": ColumnInput((7,), layers, 9)},
    }
    section = "regularization: {batch_norm: {placement: after, input: true}}"
    planned = lowered(f"network: [Dense: 3, Output]\n{section}", **more)
    assert [(layer.name, layer.inputs) for layer in planned] == [
        *(("note_words", ("note",)), ("note_dense", ("note_words",)), ("note_dense_bn", ("note_dense",))),
        *(("input_bn", ("input",)), ("columns", ("input_bn", "note_dense_bn")), ("dense_1", ("columns",))),
        *(("dense_1_bn", ("dense_1",)), ("output", ("dense_1_bn",))),
    ]
    planned = lowered("network: [PiecewiseLinear: 4, Dense: 3, Output]", **more)
    inputs = {layer.name: layer.inputs for layer in planned}
    assert inputs["piecewise_linear_1"] == ("input",), "words have no quantiles"
    assert inputs["columns"] == ("piecewise_linear_1", "note_dense") and inputs["dense_1"] == ("columns",)
    network = "Input: note, {LSTM: 3}, {Input: {name: wide, features: [size]}}, {Concatenate: {inputs: [lstm_1, wide]}}"
    planned = lowered(f"network: [{network}, Output]", **more)
    assert names(planned) == ["lstm_1", "wide", "concatenate_1", "output"]
    assert by_name(planned)["lstm_1"].inputs == ("note",)
    found = problems("network: [{Input: {name: a, features: [note, agge]}}, Output]", **more)
    assert [(problem.name, problem.suggestion) for problem in found] == [("unknown-input", "age")]
    alone = {"shapes": {"input": (7,)}, "features": {"input": ["note"]}}
    planned = lowered(
        "network: [Output]", **{**more, **alone, "column_inputs": {"input": ColumnInput((7,), layers, 9)}}
    )
    assert names(planned)[:2] == ["note_words", "note_dense"]


def test_several_inputs_and_heads():
    heads = [Head("kind", "multiclass", 3), Head("price", "regression", 1)]
    shapes = {"picture": (8, 8, 1), "table": (5,)}
    planned = lowered(
        "network:\n"
        "  - {Flatten: {inputs: [picture]}, name: flat}\n"
        "  - Concatenate: {inputs: [flat, table]}\n"
        "  - Dense: 9\n"
        "  - Output: {name: kind}\n"
        "  - Output: {name: price}\n",
        heads,
        shapes,
    )
    assert by_name(planned)["price"].inputs == ("dense_1",)
    assert [layer.head for layer in planned if layer.role == "output"] == ["kind", "price"]
    assert argument(planned, "kind", "activation") == "softmax"


def test_tied_layers_name_the_dense_itself():
    planned = lowered(
        "network: [{Dense: 4, name: code}, TransposedDense: {layer: code}, Output]\n"
        "regularization: {batch_norm: after}",
        shapes=ROW,
    )
    assert argument(planned, "transposed_dense_1", "layer") == "code"
    assert by_name(planned)["transposed_dense_1"].inputs == ("code_bn",)


@pytest.mark.parametrize(
    ("text", "name", "line", "said"),
    [
        ("network:\n  - {Dense: 3, name: a}\n  - {Dense: 3, name: a}\n  - Output", "duplicate-name", 4, "`a`"),
        ("network:\n  - {Dense: 3, name: input}\n  - Output", "duplicate-name", 3, "`input`"),
        ("network:\n  - {Dense: 3, name: deep}\n  - Add: {inputs: [deep, dep]}\n  - Output", "unknown-input", 4, "dep"),
        ("network:\n  - Dense: 3\n  - Add\n  - Output", "missing-inputs", 4, "inputs: [name, name]"),
        ("network:\n  - Dense: 3\n", "no-output", 3, "Output"),
        ("network:\n  - Dense: 3\n  - Output\n  - Output: {name: b}", "duplicate-output", 3, "2 outputs"),
        ("network:\n  - Dense: 3\n  - Output\n  - Dense: 3", "unused-layer", 5, "dense_2"),
        ("network:\n  - TransposedDense: {layer: nope}\n  - Output", "unknown-input", 3, "nope"),
        ("network:\n  - Input: {name: a, features: [age]}\n  - Output", "unknown-input", 3, "age"),
    ],
)
def test_mistakes_are_found_at_their_line(text, name, line, said):
    found = problems(text, shapes=ROW)
    assert found[0].name == name, found
    assert found[0].location.line == line
    assert said in found[0].message


def test_heads_must_be_named_where_there_are_several():
    heads = [Head("kind", "multiclass", 3), Head("price", "regression", 1)]
    found = problems("network: [Dense: 3, Output, Output: {name: prise}]", heads=heads, shapes=ROW)
    assert [problem.name for problem in found] == ["unknown-head", "unknown-head"]
    assert found[1].suggestion == "price"
    (missing,) = problems("network: [Dense: 3, Output: {name: kind}]", heads=heads, shapes=ROW)
    assert missing.name == "no-output" and "price" in missing.message


def test_several_inputs_must_be_named():
    (problem,) = problems("network: [Dense: 3, Output]", shapes={"a": (3,), "b": (4,)})
    assert problem.name == "missing-inputs" and "a, b" in problem.message


def test_the_spec_is_not_touched():
    config = config_of("network: [Dense: 3, Output]\nregularization: {l2: 0.1}")
    before = replace(config)
    lower_network(config, DIGIT, ROW)
    assert config == before


def test_every_dense_and_conv_layer_of_the_catalogue_is_known():
    from kerasdeep import catalog

    entries = catalog.entries("layer")
    expected = {name for name in entries if name == "Dense" or ("Conv" in name and "LSTM" not in name)}
    assert set(kernels.KERNELS_BY_LAYER) == expected
    for name, own in kernels.KERNELS_BY_LAYER.items():
        for kernel in own:
            for what in ("initializer", "regularizer", "constraint"):
                assert f"{kernel.prefix}_{what}" in entries[name].arguments
    assert set(kernels.HE_ACTIVATIONS + kernels.LECUN_ACTIVATIONS) <= set(catalog.entries("activation"))


@pytest.mark.parametrize(
    ("kind", "needed", "units", "fits"),
    [("binary", 1, 3, False), ("multiclass", 10, 3, False), ("multiclass", 10, 12, True), ("regression", 2, 1, False)],
)
def test_an_output_that_cannot_express_the_labels_is_refused(kind, needed, units, fits):
    text = f"network: [Output: {units}]"
    heads = [Head("output", kind, needed)]
    if fits:
        assert argument(lowered(text, heads=heads), "output", "units") == units
    else:
        with pytest.raises(InputError, match=f"has {units} units"):
            lowered(text, heads=heads)
