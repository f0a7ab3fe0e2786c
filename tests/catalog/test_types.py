"""Every atom of the type language, what it accepts, and how it says no."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kerasdeep.catalog import Choice, types
from kerasdeep.catalog.types import INVALID, Duration
from kerasdeep.errors import Problems
from kerasdeep.yaml_nodes import parse_yaml

ACCEPTED = [
    ("int", "3", 3),
    ("int", "-3", -3),
    ("int", "010", 10),
    ("int", "1_000", 1000),
    ("int", "0x1f", 31),
    ("int", "1e3", 1000),
    ("float", "3e-4", 3e-4),
    ("float", "1e3", 1000.0),
    ("float", ".5", 0.5),
    ("float", "5.", 5.0),
    ("float", "3", 3.0),
    ("bool", "no", False),
    ("bool", "On", True),
    ("bool", "TRUE", True),
    ("str", "no", "no"),
    ("str", "001", "001"),
    ("str", "1:30", "1:30"),
    ("str", "2024-01-01", "2024-01-01"),
    ("str", "'null'", "null"),
    ("str", "''", ""),
    ("null", "~", None),
    ("null", "null", None),
    ("int|null", "null", None),
    ("str|null", "~", None),
    ("'same'|'valid'", "same", "same"),
    ("'auto'|int", "3", 3),
    ("'auto'|int", "auto", "auto"),
    ("list[int]", "[1, 2, 3]", [1, 2, 3]),
    ("list[int;2]", "[1, 2]", [1, 2]),
    ("int|list[int;2]", "5", 5),
    ("int|list[int;2]|list[list[int;2];2]", "[[1, 2], [3, 4]]", [[1, 2], [3, 4]]),
    ("list[int|null]", "[1, null]", [1, None]),
    ("map[float]", "{a: 1, b: 2.5}", {"a": 1.0, "b": 2.5}),
    ("any", "{a: [1, x, 2.5, true, null]}", {"a": [1, "x", 2.5, True, None]}),
    ("any", "'1'", "1"),
    ("duration", "10 epochs", Duration(10, "epochs")),
    ("duration", "1 epoch", Duration(1, "epochs")),
    ("duration", "30%", Duration(30, "%")),
    ("duration", "500", Duration(500, "steps")),
    ("duration", "1e4 steps", Duration(10_000, "steps")),
    ("duration", "15 minutes", Duration(15, "minutes")),
    ("layer", "Flatten", Choice("layer", "Flatten")),
    ("list[layer]", "[Flatten, Dense: 3]", [Choice("layer", "Flatten"), Choice("layer", "Dense", {"units": 3})]),
    ("initializer|null", "null", None),
    ("float|schedule", "0.1", 0.1),
    ("float|schedule", "{power: 5 epochs}", Choice("schedule", "Power", {"decay_steps": Duration(5, "epochs")})),
    ("'auto'|loss", "mse", Choice("loss", "MeanSquaredError")),
]
REJECTED = [
    ("int", "3.0"),
    ("int", "3.5"),
    ("int", "true"),
    ("int", "'3'"),
    ("int", "three"),
    ("int", "null"),
    ("int", "[3]"),
    ("int", "{a: 3}"),
    ("float", "'0.1'"),
    ("float", "0.1x"),
    ("float", "1e400"),
    ("float", ".inf"),
    ("float", "nan"),
    ("float", "yes"),
    ("bool", "1"),
    ("bool", "'true'"),
    ("bool", "y"),
    ("str", "null"),
    ("str", "[a]"),
    ("null", "0"),
    ("'same'|'valid'", "Same"),
    ("'same'|'valid'", "smae"),
    ("list[int]", "3"),
    ("list[int]", "[1, x]"),
    ("list[int;2]", "[1]"),
    ("list[int;2]", "[1, 2, 3]"),
    ("list[list[int]]", "[[1], 2]"),
    ("map[float]", "{a: x}"),
    ("map[float]", "[1]"),
    ("duration", "10 parsecs"),
    ("duration", "120%"),
    ("duration", "-1 epochs"),
    ("duration", "soon"),
    ("layer", "Denze"),
    ("layer", "null"),
    ("list[layer]", "[Flatten, Denze: 3]"),
    ("map[optimizer]", "{a: Adammm}"),
    ("float|schedule", "{powr: 5}"),
]


def attempt(expression, text, **bounds):
    report = Problems()
    value = types.read_value(expression, parse_yaml(text, "f.yaml"), report, "setting", **bounds)
    return value, report.items


@pytest.mark.parametrize(("expression", "text", "value"), ACCEPTED)
def test_accepted(expression, text, value):
    got, problems = attempt(expression, text)
    assert not problems
    assert got == value
    assert type(got) is type(value)


@pytest.mark.parametrize(("expression", "text"), REJECTED)
def test_rejected_with_a_mark_and_what_was_expected(expression, text):
    got, problems = attempt(expression, text)
    assert got is INVALID
    assert problems
    for problem in problems:
        assert problem.location.line == 1
        assert "xpected" in problem.message or "not known" in problem.message


@pytest.mark.parametrize(("text", "message"), [("3", "at least 5"), ("11", "at most 10"), ("[6, 11]", "at most 10")])
def test_bounds_hold_for_every_number_inside(text, message):
    got, (problem,) = attempt("int|list[int]", text, minimum=5, maximum=10)
    assert got is INVALID
    assert problem.name == "out-of-range"
    assert message in problem.message


def test_bounds_are_inclusive_and_ignore_what_is_no_number():
    assert attempt("float|null", "1", minimum=0, maximum=1) == (1.0, [])
    assert attempt("float|null", "null", minimum=0) == (None, [])
    assert attempt("bool", "true", minimum=5) == (True, [])


def test_a_quoted_number_says_so():
    _, (problem,) = attempt("float", "'0.1'")
    assert "Remove the quotes" in problem.message


def test_a_mistyped_choice_gets_a_suggestion():
    assert attempt("'same'|'valid'", "vaild")[1][0].suggestion == "valid"
    assert attempt("'same'", "sane")[1][0].suggestion == "same"
    assert attempt("float|schedule", "powr")[1][0].suggestion.lower() == "power"


def test_a_list_reports_every_bad_item():
    _, problems = attempt("list[int]", "[1, a, 2, b]")
    assert [problem.location.column for problem in problems] == [5, 11]


def test_a_mapping_with_a_bad_value_is_invalid_whatever_the_others_are():
    assert attempt("map[list[int]]", "{a: [1], b: [x]}")[0] is INVALID


def test_expressions_spell_back():
    for expression, *_ in ACCEPTED + REJECTED:
        assert types.format_type(types.parse_type(expression)) == expression


@pytest.mark.parametrize("bad", ["path", "list", "int|", "list[int", "list[int;x]", "int]", "'a", "", "map[]"])
def test_an_unknown_type_is_a_mistake_of_ours(bad):
    with pytest.raises(ValueError, match=r"type|length|expected"):
        types.parse_type(bad)


def test_described_in_words():
    words = types.describe_type(types.parse_type("int|list[int;2]|'same'|'valid'|null"))
    assert words == "a whole number, a list of 2 items, each a whole number, one of: same, valid or null"


@pytest.mark.parametrize(
    ("duration", "steps"),
    [(Duration(10, "steps"), 10), (Duration(0.5, "epochs"), 50), (Duration(30, "%"), 300), (Duration(0, "steps"), 1)],
)
def test_durations_become_steps(duration, steps):
    assert duration.steps(steps_per_epoch=100, total_steps=1000) == steps


def test_minutes_are_no_steps():
    with pytest.raises(ValueError, match="minutes"):
        Duration(5, "minutes").steps(1, 1)


@pytest.mark.parametrize("text", ["10 epochs", "30%", "500 steps", "2.5 epochs", "1000000 steps", "12345678 steps"])
def test_durations_survive_their_spelling(text):
    value, _ = attempt("duration", text)
    assert attempt("duration", str(value))[0] == value


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_every_float_survives_its_spelling(number):
    assert attempt("float", repr(number)) == (number, [])


@given(st.text(alphabet="aé0:_'\"#{}[]-, \n", max_size=12))
def test_quoted_text_is_never_anything_else(text):
    quoted = "'" + text.replace("'", "''").replace("\n", " ") + "'"
    value, _ = attempt("any", quoted)
    assert isinstance(value, str)
