"""`expect:` claims about means and facts, read by a small grammar and judged without `eval`.

claim      := sum (">=" | "<=" | ">" | "<") sum | sum "within" sum ".." sum
sum        := product (("+" | "-") product)*
product    := factor (("*" | "/") factor)*
factor     := number | name | "(" sum ")" | "-" factor
name       := word ("." word)*              such as  momentum.val_accuracy  or  he.diagnose.gradient_ratio
"""

import math
import operator
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

MAX_CHARACTERS = 500
_MAX_DEPTH = 20
_TOKEN = re.compile(
    r"\s*(?:(?P<number>(?:\d+(?:\.(?!\.)\d*)?|\.\d+)(?:[eE][-+]?\d+)?)|(?P<name>[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*)"
    r"|(?P<sign>>=|<=|\.\.|[-+*/()<>]))"
)
_ARITHMETIC = {"+": operator.add, "-": operator.sub, "*": operator.mul, "/": operator.truediv}
_COMPARISONS = {">=": operator.ge, "<=": operator.le, ">": operator.gt, "<": operator.lt}

MetricLookup = Callable[[str], float]
Term = Callable[[MetricLookup], float]


@dataclass(frozen=True)
class Claim:
    """A claim that can be judged. `names` are the metrics it refers to, in order."""

    text: str
    names: tuple[str, ...]
    left: Term
    bounds: tuple[tuple[str, Term], ...]

    def value(self, lookup: MetricLookup) -> float:
        """The left-hand side, for a message; not a number where it divides by zero."""
        try:
            return self.left(lookup)
        except ZeroDivisionError:
            return math.nan

    def holds(self, lookup: MetricLookup) -> bool:
        """Whether it is true where `lookup` gives each metric's value; a value that is not finite makes it false."""
        left = self.value(lookup)
        try:
            bounds = [(sign, bound(lookup)) for sign, bound in self.bounds]
        except ZeroDivisionError:
            return False
        return math.isfinite(left) and all(_COMPARISONS[sign](left, bound) for sign, bound in bounds)


def parse_claim(text: str) -> Claim:
    """The claim that `text` writes. Raises `ValueError` saying what is wrong and at which character."""
    if len(text) > MAX_CHARACTERS:
        raise ValueError(f"a claim has at most {MAX_CHARACTERS} characters")
    return _ClaimParser(text).claim()


class _ClaimParser:
    def __init__(self, text: str) -> None:
        self.text, self.depth = text, 0
        self.names: list[str] = []
        self.tokens = list(_tokenize(text))

    def claim(self) -> Claim:
        left = self.sum()
        kind, word, column = self.take()
        if word in _COMPARISONS:
            bounds: tuple[tuple[str, Term], ...] = ((word, self.sum()),)
        elif (kind, word) == ("name", "within"):
            low = self.sum()
            self.expect("..")
            bounds = ((">=", low), ("<=", self.sum()))
        else:
            raise _syntax_error(word, column, "a comparison: >=, <=, >, < or `within a .. b`")
        _, word, column = self.take()
        if word:
            raise _syntax_error(word, column, "the end of the claim")
        if not self.names:
            raise ValueError("it names no metric, for example val_accuracy")
        return Claim(self.text, tuple(dict.fromkeys(self.names)), left, bounds)

    def sum(self) -> Term:
        return self.chain(("+", "-"), lambda: self.chain(("*", "/"), self.factor))

    def chain(self, signs: tuple[str, ...], parse_operand: Callable[[], Term]) -> Term:
        left = parse_operand()
        while self.tokens[0][1] in signs:
            _, sign, _ = self.take()
            left = _binary_term(_ARITHMETIC[sign], left, parse_operand())
        return left

    def factor(self) -> Term:
        kind, word, column = self.take()
        if kind == "number":
            number = float(word)
            return lambda lookup: number
        if kind == "name" and word != "within":
            self.names.append(word)
            return lambda lookup: lookup(word)
        self.depth += 1
        if self.depth > _MAX_DEPTH:
            raise ValueError(f"more than {_MAX_DEPTH} signs and parentheses")
        if word == "-":
            inner = self.factor()
            return lambda lookup: -inner(lookup)
        if word == "(":
            inner = self.sum()
            self.expect(")")
            return inner
        raise _syntax_error(word, column, "a number or a name such as val_accuracy")

    def expect(self, sign: str) -> None:
        _, word, column = self.take()
        if word != sign:
            raise _syntax_error(word, column, f"`{sign}`")

    def take(self) -> tuple[str, str, int]:
        return self.tokens.pop(0) if len(self.tokens) > 1 else self.tokens[0]


def _tokenize(text: str) -> Iterator[tuple[str, str, int]]:
    """(kind, word, character from 1), closed by an empty word."""
    position = 0
    text = text.rstrip()
    while position < len(text):
        match = _TOKEN.match(text, position)
        if not match:
            rest = text[position:].lstrip()
            raise _syntax_error(rest[:1], len(text) - len(rest) + 1, "a number, a name or a sign")
        kind = str(match.lastgroup)
        yield kind, match[kind], match.start(kind) + 1
        position = match.end()
    yield "end", "", len(text) + 1


def _binary_term(operation: Callable[[float, float], float], left: Term, right: Term) -> Term:
    return lambda lookup: operation(left(lookup), right(lookup))


def _syntax_error(word: str, column: int, expected: str) -> ValueError:
    return ValueError(f"character {column}: found {f'`{word}`' if word else 'the end'}, expected {expected}.")
