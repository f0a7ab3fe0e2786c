"""The space of a sweep: what may be searched, every corner checked, whole numbers told from others."""

import pytest

from kerasdeep.config import load_config
from kerasdeep.config.sweep_space import MAX_CORNERS, Parameter, _corners, parse_goal
from kerasdeep.errors import InputError

FILE = {"data": {"source": "iris"}, "network": [{"Dense": 8}, "Output"]}


def load(parameters, **settings):
    return load_config(FILE | {"sweep": {"parameters": parameters, "goal": "val_accuracy", **settings}})


def test_a_space_is_read():
    loaded = load(
        {
            "optimizer.Nadam.learning_rate": {"between": [1e-4, 0.1], "log": True},
            "network.layers.0.Dense.units": {"between": [4, 64]},
            "regularization.dropout": {"between": [0, 0.5]},
            "training.batch_size": {"between": [8, 32], "steps": 4},
            "activation": ["relu", "elu", {"LeakyReLU": {"negative_slope": 0.2}}],
        }
    )
    rate, units, dropout, batch, activation = loaded.space
    assert (rate.log, rate.whole) == (True, False) and units.whole and not dropout.whole
    assert batch.choices == [8, 16, 24, 32] and len(activation.choices) == 3
    assert loaded.config.sweep.trials == 40 and loaded.config.sweep.confirm.seeds == 5


@pytest.mark.parametrize(
    ("parameters", "words"),
    [
        ({"optimizer.Nadam.learning_rat": [1e-3, 1e-2]}, "Did you mean learning_rate?"),
        ({"optimizer.Nadam.learning_rate": [1e-3, "fast"]}, "with optimizer.Nadam.learning_rate=fast"),
        ({"regularization.dropout": {"between": [0, 1.5]}}, "with regularization.dropout=1.5"),
        ({"activation": ["relu"]}, "fewer than two different values"),
        ({"activation": ["relu", "relu"]}, "fewer than two different values"),
        ({"training.epochs": {"from": 1}}, "is neither"),
        ({"training.epochs": {"between": [5, 2]}}, "Expected a rise"),
        ({"optimizer.Nadam.learning_rate": {"between": [0, 1], "log": True}}, "from above 0"),
        ({"optimizer.Nadam.learning_rate": {"between": ["a", 1]}}, "no two numbers"),
        ({"seed": [1, 2]}, "is nothing to search"),
        ({}, "is empty"),
        # each value is fine alone, both together are not
        (
            {"optimizer": ["SGD", {"AdamW": {"weight_decay": 0.1}}], "regularization.weight_decay": [None, 0.1]},
            "`sweep` with",
        ),
    ],
)
def test_what_does_not_fit_is_said_before_anything_trains(parameters, words):
    with pytest.raises(InputError) as caught:
        load(parameters)
    assert words in str(caught.value)


def test_a_grid_needs_values():
    parameters = {"optimizer.Nadam.learning_rate": {"between": [1e-4, 0.1], "log": True}}
    with pytest.raises(InputError, match="needs a number of values"):
        load(parameters, sampler="grid")
    parameters["optimizer.Nadam.learning_rate"]["steps"] = 4
    assert load(parameters, sampler="grid").space[0].choices == [1e-4, 1e-3, 1e-2, 0.1]


@pytest.mark.parametrize(
    ("text", "goal"),
    [
        ("val_accuracy", ("val_accuracy", "maximize")),
        ("val_loss", ("val_loss", "minimize")),
        ("min val_accuracy", ("val_accuracy", "minimize")),
        ("max val_odd", ("val_odd", "maximize")),
    ],
)
def test_a_goal_knows_its_direction(text, goal):
    assert parse_goal(text) == goal


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("test_accuracy", "test rows are for the finished model"),
        ("accuracy", "of the validation rows"),
        ("val_odd", "`max val_odd` or `min val_odd`"),
        ("most val_loss", "min or max in front"),
    ],
)
def test_a_goal_that_cannot_be_is_refused(text, words):
    with pytest.raises(InputError, match=words):
        load({"activation": ["relu", "elu"]}, goal=text)


@pytest.mark.parametrize(("count", "steps"), [(1, 1000), (8, 20), (60, 5)])
def test_large_spaces_are_checked_at_some_corners(count, steps):
    space = [Parameter(str(number), list(range(steps))) for number in range(count)]
    corners = list(_corners(space))
    assert MAX_CORNERS // 2 <= len(corners) <= 2 * MAX_CORNERS
    assert all({corner[one.path] for corner in corners} >= {0, steps - 1} for one in space)
