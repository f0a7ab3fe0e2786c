"""`kerasdeep finetune`: the YAML that it writes, and what it refuses."""

import json
import shlex

import keras
import pytest
import yaml

from kerasdeep.cli import app, exit_codes
from kerasdeep.config import Overrides, load_config, resolved
from kerasdeep.config.finetuning import FinetuneOptions, PictureFacts, compose_yaml
from kerasdeep.errors import InputError


def composed(config=None, **wishes):
    return yaml.safe_load(
        compose_yaml(FinetuneOptions(**{"source": "model.keras", "data": "digits", **wishes}), config)
    )


def stages(**wishes):
    return [
        (one["train"], one["epochs"], one["optimizer"]["Nadam"]["learning_rate"])
        for one in composed(**wishes)["stages"]
    ]


def test_the_epochs_and_rates_are_shared_out():
    assert stages() == [("head", 300, 0.001), (["all", "!norms"], 20, 0.0001)]
    assert stages(unfreeze_after=4) == [("head", 4, 0.001), (["all", "!norms"], 20, 0.0001)]
    assert stages(epochs=30, rate=0.02, unfreeze_after=5, freeze="first:2") == [
        ("head", 5, 0.02),
        (["all", "!norms", "!first:2"], 25, 0.002),
    ]
    assert stages(freeze="all", epochs=4) == [("head", 4, 0.001)]
    assert stages(epochs=1) == [("head", 1, 0.001)]
    with pytest.raises(InputError, match="nothing is left of 5 to fine-tune"):
        stages(epochs=5, unfreeze_after=5)
    assert stages(freeze="all") == [("head", 300, 0.001)]
    with pytest.raises(InputError, match="--data PATH"):
        compose_yaml(FinetuneOptions(source="model.keras"))


def test_what_is_written_is_valid_and_its_paths_are_absolute(tmp_path):
    (tmp_path / "photos").mkdir()
    for source, data in (("model.keras", "digits"), ("application:MobileNet", str(tmp_path / "photos"))):
        path = tmp_path / "one.yaml"
        path.write_text(compose_yaml(FinetuneOptions(source=source, data=data, target="kind")), encoding="utf-8")
        loaded = load_config(path, Overrides(["pretrained.arguments.alpha=0.25"] if ":" in source else []))
        assert loaded.config.pretrained.from_.startswith(("/", "application:"))
        assert loaded.config.data.target == ["kind"] or loaded.config.data.target == "kind"
        assert [stage.name for stage in loaded.config.stages] == ["head", "fine"]
    assert loaded.config.pretrained.arguments == {"alpha": 0.25}
    assert all(stage.early_stopping.include_start for stage in loaded.config.stages)
    assert [stage.cache_features for stage in loaded.config.stages] == ["auto", False]


def test_size_and_augmentation_follow_the_pictures(monkeypatch, tmp_path):
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    (tmp_path / "models").mkdir()
    photo, thumbnail, tiny = (
        yaml.safe_load(compose_yaml(FinetuneOptions(data="photos"), pictures=PictureFacts(*facts)))
        for facts in ((224, 90), (64, 900), (32, 50, True))
    )
    assert photo["pretrained"] == {"from": "application:MobileNetV2"}
    assert photo["data"]["image"] == {"size": [224, 224]} and photo["data"]["validation"] == 0.2
    assert photo["data"]["augmentation"][0] == {"RandomFlip": "horizontal"}
    assert thumbnail["pretrained"]["size"] == [192, 192] and "validation" not in thumbnail["data"]
    assert tiny["pretrained"]["size"] == [96, 96] and tiny["data"].keys() == {"source"}
    few = yaml.safe_load(compose_yaml(FinetuneOptions(data="photos"), pictures=PictureFacts(224, 20)))
    assert few["training"] == {"batch_size": 8} and "training" not in tiny
    (tmp_path / "models" / "mobilenet_2_5_224_tf_no_top.h5").touch()
    cached = composed(source=None, data="cifar10")["pretrained"]
    assert cached == {"from": "application:MobileNet", "arguments": {"alpha": 0.25}, "size": [96, 96]}
    assert composed(source="application:MobileNet", alpha=0.5, size=64)["pretrained"]["arguments"] == {"alpha": 0.5}
    for wishes, said in (
        ({"source": "m.keras", "alpha": 0.5}, "has its own"),
        ({"augment": "heavy"}, "none, light, strong"),
        ({"source": None, "data": "rows.csv"}, "say what to start from"),
    ):
        with pytest.raises(InputError, match=said):
            composed(**wishes)


def test_a_config_keeps_its_own_stages_unless_others_are_asked_for(tmp_path):
    path = tmp_path / "base.yaml"
    path.write_text("data: {source: digits}\nnetwork: [Output]\nstages: [{name: mine}]\n", encoding="utf-8")
    assert "stages" not in composed(path, data=None)
    assert [one["name"] for one in composed(path, data=None, epochs=4)["stages"]] == ["head", "fine"]


def test_what_was_set_is_in_the_file(tmp_path):
    wishes = FinetuneOptions(source="application:MobileNet", data="digits", target="y")
    sets = ["pretrained.arguments.alpha=0.25", "pretrained.size=[32, 48]", "stages.1.epochs=2"]
    flags = {"seed": ("--seed", "7"), "name": ("--name", "'001'")}
    path = tmp_path / "one.yaml"
    path.write_text(compose_yaml(wishes, None, Overrides(sets, flags=flags)), encoding="utf-8")
    alone, together = load_config(path).config, path.with_name("two.yaml")
    together.write_text(compose_yaml(wishes), encoding="utf-8")
    assert resolved.resolved_yaml(alone) == resolved.resolved_yaml(
        load_config(together, Overrides(sets, flags=flags)).config
    )
    assert alone.pretrained.arguments == {"alpha": 0.25} and alone.name == "001" and alone.seed == 7
    first = path.read_text(encoding="utf-8").splitlines()[0]
    assert shlex.split(first)[1:] == [
        *("kerasdeep", "finetune", "--from", "application:MobileNet", "--data", "digits", "--target", "y"),
        *(word for text in sets for word in ("--set", text)),
        *("--seed", "7", "--name", "001"),
    ]


def test_a_stage_of_the_config_can_be_set(tmp_path):
    path = tmp_path / "base.yaml"
    path.write_text(
        "data: {source: digits}\nnetwork: [Output]\nstages: [{name: mine, epochs: 3}, {name: rest}]\n", encoding="utf-8"
    )
    written = yaml.safe_load(
        compose_yaml(FinetuneOptions(source="model.keras"), path, Overrides(["stages.0.epochs=9"]))
    )
    assert [(one["name"], one.get("epochs")) for one in written["stages"]] == [("mine", 9), ("rest", None)]


LINE = ["finetune", "--from", "model.keras", "--data", "digits", "--epochs", "2", "--json"]
SETS = ["--set", "data.limit=200", "--set", "report.tensorboard=false"]


@pytest.fixture
def saved(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    layers = [
        keras.layers.Flatten(name="flat"),
        keras.layers.Dense(16, "relu", name="low"),
        keras.layers.Dense(4, name="top"),
    ]
    keras.Sequential([keras.Input((8, 8)), *layers]).save("model.keras")
    return tmp_path


@pytest.mark.slow
def test_the_yaml_that_it_leaves_trains_to_the_same_figures(saved, capsys):
    assert exit_codes.run_app(app.app, [*LINE, *SETS]) == 0
    metrics = json.loads(capsys.readouterr().out)["metrics"]
    assert exit_codes.run_app(app.app, ["train", str(saved / "runs/digits-finetuned-1/config.yaml"), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["metrics"] == metrics


def test_one_line_fine_tunes_and_leaves_its_yaml(saved, capsys):
    tmp_path = saved
    assert exit_codes.run_app(app.app, [*LINE, *SETS]) == 0
    result = json.loads(capsys.readouterr().out)
    assert result["status"] == "completed" and result["name"] == "digits-finetuned" and result["epochs"] == 2
    run = tmp_path / "runs" / "digits-finetuned-1"
    again = load_config(run / "config.yaml").config
    assert [stage.epochs for stage in again.stages] == [1, 1]
    assert again.pretrained.from_ == str(tmp_path / "model.keras")
    assert (again.data.limit, again.report.tensorboard) == (200, False)
    table = {row["layer"]: row["became"] for row in json.loads((run / "facts" / "pretrained.json").read_text())}
    assert table == {"low": "loaded", "top": "skipped", "output": "new"}
    facts = json.loads((run / "facts" / "stages.json").read_text())
    assert [fact["proof"]["frozen"] for fact in facts] == [2, 0]
    assert exit_codes.run_app(app.app, ["finetune", "--from", "gone.keras", "--data", "digits"]) == 2
    said = capsys.readouterr().err
    assert "--from: " in said and "gone.keras` does not exist" in said
    assert exit_codes.run_app(app.app, ["finetune", "--from", "model.keras", "--data", "nowhere"]) == 2
    assert capsys.readouterr().err.startswith("--data: ")
    assert exit_codes.run_app(app.app, [*LINE, "--set", "data.limmit=200"]) == 2
    assert "--set data.limmit" in capsys.readouterr().out
