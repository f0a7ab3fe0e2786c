"""Every atom of the type language, what it accepts, and how it says no."""

import pytest
from helpers.catalog_cases import ACCEPTED, REJECTED
from hypothesis import given
from hypothesis import strategies as st

from kerasdeep.catalog import types
from kerasdeep.catalog.types import INVALID, Duration
from kerasdeep.errors import Problems
from kerasdeep.yaml_nodes import parse_yaml


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
