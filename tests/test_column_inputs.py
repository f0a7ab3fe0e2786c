"""Columns with an input of their own, from the file to predictions: words as tokens, and pictures."""

import json

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from kerasdeep import data, report, training
from kerasdeep.config import Overrides, load_config
from kerasdeep.config.sections.data import ColumnConfig, DataConfig, ImageConfig
from kerasdeep.data.encoders.tokens import TokensEncoder
from kerasdeep.data.preprocessing import Preprocessing
from kerasdeep.errors import InputError
from kerasdeep.inference.predictor import Predictor
from kerasdeep.scaffold import draft_config

TOKENS = {"note": ColumnConfig(kind="text", as_="tokens")}
DATA = "data: {source: notes.csv, target: y, test: 0.25, columns: {note: {kind: text, as: tokens}}}\n"
REST = "training: {epochs: 12, batch_size: 8, watch: null}\nreport: {tensorboard: false}\n"
MIXED = DATA + "network: [{Dense: 16}, Output]\noptimizer: {Adam: {learning_rate: 0.005}}\n" + REST


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Notes whose answer is one of four words of each class, anywhere among eight that say nothing."""
    folder, draw, rows = tmp_path_factory.mktemp("columns"), np.random.default_rng(0), []
    filler = [f"{a}{b}" for a in "bdfgklm" for b in ("alo", "enar", "irin", "osum")]
    telling = ["awful", "broken", "horrid", "poor"], ["great", "lovely", "splendid", "superb"]
    for number in range(240):
        words = [*draw.choice(filler, 8), draw.choice(telling[number % 2])]
        draw.shuffle(words)
        rows.append({"age": number % 7, "city": "AB"[number % 3 % 2], "note": " ".join(words), "y": "ny"[number % 2]})
    pd.DataFrame(rows).to_csv(folder / "notes.csv", index=False)
    return folder


@pytest.fixture(scope="module")
def run(folder):
    (folder / "mixed.yaml").write_text(MIXED)
    trained = training.train(load_config(folder / "mixed.yaml"), folder / "runs", progress="quiet")
    report.write(trained)
    return trained


def export(predictor, path):
    """What an export says of itself, where TensorFlow is there to write it."""
    pytest.importorskip("tensorflow")
    from kerasdeep.inference.export.exporter import ExportOptions, export_run

    return export_run(predictor, ExportOptions(path=path))


def load(folder, **settings):
    return data.load(
        DataConfig(**{"source": str(folder / "notes.csv"), "target": ["y"], "columns": TOKENS, **settings})
    )


def test_words_are_numbers_in_their_order():
    texts = pd.Series(["The cat, the dog", "a cat!", "a dog; a Cat", None, "dog"])
    settings = ColumnConfig(kind="text", as_="tokens", words=4)
    encoder = TokensEncoder.fit("t", texts, DataConfig(source="", columns={"t": settings}))
    assert (encoder.words, encoder.length) == (["cat", "dog"], 4)  # `a` is as common, and there is room for two
    rows = encoder.apply(pd.Series(["the cat the dog and more", "DOG", "", None, "☃", "new"]))
    assert rows.tolist() == [[1, 2, 1, 3], [3, 0, 0, 0], *[[1, 0, 0, 0]] * 4]
    assert encoder.invert(rows[0]) == "… cat … dog"
    assert encoder.count(pd.Series(["cat new", "new", "", None])) == {"missing": 2, "unseen": 1}
    assert encoder.own_input.numbers == 4
    empty = TokensEncoder.fit("t", pd.Series(["", None]), DataConfig(source=""))
    assert empty.apply(texts).tolist() == [[1]] * 5


def test_the_table_has_an_input_for_the_column_and_one_for_the_others(folder, tmp_path):
    loaded, alone = load(folder), load(folder, drop=["age", "city"])
    assert loaded.input_shapes == {"input": (3,), "note": (9,)}
    assert alone.input_shapes == {"input": (9,)}
    np.testing.assert_array_equal(alone.train.x, loaded.train.x["note"])
    np.testing.assert_array_equal(load(folder, drop=["note"], columns={}).train.x, loaded.train.x["input"])
    assert [feature["kind"] for feature in loaded.profile["features"]] == ["number", "category", "tokens"]
    loaded.preprocessing.save(tmp_path / "p.npz", tmp_path / "p.json")
    kept = Preprocessing.load(tmp_path / "p.npz", tmp_path / "p.json")
    raw = data.read_for_prediction(kept, folder / "notes.csv")
    again = data.transform_inputs(kept, raw.x)
    for name, x in loaded.train.x.items():
        np.testing.assert_array_equal(again[name][loaded.train.rows], x)
    with pytest.raises(InputError, match="note would be an input"):
        load(folder, stream=True)
    document = json.loads((tmp_path / "p.json").read_text())
    document["inputs"]["note"]["columns"] += document["inputs"]["input"]["columns"][:1]
    (tmp_path / "p.json").write_text(json.dumps(document))
    with pytest.raises(InputError, match="encode"):
        Preprocessing.load(tmp_path / "p.npz", tmp_path / "p.json")


def test_a_planted_word_is_learnt_evaluated_predicted_and_exported(run, folder):
    result = run.read_result()
    assert result["metrics"]["test_accuracy"] > 0.9
    assert {opponent["name"] for opponent in result["opponents"]} >= {"LogisticRegression"}
    assert result["verdict"][0]["winner"] == "network"
    assert result["verdict"][0]["sentence"].endswith("Opponents do not see note.")
    predictor = Predictor.load(run)
    assert predictor.evaluate(str(folder / "notes.csv"))["metrics"]["test_accuracy"] > 0.9
    rows = pd.DataFrame({"age": 1, "city": "A", "note": ["superb balo", "balo poor", "", None]})
    found = predictor.predict(rows)
    assert found.prediction[:2].tolist() == ["y", "n"] and found.probability_y.between(0, 1).all()
    assert "note_embedding" in (run.path / "report.html").read_text()
    exported = export(predictor, folder / "notes.keras")
    assert exported["largest_difference"] < 1e-5
    assert [entry["shape"] for entry in exported["inputs"]] == [[None, 2], [None, 9]]


@pytest.mark.slow
def test_a_network_takes_the_column_by_name(folder):
    text = DATA + "network:\n- Input: note\n- Embedding: {input_dim: 100, output_dim: 4}\n- Flatten\n"
    text += "- {Dense: 4, name: words}\n"
    text += "- Input: {name: both, features: [age, note]}\n- Concatenate: {inputs: [words, both]}\n- Output\n"
    (folder / "named.yaml").write_text(text + REST.replace("12", "1"))
    trained = training.train(load_config(folder / "named.yaml"), folder / "runs", progress="quiet")
    layers = {
        layer["name"]: layer for layer in json.loads((trained.path / "facts" / "network.json").read_text())["layers"]
    }
    assert layers["embedding_1"]["inputs"] == ["note"] and layers["both"]["output_shape"] == [33]
    assert layers["both_columns"]["settings"] == "columns=[0]"
    assert len(Predictor.load(trained).predict(str(folder / "notes.csv"))) == 240


@pytest.mark.parametrize(
    "network, expected",
    [
        ("[{Input: note}, {Embedding: {input_dim: 9, output_dim: 4}}, Flatten, Output]", "numbers 0 to 37"),
        ("[{Embedding: {input_dim: 99, output_dim: 4}}, Flatten, Output]", "which layers feed this Embedding"),
        ("[{Input: {name: a, features: [note, agge]}}, Output]", "agge"),
    ],
)
def test_what_cannot_be_is_said(folder, network, expected):
    (folder / "wrong.yaml").write_text(DATA + f"network: {network}\n" + REST)
    with pytest.raises(InputError, match=expected):
        training.train(load_config(folder / "wrong.yaml"), folder / "runs", progress="quiet")


@pytest.fixture(scope="module")
def photos(tmp_path_factory):
    """Pictures whose colour is the answer, beside columns that say nothing."""
    folder, draw, rows = tmp_path_factory.mktemp("photos"), np.random.default_rng(0), []
    (folder / "pictures").mkdir()
    for number in range(120):
        pixels = draw.integers(0, 150, (8, 10, 3), np.uint8)
        pixels[..., number % 2] += 80
        Image.fromarray(pixels).save(folder / "pictures" / f"{number}.png")
        rows.append({"age": draw.normal(), "photo": f"pictures/{number}.png", "y": "ny"[number % 2]})
    pd.DataFrame(rows).to_csv(folder / "photos.csv", index=False)
    return folder


def load_photos(folder, **settings):
    return data.load(DataConfig(**{"source": str(folder / "photos.csv"), "target": ["y"], **settings}))


def test_pictures_that_end_early_are_named_and_streamed_paths_are_no_pictures(photos, tmp_path, monkeypatch):
    for source in (photos / "pictures").iterdir():
        Image.open(source).resize((200, 200)).save(tmp_path / f"{source.stem}.jpg")
    broken = tmp_path / "7.jpg"
    broken.write_bytes(broken.read_bytes()[: broken.stat().st_size // 2])
    frame = pd.read_csv(photos / "photos.csv")
    frame.assign(photo=frame["photo"].str.extract(r"(\d+)")[0] + ".jpg").to_csv(tmp_path / "photos.csv", index=False)
    settings = {"validation": None, "image": ImageConfig(size=[8, 8])}
    (warning,) = [one for one in load_photos(tmp_path, **settings).warnings if one.name == "unreadable-images"]
    assert "7.jpg" in str(warning)
    monkeypatch.chdir(tmp_path)  # where the paths of the table are those of files
    assert "photo" not in data.load(DataConfig(source="photos.csv", target=["y"], stream=True)).input_shapes


def test_pictures_beside_columns_are_found_decoded_and_kept(photos, tmp_path, monkeypatch):
    loaded = load_photos(photos)
    assert loaded.input_shapes == {"input": (1,), "photo": (8, 10, 3)}
    assert "`data: {columns: {photo: picture}}` says that this is meant" in str(loaded.warnings)
    stated = load_photos(photos, columns={"photo": "picture"})
    assert not stated.warnings
    np.testing.assert_array_equal(stated.train.x["photo"], loaded.train.x["photo"])
    first = np.asarray(Image.open(photos / "pictures" / f"{loaded.train.rows[0]}.png"))
    np.testing.assert_array_equal(loaded.train.x["photo"][0], first / np.float32(255))
    sized = load_photos(photos, image=ImageConfig(size=[4, 4], channels=1), scaling="none")
    assert sized.input_shapes["photo"] == (4, 4, 1) and sized.train.x["photo"].max() > 1
    loaded.preprocessing.save(tmp_path / "p.npz", tmp_path / "p.json")
    kept = Preprocessing.load(tmp_path / "p.npz", tmp_path / "p.json")
    monkeypatch.chdir(photos / "pictures")  # paths belong to the table; those of rows in memory to the folder here
    raw = data.read_for_prediction(kept, photos / "photos.csv")
    again = data.transform_inputs(kept, raw.x)["photo"]
    np.testing.assert_array_equal(again[loaded.train.rows], loaded.train.x["photo"])
    raw = data.read_for_prediction(kept, pd.DataFrame({"age": 0.0, "photo": ["0.png", "none.png", None, 3]}))
    pixels = data.transform_inputs(kept, raw.x)["photo"]
    assert [bool(picture.any()) for picture in pixels] == [True, False, False, False]
    assert "3 in 'photo'; of these not empty, but no value of the column's kind: 1" in str(raw.warnings[0])
    assert load_photos(photos, drop=["photo"]).input_shapes == {"input": (1,)}
    with pytest.raises(InputError, match="photo would be an input"):
        load_photos(photos, stream=True, columns={"photo": "picture"})


def test_pictures_that_are_missing_or_changed_are_noticed(photos, tmp_path):
    table = pd.read_csv(photos / "photos.csv")
    (tmp_path / "pictures").symlink_to(photos / "pictures")
    table.assign(photo=["pictures/none.png", *table.photo[1:]]).to_csv(tmp_path / "photos.csv", index=False)
    found = load_photos(tmp_path, validation=None)
    (warning,) = [one for one in found.warnings if one.name == "unreadable-images"]
    assert "1 of 120 pictures of 'photo'" in str(warning) and "none.png (no such file)" in str(warning)
    table.assign(photo="gone.png").to_csv(tmp_path / "photos.csv", index=False)
    with pytest.raises(InputError, match="none of its values is one"):
        load_photos(tmp_path, columns={"photo": "picture"})
    (tmp_path / "pictures").unlink()
    (tmp_path / "pictures").mkdir()
    for number in range(120):
        Image.new("RGB", (3, 3), (number, 0, 0)).save(tmp_path / "pictures" / f"{number}.png")
    table.to_csv(tmp_path / "photos.csv", index=False)
    assert load_photos(tmp_path).hash == load_photos(tmp_path).hash != load_photos(photos).hash


@pytest.mark.slow
def test_a_planted_colour_is_learnt_by_what_init_writes(photos, monkeypatch):
    monkeypatch.chdir(photos)
    path, found = draft_config("photos.csv")
    assert (found.kind, found.picture_columns) == ("table", ("photo",))
    assert "columns: {photo: picture}" in path.read_text()
    overrides = Overrides(["training.epochs=10", "report.tensorboard=false", "training.watch=null"])
    trained = training.train(load_config(path, overrides), photos / "runs", progress="quiet")
    assert trained.read_result()["metrics"]["test_accuracy"] == 1
    predictor = Predictor.load(trained)
    assert predictor.predict("photos.csv").photo[0] == "pictures/0.png"
    assert export(predictor, photos / "photos.keras")["largest_difference"] < 1e-5


@pytest.mark.slow
def test_a_picture_column_is_augmented_and_given_to_a_body(photos):
    text = "data: {source: photos.csv, target: y, columns: {photo: picture}, image: {size: [32, 32]}, "
    text += "augmentation: [RandomFlip: horizontal]}\nnetwork:\n- Input: photo\n"
    text += "- Pretrained: {from: application:MobileNet, arguments: {alpha: 0.25}, weights: null}\n"
    text += "- {Dense: 4, name: seen}\n- Input: {name: beside, features: [age]}\n"
    text += "- Concatenate: {inputs: [seen, beside]}\n- Output\n"
    (photos / "body.yaml").write_text(text + REST.replace("12", "1"))
    trained = training.train(load_config(photos / "body.yaml"), photos / "runs", progress="quiet")
    assert len(Predictor.load(trained).predict(str(photos / "photos.csv"))) == 120
