"""What another value of a setting changes: one statement a setting, read by resume, compare and the results."""

import pytest

from kerasdeep.config.root import Config
from kerasdeep.config.schema import effect_of
from kerasdeep.studies.reuse import run_signature


@pytest.mark.parametrize(
    ("path", "effect"),
    [
        ("name", "nothing"),
        ("report.examples", "nothing"),
        ("training.checkpoint.every", "nothing"),
        ("training.watch", "nothing"),
        ("data.cache", "cost"),
        ("data.stream", "cost"),
        ("stages.0.pretrain.supervised.data.stream", "cost"),
        ("runtime.chunk", "cost"),
        ("runtime.threads", "machine"),
        ("training.epochs", "length"),
        ("stages.1.epochs", "result"),
        ("training.batch_size", "result"),
        ("data.validation.fraction", "result"),
        ("network.layers.0.Dense.units", "result"),
        ("runtime.compile", "result"),
        ("seed", "result"),
        ("variants.he.initializer", "loading"),
        ("a_key_of_another_version", "result"),
    ],
)
def test_a_path_has_the_effect_of_its_setting_or_of_a_section_above_it(path, effect):
    assert effect_of(Config, path) == effect


def test_a_streamed_run_is_the_run_in_memory():
    leaves = {"training.epochs": "3", "data.stream": "true", "name": "a", "runtime.threads": "2"}
    assert run_signature(leaves) == run_signature({**leaves, "data.stream": "auto", "name": "b"})
    assert run_signature(leaves) != run_signature({**leaves, "training.epochs": "4"})
