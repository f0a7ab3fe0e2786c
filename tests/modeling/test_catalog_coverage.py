"""How many entries and arguments `test_catalog_builds` proves to reach Keras, and what cannot; and that a shipped
file's `resolved.yaml` builds the same model.

`pytest tests/test_catalog_counts.py -s` prints the counts and the list.
"""

import pytest
from helpers import offline_data
from modeling import test_catalog_arguments as proof

from kerasdeep import catalog, collection, data, modeling
from kerasdeep.backends import runtime
from kerasdeep.config import load_config, resolved
from kerasdeep.config.lowering.lower import lower_network

OTHER_PROOF = {
    "Performance": "training's own, in test_training_watching",
    "Output": "a word of the network, in test_spec_lowering",
    "Input": "a word of the network, in test_spec_lowering",
    "Repeat": "a word of the network, in test_spec_lowering",
    "Residual": "a word of the network, in test_spec_lowering",
    "TransposedDense": "needs its network, in test_build_network",
    "accuracy": "Keras's compile chooses its class, in test_build_compile",
}


def counted():
    """(proven, not proven here): lists of entries, and of (entry, argument, why)."""
    entries, arguments, left = [], [], []
    for family in catalog.families():
        for entry in catalog.entries(family).values():
            why = entry.refused or OTHER_PROOF.get(entry.name)
            (left if why else entries).append((f"{family} {entry.name}", why) if why else entry)
            for name, argument in () if why else entry.arguments.items():
                if argument.refused:
                    left.append((f"{entry.name}.{name}", argument.refused))
                elif name not in proof.ELSEWHERE and value_for(entry, argument) == argument.default:
                    left.append((f"{entry.name}.{name}", "Keras takes one value only"))
                elif name not in proof.ELSEWHERE:
                    arguments.append((entry.name, name))
    return entries, arguments, left


def value_for(entry, argument):
    generic = proof.other_than(argument.default, argument.type, argument.minimum, argument.maximum)
    return proof.VALUES.get((entry.name, argument.name), proof.VALUES.get(argument.name, generic))


def test_nearly_everything_is_proven():
    entries, arguments, left = counted()
    print(f"\n{len(entries)} entries and {len(arguments)} arguments reach the Keras object; {len(left)} do not:")
    for name, why in left:
        print(f"  {name}: {why}")
    assert set(OTHER_PROOF) == proof.NOT_ALONE
    assert len(entries) >= 290 and len(arguments) >= 2000
    assert all(why for _, why in left)


@pytest.mark.parametrize("name", collection.collection_files())
def test_a_model_rebuilt_from_resolved_yaml_is_the_same(name, monkeypatch, tmp_path):
    offline_data.install(monkeypatch)
    loaded = offline_data.load(collection.collection_files()[name])
    again = tmp_path / f"{name}.yaml"
    again.write_text(resolved.resolved_yaml(loaded.config), encoding="utf-8")
    one, other = described(loaded), described(load_config(again))
    assert one["network"] == other["network"]
    assert one["optimizer"] == other["optimizer"]


def described(loaded):
    runtime.prepare(loaded.config.runtime, loaded.config.seed)
    dataset = data.load(loaded.config.data, loaded.config.task)
    planned = lower_network(
        loaded.config, modeling.output_heads(dataset), dataset.input_shapes, modeling.feature_names(dataset)
    )
    model = modeling.build_model(loaded.config, planned, dataset)
    modeling.compile_model(model, loaded.config, dataset, 10, 100)
    return {"network": model.get_config(), "optimizer": unnamed(model.optimizer.get_config())}


def unnamed(config):
    """Without the names that Keras numbers through the process."""
    if isinstance(config, dict):
        return {key: unnamed(value) for key, value in config.items() if key != "name"}
    return [unnamed(item) for item in config] if isinstance(config, list) else config
