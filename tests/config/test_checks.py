"""Every check of settings that fight, do nothing or are a trap: once where it fires, once where it must not."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest
from helpers.check_cases import CASES

import kerasdeep
from kerasdeep import catalog
from kerasdeep.config import load_config
from kerasdeep.config.checks import WARNINGS
from kerasdeep.errors import InputError

BASE = """\
data: {source: iris, validation: 0.2}
network: [Dense: 30, Dense: 20, Output]
"""


@pytest.fixture
def problems(tmp_path):
    """Every problem of the base with these lines over it."""

    def problems(lines):
        (tmp_path / "base.yaml").write_text(BASE)
        path = tmp_path / "experiment.yaml"
        path.write_text(f"extends: base.yaml\n{lines}\n", encoding="utf-8")
        try:
            return load_config(path).warnings
        except InputError as error:
            return error.problems

    return problems


@pytest.mark.parametrize(("name", "wrong", "right"), CASES, ids=[f"{n} {w.splitlines()[-1][:60]}" for n, w, _ in CASES])
def test_the_check_fires_where_it_should_and_only_there(problems, name, wrong, right):
    severity = "error" if name.startswith("!") else "warning"
    name = name.removeprefix("!")
    if name == "too-many-layers":
        wrong = "network: [Repeat: {times: 1000, layers: [Repeat: {times: 3, layers: [Dense: 3]}]}, Output]"
    found = [one for one in problems(wrong) if one.name == name]
    assert found, f"no {name} among {[str(one) for one in problems(wrong)]}"
    for one in found:
        assert one.severity == severity
        assert one.location and one.location.line > 0, f"without a place: {one}"
        assert one.message.endswith((".", "…")), one.message
    assert not [str(one) for one in problems(right) if one.name == name or one.severity == "error"]


ALLOWABLE = sorted({(name, wrong) for name, wrong, _ in CASES if not name.startswith("!")})


@pytest.mark.parametrize(("name", "lines"), ALLOWABLE, ids=[f"{n} {w[:40]!r}" for n, w in ALLOWABLE])
def test_every_warning_can_be_accepted_by_its_name(problems, name, lines):
    assert name not in {one.name for one in problems(f"{lines}\nallow: [{name}]")}


def test_every_check_that_a_file_can_fail_is_here():
    """Names that `kerasdeep/config/checks` and lowering report, against the cases above."""
    spoken = names_in("config/checks", "error") | names_in("config/checks", "warn")
    spoken -= set(names_in("config/checks/stages.py", "error")) | set(names_in("config/checks/steps.py", "warn"))
    missing = spoken - {name.removeprefix("!") for name, _, _ in CASES}
    assert not missing


def test_every_warning_has_a_meaning_and_every_meaning_a_warning():
    raised = names_in("", "warn")
    raised |= {
        entry.warning[0] for family in catalog.families() for entry in catalog.entries(family).values() if entry.warning
    }
    assert raised == set(WARNINGS)
    assert all(meaning.endswith(".") for meaning in WARNINGS.values())


def names_in(place: str, method: str) -> set[str]:
    """The first argument of every `report.METHOD("name", …)` below a folder or in a file of the package."""
    root = Path(kerasdeep.__file__).parent / place
    found = set()
    for path in [root] if root.is_file() else root.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == method:
                first = node.args[0] if node.args else None
                if isinstance(first, ast.Constant) and isinstance(first.value, str):
                    found.add(first.value)
    return found


# more than one rule


def test_every_conflict_is_told_at_once(problems):
    lines = "activation: selu\ninitializer: he_normal\ndata: {validation: {first: 1, last: 1}}\nallow: [nothing]\n"
    lines += "optimizer: {SGD: {nesterov: true}}"
    assert [one.name for one in problems(lines)] == ["selu-initializer", "split", "unknown-warning", "no-momentum"]


def test_the_default_optimizer_s_rate_is_no_unused_rate(problems):
    assert problems("schedule: {one_cycle: 0.05}") == []


def test_inputs_of_an_npz_file_are_left_to_the_data(problems):
    lines = "data: {source: pairs.npz}\nnetwork: [Dense: {units: 3, inputs: [left]}, Output]"
    assert problems(lines) == []
    again = lines.replace("pairs.npz", "iris")
    assert "unknown-input" in [one.name for one in problems(again)]


def test_a_loss_for_one_output_is_checked_against_that_output(problems):
    heads = "network: [Dense: 3, Output: {name: a, activation: %s}, Output: {name: b}]\nloss: {a: %s}"
    assert not problems(heads % ("sigmoid", "binary_crossentropy"))
    assert problems(heads % ("sigmoid", "categorical_crossentropy"))[0].name == "conflict"


def test_a_resolved_default_is_no_setting_without_effect(problems):
    assert not problems("activation: relu\nnetwork: [Output]\ndata: {separator: auto}")
