"""The claims of `expect:`: what reads, what it says, and that nothing but arithmetic is ever evaluated."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kerasdeep.config.claims import parse_claim

FIGURES = {"a.acc": 0.9, "b.acc": 0.8, "he.diagnose.gradient_ratio": 0.5, "val_loss": 0.25, "zero": 0.0}


@pytest.mark.parametrize(
    ("text", "met"),
    [
        ("a.acc - b.acc >= 0.05", True),
        ("a.acc - b.acc >= 0.15", False),
        ("a.acc > b.acc", True),
        ("a.acc < b.acc", False),
        ("val_loss <= 0.25", True),
        ("val_loss < 0.25", False),
        ("he.diagnose.gradient_ratio within 0.1 .. 3", True),
        ("he.diagnose.gradient_ratio within 0.6..3", False),
        ("he.diagnose.gradient_ratio within .5 .. .5", True),
        ("2 * val_loss + 1 / 2 >= 1", True),
        ("2 * (val_loss + 1) / 2 >= 1.25", True),
        ("1 - val_loss - 0.5 <= 0.25", True),
        ("-val_loss > -1", True),
        ("--val_loss > 1e-3", True),
        ("1e-1 < val_loss", True),
        ("val_loss within 2.5e-1..1", True),
        ("b.acc / a.acc within 1 - 0.2 .. 1 + 0.2", True),
        ("  val_loss>0  ", True),
    ],
)
def test_a_claim_is_arithmetic_and_one_comparison(text, met):
    assert parse_claim(text).holds(FIGURES.__getitem__) is met


def test_it_names_its_figures_once_and_gives_its_left_side():
    claim = parse_claim("a.acc - b.acc + a.acc >= b.acc")
    assert claim.names == ("a.acc", "b.acc")
    assert claim.value(FIGURES.__getitem__) == pytest.approx(1.0)


def test_what_is_not_finite_holds_nothing():
    for value in (math.nan, math.inf, -math.inf):
        for text in ("x >= 0", "x <= 0", "x within 0 .. 1"):
            assert parse_claim(text).holds(lambda name, value=value: value) is False
    for text in ("1 / zero > 1", "zero < 1 / zero"):
        assert parse_claim(text).holds(FIGURES.__getitem__) is False
    assert math.isnan(parse_claim("1 / zero > 1").value(FIGURES.__getitem__))


@pytest.mark.parametrize(
    ("text", "place", "said"),
    [
        ("val_loss", 9, "found the end, expected a comparison"),
        ("", 1, "found the end, expected a number or a name"),
        ("val_loss >= ", 12, "found the end, expected a number or a name"),
        ("val_loss >> 1", 11, "found `>`, expected a number"),
        ("val_loss = 1", 10, "found `=`, expected"),
        ("val_loss == 1", 10, "found `=`, expected"),
        ("a > 1 > b", 7, "found `>`, expected the end"),
        ("a > 1 b", 7, "found `b`, expected the end"),
        ("(a > 1", 4, "found `>`, expected `)`"),
        ("a > (1 + 2", 11, "found the end, expected `)`"),
        ("a within 1", 11, "found the end, expected `..`"),
        ("a within 1, 2", 11, "found `,`, expected"),
        ("within within 1 .. 2", 1, "found `within`, expected a number or a name"),
        ("a.b. > 1", 4, "found `.`"),
        ("a ** 2 > 1", 4, "found `*`"),
        ("f(a) > 1", 2, "found `(`, expected a comparison"),
        ("a['b'] > 1", 2, "found `[`"),
        ("he-normal.acc ≥ 1", 15, "found `≥`"),
    ],
)
def test_what_is_wrong_is_told_with_its_character(text, place, said):
    with pytest.raises(ValueError, match=f"^character {place}: ") as caught:
        parse_claim(text)
    assert said in str(caught.value)


@pytest.mark.parametrize(
    "text", ["1 > 0", "(" * 30 + "a" + ")" * 30 + " > 1", "-" * 400 + "a > 1", "a > 1" + " " * 600 + "1"]
)
def test_idle_and_excessive_claims_are_refused(text):
    with pytest.raises(ValueError, match=r"metric|signs|characters"):
        parse_claim(text)


@given(st.text(alphabet="ab._01 +-*/()<>=within", max_size=60))
def test_any_text_reads_or_is_refused_with_a_reason(text):
    try:
        claim = parse_claim(text)
    except ValueError as error:
        assert str(error)
    else:
        assert claim.names
