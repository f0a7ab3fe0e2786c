"""Seeded pathologies get their names, healthy networks none, and the remedies help."""

import numpy as np
import pytest
from helpers.marks import sampled

from kerasdeep import diagnostics
from kerasdeep.config import Overrides, load_config
from kerasdeep.diagnostics import layer_probe

NET = """
version: 1
seed: 2
data: {source: noise.npz, validation: 40, scaling: none, cache: false}
network: {layers: [{Repeat: {times: 10, layers: [Dense: 60]}}, Output]}
optimizer: {SGD: {learning_rate: 0.01}}
training: {epochs: 20, batch_size: 32}
"""
SIGMOID = ["activation=sigmoid", "initializer=glorot_normal"]
NORMAL = "initializer.RandomNormal.stddev=1.0"
SHALLOW = "network.layers=[Dense: 60, Dense: 60, Output]"
DEEP = "network.layers.0.Repeat.times"


@pytest.fixture
def config(tmp_path, monkeypatch):
    """Labels that follow from standard normal inputs, pictures of them, and numbers."""
    random = np.random.default_rng(0)
    x = random.normal(size=(400, 30)).astype("float32")
    y = (x[:, 0] + x[:, 1] * x[:, 2] > 0).astype("int32") + (x[:, 3] > 1)
    np.savez(tmp_path / "noise.npz", x=x, y=y)
    np.savez(tmp_path / "pixels.npz", x=random.integers(0, 256, (400, 6, 6)).astype("float32"), y=y)
    np.savez(tmp_path / "numbers.npz", x=x, y=(x[:, 0] * 3 - 5).astype("float32"))
    np.savez(tmp_path / "binary.npz", x=x, y=(x[:, 0] > 0).astype("int32"))
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "net.yaml"
    path.write_text(NET)
    return path


@pytest.fixture
def few_steps(monkeypatch):
    """What shows at initialisation needs no training, and two steps no graph."""
    monkeypatch.setattr(layer_probe, "STEPS", 2)
    monkeypatch.setattr(layer_probe, "MIN_VARIABLES_TO_TRACE", 1000)


def names(config, *sets):
    return [verdict.name for verdict in diagnostics.diagnose(load_config(config, Overrides(sets))).verdicts]


BIASED = "network.layers=[{Dense: {units: 60, bias_initializer: {Constant: -10}}}, Output]"
PIXELS = ["data.source=pixels.npz", "network.layers=[Flatten, Dense: 60, Output]"]

SICK = {
    "sigmoid + Glorot, 10 layers": (SIGMOID, "vanishing_gradients"),
    "sigmoid + Glorot, 20 layers": ([*SIGMOID, f"{DEEP}=20"], "vanishing_gradients"),
    "sigmoid + N(0, 1)": (["activation=sigmoid", NORMAL], "saturation"),
    "tanh + N(0, 1)": (["activation=tanh", NORMAL], "saturation"),
    "ReLU + N(0, 1)": ([NORMAL], "exploding_gradients"),
    "ReLU + Glorot, 50 layers": (["initializer=glorot_uniform", f"{DEEP}=50"], "forward_collapse"),
    "Swish + He, 20 layers": (["activation=swish", "initializer=he_normal", f"{DEEP}=20"], "forward_collapse"),
    "dead ReLU": ([BIASED], "dead_units"),
    "SELU + He": (["activation=selu", "initializer=he_normal", f"{DEEP}=20"], "broken_self_normalization"),
    "raw pixels into SELU": ([*PIXELS, "activation=selu"], "unscaled_inputs"),
}
MENDED = [
    *("sigmoid + Glorot, 10 layers", "sigmoid + N(0, 1)", "ReLU + N(0, 1)", "Swish + He, 20 layers", "SELU + He"),
    *("dead ReLU", "raw pixels into SELU"),
]


QUICK_SICK = ("sigmoid + Glorot, 10 layers", "sigmoid + N(0, 1)", "dead ReLU", "raw pixels into SELU")


@pytest.mark.parametrize("case", sampled(SICK, always=QUICK_SICK))
def test_each_pathology_gets_its_name_and_no_other_and_its_remedy_helps(config, few_steps, case):
    sets, name = SICK[case]
    found = diagnostics.diagnose(load_config(config, Overrides(sets))).verdicts
    assert [verdict.name for verdict in found] == [name]
    if case not in MENDED:
        return
    if case == "dead ReLU":  # a bias that is written into the layer must go as well, and the evidence says so
        sets = [SHALLOW]
    assert name not in names(config, *sets, *found[0].sets)


HEALTHY = {
    "ReLU + He": [],
    "ReLU + He, 20 layers": [f"{DEEP}=20"],
    "SELU + LeCun, 50 layers": ["activation=selu", f"{DEEP}=50", "optimizer.SGD.learning_rate=0.001"],
    "ELU + He + batch norm, 20 layers": ["activation=elu", f"{DEEP}=20", "regularization.batch_norm=before"],
    "tanh + Glorot": ["activation=tanh"],
    "a shallow net at Keras's rates": [SHALLOW, "optimizer=Nadam"],
    "plain SGD at 0.1": [SHALLOW, "optimizer.SGD.learning_rate=0.1"],
    "dropout under 1cycle": [SHALLOW, "regularization.dropout=0.3", "schedule.one_cycle=0.1"],
    "one number": [SHALLOW, "data.source=numbers.npz", "data.scaling=standardize"],
    "pixels, scaled": ["data.source=pixels.npz", "data.scaling=unit", "network.layers=[Flatten, Dense: 60, Output]"],
    "a convolution": [
        *("data.source=pixels.npz", "data.scaling=unit"),
        "network.layers=[{Conv2D: {filters: 8, kernel_size: 3}}, Flatten, Dense: 20, Output]",
    ],
}


QUICK_HEALTHY = ("ReLU + He", "one number", "a convolution")


@pytest.mark.parametrize("case", sampled(HEALTHY, always=QUICK_HEALTHY))
def test_healthy_networks_raise_no_alarm(config, case):
    assert names(config, *HEALTHY[case]) == []


@pytest.mark.parametrize(
    "times",
    [["optimizer.SGD.learning_rate=3"], pytest.param(["optimizer.Nadam.learning_rate=0.1"], marks=pytest.mark.slow)],
)
def test_a_hundredfold_rate_is_too_high(config, times):
    assert names(config, SHALLOW, *times) == ["rate_too_high"]


def test_a_rate_that_leads_nowhere_is_too_low(config):
    found = diagnostics.diagnose(load_config(config, Overrides([SHALLOW, "optimizer.SGD.learning_rate=1e-6"])))
    assert [verdict.name for verdict in found.verdicts] == ["rate_too_low"]
    assert 1e-4 <= float(found.verdicts[0].remedy.strip("}").split()[-1]) <= 0.1


@pytest.mark.parametrize(
    ("output", "more"),
    [
        ("Output: {activation: relu}", ["data.source=numbers.npz", "data.target_scaling=none"]),
        pytest.param(
            "Output: {activation: sigmoid}",
            ["data.source=numbers.npz", "data.target_scaling=none"],
            marks=pytest.mark.slow,
        ),
        pytest.param("Output: {activation: linear}", [], marks=pytest.mark.slow),
        ("Output: {activation: sigmoid}", []),
        ("Output: {activation: softmax}", ["data.source=binary.npz"]),
    ],
)
def test_an_output_that_cannot_express_the_labels(config, few_steps, output, more):
    found = diagnostics.diagnose(load_config(config, Overrides([f"network.layers=[Dense: 60, {output}]", *more])))
    assert [verdict.name for verdict in found.verdicts][:1] == ["wrong_output"]
    assert found.verdicts[0].layers == ["output"] and "- Output" in found.verdicts[0].remedy


def test_each_head_is_held_against_its_own_labels(config, few_steps):
    random = np.random.default_rng(1)
    a = random.normal(size=300)
    rows = [f"{x:.3f},{'yes' if x > 0 else 'no'},{2 * x:.3f}" for x in a]
    config.with_name("two.csv").write_text("\n".join(["a,t,price", *rows]))
    sets = ["data.source=two.csv", "data.target=[t, price]", "data.scaling=standardize", "optimizer=Nadam"]
    layers = "network.layers=[{{Dense: 30, name: deep}}, {{Output: {{name: t}}}}, {{Output: {{name: price{}}}}}]"
    assert names(config, *sets, layers.format("")) == []
    found = diagnostics.diagnose(
        load_config(config, Overrides([*sets, layers.format(", activation: sigmoid")]))
    ).verdicts
    assert [(verdict.name, verdict.layers) for verdict in found] == [("wrong_output", ["price"])]
