"""Every shipped file: what `plan` says of it is Keras's own count, and its resolved.yaml builds the same model."""

import json

import numpy as np
import pytest
from helpers import offline_data
from helpers.marks import sampled

from kerasdeep import collection, data, modeling, training
from kerasdeep.backends import runtime
from kerasdeep.config import load_config, resolved
from kerasdeep.config.lowering.lower import lower_network

FILES = collection.collection_files()
STAGED = ("11_2_aux_pairs", "11_2_transfer_mnist_ladder")


@pytest.mark.parametrize("name", sampled(FILES, always=STAGED, every=12))
def test_the_plan_counts_as_keras_and_the_resolved_file_builds_the_same(name, monkeypatch, tmp_path):
    offline_data.install(monkeypatch)
    loaded = offline_data.load(FILES[name])
    plan = training.plan(loaded)
    dataset, model, optimizer = built(loaded)
    assert plan["parameters"] == model.count_params()
    assert plan["trainable"] == sum(int(np.prod(v.shape)) for v in model.trainable_variables)
    assert sum(layer["parameters"] for layer in plan["layers"]) == plan["parameters"]
    assert plan["rows"]["train"] == len(dataset.train)
    assert json.loads(json.dumps(plan, allow_nan=False))["memory_bytes"] > 0

    again = tmp_path / f"{name}.yaml"
    again.write_text(resolved.resolved_yaml(loaded.config), encoding="utf-8")
    _, rebuilt, rebuilt_optimizer = built(load_config(again))
    assert rebuilt.get_config() == model.get_config()
    assert rebuilt_optimizer == optimizer


def built(loaded):
    """The data, the compiled model, and its optimizer's configuration."""
    runtime.prepare(loaded.config.runtime, loaded.config.seed)
    dataset = data.load(loaded.config.data, loaded.config.task)
    planned = lower_network(
        loaded.config, modeling.output_heads(dataset), dataset.input_shapes, modeling.feature_names(dataset)
    )
    model = modeling.build_model(loaded.config, planned, dataset)
    modeling.compile_model(model, loaded.config, dataset, 10, 100)
    return dataset, model, unnamed(model.optimizer.get_config())


def unnamed(config):
    """Without the names that Keras numbers through the process."""
    if isinstance(config, dict):
        return {key: unnamed(value) for key, value in config.items() if key != "name"}
    return [unnamed(item) for item in config] if isinstance(config, list) else config
