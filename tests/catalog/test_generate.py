"""The kept data file is what the installed Keras and the overlay say."""

import difflib

import keras
import pytest
import yaml

from kerasdeep import catalog
from kerasdeep.catalog.generate import keras_api, type_inference, writer
from kerasdeep.catalog.registry import CATALOG_FILE


def test_regenerating_changes_nothing():
    kept, fresh = CATALOG_FILE.read_text(encoding="utf-8"), writer.catalog_text()
    difference = list(difflib.unified_diff(kept.splitlines(), fresh.splitlines(), "kept", "fresh", n=0, lineterm=""))
    assert not difference, "run python -m kerasdeep.catalog.generate:\n" + "\n".join(difference[:20])


def test_the_version_is_the_installed_one():
    assert catalog.keras_version() == keras.__version__


def test_every_exported_class_is_an_entry():
    for family, (module, _) in keras_api.KERAS_MODULES.items():
        if family == "activation":
            continue
        for name in dir(module):
            value = getattr(module, name)
            if isinstance(value, type) and name not in keras_api.ABSTRACT_CLASSES:
                assert catalog.find_entry(family, name), f"{family} {name}"


def test_keras_knows_every_entry_that_is_not_ours():
    for family, (module, _) in keras_api.KERAS_MODULES.items():
        for entry in catalog.entries(family).values():
            assert entry.is_custom or hasattr(module, entry.name), f"{family} {entry.name}"


def test_every_row_of_the_table_of_names_is_used():
    rows = set(yaml.safe_load((writer.OVERLAY_FOLDER / "names.yaml").read_text(encoding="utf-8")))
    written = {
        name for family in catalog.families() for entry in catalog.entries(family).values() for name in entry.arguments
    }
    assert rows <= written


@pytest.mark.parametrize(
    ("name", "default", "doc", "kind"),
    [
        ("kernel_initializer", "zeros", "", "initializer"),
        ("bias_regularizer", None, "", "regularizer|null"),
        ("nesterov", False, "boolean.", "bool"),
        ("label_smoothing", 0, "Float in [0, 1].", "float"),
        ("groups", 1, "An int.", "int"),
        ("mode", "log", 'One of "log" or "psd".', "'log'|'psd'"),
        ("clipnorm", None, "Float. If set, gradients are clipped.", "float|null"),
        ("tile_grid_size", (8, 8), "", "list[int;2]"),
        ("mystery", None, "", "any"),
    ],
)
def test_guesses(name, default, doc, kind):
    assert type_inference.guess_type(name, default, doc) == kind


def test_an_overlay_of_nothing_is_refused(monkeypatch):
    rows = {"NoSuchLayer": {"shorthand": "x"}}
    monkeypatch.setattr(writer, "load_overlay", lambda name: rows if name == "constraint" else {})
    with pytest.raises(ValueError, match="NoSuchLayer"):
        writer.family_records("constraint")


def test_an_argument_without_a_type_is_refused(monkeypatch):
    monkeypatch.setattr(writer, "load_overlay", lambda name: {})
    with pytest.raises(ValueError, match=r"give .* a type"):
        writer.family_records("metric")
