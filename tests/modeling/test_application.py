"""`network: {application: …}`: a model of keras.applications with new weights as the body, `Output` behind it."""

import keras
import numpy as np
import pytest

from kerasdeep import data, modeling
from kerasdeep.backends import runtime
from kerasdeep.config import Overrides, load_config, resolved
from kerasdeep.config.lowering.lower import lower_network
from kerasdeep.errors import InputError

TEXT = "data: {source: digits}\nnetwork: {application: MobileNetV2, arguments: {alpha: 0.35}}\n"


@pytest.fixture
def config(tmp_path):
    path = tmp_path / "body.yaml"
    path.write_text(TEXT)
    return path


def built(path, *sets):
    loaded = load_config(path, Overrides(sets))
    runtime.prepare(loaded.config.runtime, loaded.config.seed)
    dataset = data.load(loaded.config.data, loaded.config.task)
    planned = lower_network(
        loaded.config, modeling.output_heads(dataset), dataset.input_shapes, modeling.feature_names(dataset)
    )
    return modeling.build_model(loaded.config, planned, dataset), dataset


@pytest.mark.slow
def test_grey_pictures_reach_the_whole_application(config):
    model, dataset = built(config)
    keras_own = keras.applications.MobileNetV2(input_shape=(32, 32, 3), alpha=0.35, include_top=False, weights=None)
    assert model.input_shape == (None, 8, 8)
    assert model.count_params() == keras_own.count_params() + (1280 + 1) * 10
    assert model.predict(dataset.train.x[:2], verbose=0).sum(axis=1) == pytest.approx([1, 1], rel=1e-5)


@pytest.mark.slow
def test_new_weights_follow_the_seed(config):
    one, same, other = (built(config, f"seed={seed}")[0].get_layer("Conv1").kernel.numpy() for seed in (1, 1, 2))
    np.testing.assert_array_equal(one, same)
    assert not np.array_equal(one, other)


def test_it_reads_back_from_resolved_yaml(config, tmp_path):
    loaded = load_config(config)
    again = tmp_path / "resolved.yaml"
    again.write_text(resolved.resolved_yaml(loaded.config))
    assert load_config(again).config.network == loaded.config.network


@pytest.mark.parametrize(
    ("sets", "said"),
    [
        (["network.application=MobileNetV22"], r"Did you mean MobileNetV2\?"),
        (["pretrained=application:MobileNet"], "Keep one of them"),
        (["network.application=null", "network.layers=[Flatten, Output]"], r"`network\.arguments`"),
        (["network.application=null"], r"`network\.layers` is missing"),
        (["network.arguments={include_top: true}"], r"arguments\.include_top"),
        (["data.source=iris"], "."),
    ],
)
def test_what_does_not_go_together_is_refused(config, sets, said):
    with pytest.raises(InputError, match=said):
        built(config, *sets)


def test_weights_that_cannot_be_downloaded_say_where_to_put_them(config, monkeypatch, tmp_path):
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "home"))
    config.write_text("data: {source: digits}\npretrained: application:MobileNetV2\nnetwork: {layers: [Output]}\n")

    def unreachable(name, url, **options):
        raise OSError(f"URL fetch failure on {url}: None -- [Errno -2] Name or service not known")

    monkeypatch.setattr("keras.src.applications.mobilenet_v2.file_utils.get_file", unreachable)
    with pytest.raises(
        InputError, match=r"https://\S+ cannot be reached.*copy it to \S+/home/models/mobilenet_v2\S+\.h5"
    ):
        built(config)
