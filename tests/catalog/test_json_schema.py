"""The schema for editors says yes where the reader says yes, and no where it says no."""

import functools
import json

import jsonschema
import pytest
from helpers.catalog_cases import ACCEPTED, MISTAKES, REJECTED, SPELLINGS

from kerasdeep import catalog
from kerasdeep.catalog import json_schema
from kerasdeep.catalog.types import to_python
from kerasdeep.yaml_nodes import parse_yaml

# The schema does not know which arguments exclude each other.
BEYOND_SCHEMA = {"Nadam: {clipnorm: 1, clipvalue: 1}"}


@functools.cache
def definitions():
    return json_schema.catalog_definitions()


def errors(schema, value):
    validator = jsonschema.Draft202012Validator({"$defs": definitions(), **schema})
    return list(validator.iter_errors(value))


def test_it_is_of_moderate_size():
    """That it is a schema is checked with the whole language, of which it is a part."""
    assert len(json.dumps(definitions())) < 400_000


def test_every_reference_leads_somewhere():
    text = json.dumps(definitions())
    for part in text.split('"$ref": "#/$defs/')[1:]:
        assert part.split('"')[0] in definitions()


@pytest.mark.parametrize(("family", "text", "choice"), SPELLINGS)
def test_spellings_are_valid(family, text, choice):
    assert not errors({"$ref": f"#/$defs/{family}"}, to_python(parse_yaml(text, "f.yaml")))


@pytest.mark.parametrize(("family", "text", "choice"), SPELLINGS)
def test_written_forms_are_valid(family, text, choice):
    assert not errors({"$ref": f"#/$defs/{family}"}, catalog.to_plain(choice))


@pytest.mark.parametrize(("family", "text"), [row[:2] for row in MISTAKES if row[1] not in BEYOND_SCHEMA])
def test_mistakes_are_invalid(family, text):
    assert errors({"$ref": f"#/$defs/{family}"}, to_python(parse_yaml(text, "f.yaml")))


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("Dense: {unit: 100}", ["Dense"]),
        ("Dense: {units: x}", ["Dense", "units"]),
        ("Dense: {units: 3, activation: rellu}", ["Dense", "activation"]),
        ("Bidirectional: {layer: {LSTM: {units: x}}}", ["Bidirectional", "layer", "LSTM", "units"]),
        ("Denze: 3", []),
    ],
)
def test_errors_point_at_the_place(text, path):
    found = errors({"$ref": "#/$defs/layer"}, to_python(parse_yaml(text, "f.yaml")))
    assert {tuple(error.absolute_path) for error in found} == {tuple(path)}


@pytest.mark.parametrize(("expression", "text", "value"), ACCEPTED)
def test_accepted_values_are_valid(expression, text, value):
    assert not errors(json_schema.type_schema(expression), to_python(parse_yaml(text, "f.yaml")))


# YAML hands an editor numbers and text, not what was written.
SAME_TO_AN_EDITOR = {("int", "3.0"), ("duration", "120%")}


@pytest.mark.parametrize(("expression", "text"), [row for row in REJECTED if row not in SAME_TO_AN_EDITOR])
def test_rejected_values_are_invalid(expression, text):
    assert errors(json_schema.type_schema(expression), to_python(parse_yaml(text, "f.yaml")))


def test_bounds_and_defaults_are_said():
    dropout = definitions()["layer.Dropout"]
    assert dropout["else"] == {"type": "number", "minimum": 0, "maximum": 1}
    assert errors({"$ref": "#/$defs/layer"}, {"Dropout": 1.5})
    assert definitions()["layer.LeakyReLU"]["then"]["properties"]["negative_slope"]["default"] == 0.3


def test_refused_names_are_absent():
    assert "layer.Lambda" not in definitions()
    assert errors({"$ref": "#/$defs/layer"}, {"Lambda": {"function": "x"}})


def test_hover_shows_formula_and_source():
    assert "exp" in definitions()["activation.elu"]["description"]
    assert "arXiv" in definitions()["optimizer.Adam"]["description"]
