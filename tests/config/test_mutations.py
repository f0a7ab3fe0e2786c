"""Mistakes in every shipped file: rejected at the right line, with the right suggestion."""

from __future__ import annotations

import re

import pytest
from helpers.mutations import MAPPING, WORD, measure, mistyped_keys, numbers_as_words, places, typos, values_as_mappings

from kerasdeep import collection
from kerasdeep.yaml_nodes import parse_yaml

LEGAL = (
    (MAPPING, r"data\.class_weight"),
    (WORD, r"(.*\.)?data\.classes\.\d+"),
    (WORD, r"(.*\.)?pretrain\..*\.data\.validation"),
    (MAPPING, r"pretrained\.arguments\..*"),
    (WORD, r"pretrained\.arguments\..*"),
)
"""Where a mistaken value is a value: labels are the author's own words, a part can be a path, and an application's
arguments are Keras's to judge."""


@pytest.fixture(scope="module", params=[100, pytest.param(None, marks=pytest.mark.slow)], ids=["some", "every"])
def measured(request, tmp_path_factory):
    return measure(tmp_path_factory.mktemp("mutants"), request.param)


def test_every_shipped_file_is_measured():
    on_disk = [
        path for name in collection.COLLECTION_FOLDERS for path in collection.collection_folder(name).rglob("*.yaml")
    ]
    assert sorted(collection.collection_files().values()) == sorted(on_disk)
    assert len(on_disk) >= 10


@pytest.mark.parametrize("kind", ["keys", "mappings", "words"])
def test_every_mistake_is_told_at_its_line(measured, kind):
    outcomes = measured[kind]
    assert len(outcomes) > 50
    elsewhere = [(one.mutant.path, one.mutant.word) for one in outcomes if not one.legal and not one.at_its_line]
    assert not elsewhere
    legal = [one.mutant for one in outcomes if one.legal]
    assert not [mutant for mutant in legal if not may_be_legal(mutant)]


def may_be_legal(mutant):
    """Names of Keras are told apart without case and underscores, so that a doubled one is no mistake."""
    if mutant.word.replace("_", "") == mutant.meant.replace("_", ""):
        return True
    return any(mutant.word == word and re.fullmatch(path, mutant.path) for word, path in LEGAL)


def test_the_right_word_is_suggested_first(measured):
    outcomes = [one for one in measured["keys"] if not one.legal]
    missed = [(o.mutant.path, o.mutant.word, o.suggestion) for o in outcomes if not o.right_suggestion]
    assert len(missed) <= 0.05 * len(outcomes), missed


def test_the_mutants_are_what_they_say():
    text = "data: {source: digits, validation: 0.1}\nnetwork:\n  - Dense: '30'\n  - Output\n"
    assert typos("units") == ["unts", "uniits", "untis", "unots"]
    assert typos("l1") == ["l", "l11", "1l", "lx"]
    assert [place.path for place in places(parse_yaml(text, "f")) if not place.key] == [
        "data.source",
        "data.validation",
        "network.0.Dense",
        "network.1",
    ]
    assert {one.line for one in mistyped_keys(text)} == {1, 2, 3}
    assert [one.text.split("\n")[2] for one in values_as_mappings(text)][2] == "  - Dense: {zzz: 1}"
    assert [one.path for one in numbers_as_words(text)] == ["data.validation"]
