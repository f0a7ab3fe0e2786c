"""The JSON Schema of the language: valid, shipped as it is generated, and of one mind with the checker."""

import json
import re
from pathlib import Path

import jsonschema
import pytest

from kerasdeep import catalog, collection
from kerasdeep.catalog.types import to_python
from kerasdeep.config import load_config
from kerasdeep.errors import InputError
from kerasdeep.help import explain, json_schema
from kerasdeep.help.lookup import settings_by_path
from kerasdeep.yaml_nodes import parse_yaml, read_yaml_file

BASE = "data: {source: digits}\nnetwork: [Flatten, {Dense: 10}, Output]\n"

CLONE = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def validator():
    return jsonschema.Draft202012Validator(json.loads(json_schema.schema_text()))


def problems(validator, text):
    found = validator.iter_errors(to_python(parse_yaml(text, "test")))
    return [("/".join(map(str, error.absolute_path)), error.message) for error in _leaves(found)]


def _leaves(errors):
    for error in errors:
        yield from _leaves(error.context) if error.context else [error]


@pytest.mark.slow
def test_it_is_a_schema(validator):
    jsonschema.Draft202012Validator.check_schema(validator.schema)


def test_the_shipped_schema_is_what_the_declarations_say():
    shipped_text = collection.SCHEMA_FILE.read_text(encoding="utf-8")
    assert shipped_text == json_schema.schema_text(), "run: kerasdeep schema -o kerasdeep/schema.json"


@pytest.mark.parametrize("name", collection.collection_files())
def test_every_shipped_file_is_valid(name, validator):
    assert [
        error.message for error in validator.iter_errors(to_python(read_yaml_file(collection.collection_files()[name])))
    ] == []


@pytest.mark.parametrize("name", collection.collection_files())
def test_every_shipped_file_names_the_schema(name):
    (path,) = [path for shelf in collection.COLLECTION_FOLDERS for path in (CLONE / shelf).rglob(f"{name}.yaml")]
    (line,) = re.findall(r"^# yaml-language-server: \$schema=(.*)$", path.read_text(encoding="utf-8"), re.MULTILINE)
    assert (path.parent / line).resolve() == CLONE / "kerasdeep" / "schema.json"


@pytest.mark.parametrize("family", catalog.families())
def test_the_example_of_every_name_is_valid(family, validator):
    for name, entry in catalog.entries(family).items():
        topic = next(one for one in explain(name) if one.name == name and family in one.kind)
        if not entry.refused:
            assert problems(validator, "extends: quickstart\n" + topic.example) == []


def test_the_example_of_every_setting_is_valid(validator):
    found = {}
    for path in settings_by_path():
        example = explain(path)[0].example
        found[path] = problems(validator, example if path == "extends" else "extends: quickstart\n" + example)
    assert {path: wrong for path, wrong in found.items() if wrong} == {}


@pytest.mark.parametrize(
    "text",
    [
        "optimizer: adam_w",
        "optimizer: {adamw: 1e-3}",
        "initializer: he_normal",
        "network: [Flatten, {Dense: 10, name: wide}, {Output: {inputs: [wide]}}]",
        "network: {layers: [{Bidirectional: {LSTM: 64}}, Output]}",
        "network: [{bidirectional: {layer: {gru: 64}, merge_mode: sum}}, Output]",
        "schedule: {one_cycle: {max_rate: 0.05}}",
        "schedule: null",
        "variants: {a: {schedule: {one_cycle: {momentum: [0.95, 0.85]}}, optimizer: {SGD: {momentum: null}}}}",
        "training: {shuffle: no, checkpoint: 10 minutes, early_stopping: 5}",
        "data: {source: a.csv, target: y, validation: {last: 5000}, test: 0.2, classes: [1, 7]}",
        "regularization: {dropout: {rate: 0.2, input: yes}, batch_norm: after, max_norm: 1}",
        "metrics: {price: [mae], kind: [accuracy]}",
        "loss: {price: mse, kind: {Huber: 2.0}}",
        "name: 001",
        "variants: {a: {optimizer: {SGD: {momentum: 0.9}}, schedule: null, training: null}}",
        "profiles: {fast: {training: {epochs: 1}}}",
        "allow: [selu-inputs]",
    ],
)
def test_every_way_of_writing_is_valid(text, validator):
    names = [line.split(":")[0] for line in text.splitlines()]
    base = "".join(line + "\n" for line in BASE.splitlines() if line.split(":")[0] not in names)
    assert problems(validator, base + text) == []


MISTAKES = {
    "trainin: {epochs: 3}": "",
    "training: {epoch: 3}": "training",
    "training: {epochs: many}": "training/epochs",
    "training: {epochs: 0}": "training/epochs",
    "training: {shuffle: perhaps}": "training/shuffle",
    "training: {checkpoint: 10 epocs}": "training/checkpoint",
    "optimizer: AdmW": "optimizer",
    "optimizer: {AdmW: 1e-3}": "optimizer",
    "optimizer: {AdamW: {learning_rat: 1e-3}}": "optimizer/AdamW",
    "optimizer: {AdamW: {beta_1: 3}}": "optimizer/AdamW/beta_1",
    "optimizer: {AdamW: fast}": "optimizer/AdamW",
    "schedule: {one_cycle: {max_rat: 0.1}}": "schedule/one_cycle",
    "initializer: he_norml": "initializer",
    "loss: {Huber: {delt: 1}}": "loss/Huber",
    "metrics: [acuracy]": "metrics/0",
    "variants: {a: {optimizer: {SGD: {momentun: 0.9}}}}": "variants/a/optimizer/SGD",
    "allow: [selu-input]": "allow/0",
    "data: {sorce: digits}": "data",
    "data: {source: digits, validation: {lst: 10}}": "data/validation",
    "network: [Flaten, Output]": "network/0",
    "network: [{Denze: 300}, Output]": "network/0",
    "network: [Flatten, {Dense: {unit: 300}}, Output]": "network/1/Dense",
    "network: [Flatten, {Dense: {units: 300, activation: rleu}}, Output]": "network/1/Dense/activation",
    "network: [{Bidirectional: {LSTN: 64}}, Output]": "network/0/Bidirectional",
    "network: [{Lambda: x}, Output]": "network/0",
    "network: [{Repeat: {times: 3, layers: [{Dense: lots}]}}, Output]": "network/0/Repeat/layers/0/Dense",
}


@pytest.mark.parametrize("text", MISTAKES)
def test_a_mistake_is_found_where_it_stands(text, validator, tmp_path):
    base = "".join(line + "\n" for line in BASE.splitlines() if line.split(":")[0] != text.split(":")[0])
    found = problems(validator, base + text)
    assert MISTAKES[text] in {where for where, _ in found}
    assert all(MISTAKES[text].startswith(where) or where.startswith(MISTAKES[text]) for where, _ in found), found
    file = tmp_path / "wrong.yaml"
    file.write_text(base + text)
    with pytest.raises(InputError):
        load_config(file)


def test_a_whole_file_needs_data_and_a_network_but_an_extending_one_does_not(validator):
    assert {message for _, message in problems(validator, "version: 1")} == {
        "'data' is a required property",
        "'network' is a required property",
    }
    assert problems(validator, "extends: quickstart\ndata: {test: 0.1}") == []


def test_hover_texts_say_what_a_setting_is_and_its_default():
    sections = json_schema.build_schema()["$defs"]["file"]["properties"]
    assert "Default: 20." in sections["training"]["properties"]["epochs"]["description"]
    for path in settings_by_path():
        assert explain(path)[0].doc
