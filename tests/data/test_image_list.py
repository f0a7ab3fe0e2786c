"""A table of picture files and labels: the same pictures as a folder's, with a table's targets and groups."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from kerasdeep import data
from kerasdeep.config import load_config
from kerasdeep.config.sections.data import DataConfig, SplitConfig
from kerasdeep.errors import InputError
from kerasdeep.inference.run_evaluation import labelled_split
from kerasdeep.scaffold import draft_config

ROWS = 40


@pytest.fixture
def pets(tmp_path, monkeypatch):
    """A folder of pictures by class, and `pets.csv` with the same in the same order."""
    monkeypatch.chdir(tmp_path)
    draw, rows = np.random.default_rng(0), []
    for label in ("cat", "dog"):
        (tmp_path / "pets" / label).mkdir(parents=True)
        for number in range(ROWS // 2):
            name = f"pets/{label}/{number:02}.png"
            Image.fromarray(draw.integers(0, 256, (9, 7, 3), np.uint8)).save(tmp_path / name)
            rows.append({"photo": name, "owner": number // 4, "age": number / 3, "animal": label})
    frame = pd.DataFrame(rows)
    frame.to_csv("pets.csv", index=False)
    return frame


def load(**settings):
    columns = {"photo": "picture", "owner": "ignore", "age": "ignore"}
    return data.load(DataConfig(**{"source": "pets.csv", "columns": columns, "target": ["animal"], **settings}))


def test_it_gives_what_the_folder_gives(pets):
    folder, listed, streamed = data.load(DataConfig(source="pets")), load(), load(stream=True)
    assert listed.preprocessing.kind == "image"
    assert [target.classes for target in listed.targets] == [["cat", "dog"]]
    for split in ("train", "validation"):
        expected, found = getattr(folder, split), getattr(listed, split)
        np.testing.assert_array_equal(found.x, expected.x)
        np.testing.assert_array_equal(getattr(streamed, split).x[:], expected.x)
        np.testing.assert_array_equal(found.y, expected.y)
        assert [f"pets/{name}" for name in expected.rows] == found.rows.tolist()
    rows = data.read_for_prediction(listed.preprocessing, "pets.csv", labels=True)
    assert list(rows.columns) == list(pets.columns) and len(rows) == ROWS
    assert len(data.read_for_prediction(listed.preprocessing, "pets/cat/03.png")) == 1
    of_a_model_file = replace(listed.preprocessing, read_options={})
    assert len(data.read_for_prediction(of_a_model_file, "pets.csv")) == ROWS


def test_it_has_groups_numbers_and_a_hash_of_its_labels(pets):
    grouped = load(group="owner", columns={"photo": "picture", "age": "ignore"})
    assert grouped.profile["shared_groups"] == {"train_validation": 0}
    number = load(target=["age"], columns={"photo": "picture"}, features=["photo"], validation=SplitConfig(last=5))
    assert number.targets[0].kind == "regression" and len(number.validation) == 5
    assert number.preprocessing.kind == "image" and not number.warnings
    beside = load(target=["age"], columns={"photo": "picture"}, validation=SplitConfig(last=5))
    assert beside.input_shapes == {"input": (3,), "photo": (9, 7, 3)}
    np.testing.assert_array_equal(beside.train.x["photo"], number.train.x)
    pets.assign(animal=pets.animal[::-1].to_numpy()).to_csv("other.csv", index=False)
    assert load().hash == load().hash != load(source="other.csv").hash


def test_missing_files_are_named(pets):
    pets.loc[3, "photo"] = "pets/none.png"
    pets.to_csv("pets.csv", index=False)
    loaded = load()
    assert any("1 of 40 pictures cannot be read and are skipped: pets/none.png" in str(w) for w in loaded.warnings)
    pets.assign(photo="gone.png").to_csv("pets.csv", index=False)
    with pytest.raises(InputError, match="40 of 40 pictures"):
        load()
    with pytest.raises(InputError, match="no column 'foto'"):
        load(columns={"foto": "picture"})


def test_what_has_no_label_is_not_evaluated(pets):
    known, said = load().preprocessing, []
    pets.loc[[3, 8], "animal"] = None
    pets.to_csv("gaps.csv", index=False)
    split = labelled_split(known, "gaps.csv", said.append)
    assert len(split) == ROWS - 2 and "pets/cat/03.png" not in split.rows and "2 of 40 rows" in said[0]
    pets.assign(animal=None).to_csv("gaps.csv", index=False)
    with pytest.raises(InputError, match="missing in 40 of 40"):
        labelled_split(known, "gaps.csv", said.append)


def test_init_finds_the_pictures(pets):
    pets[["photo", "animal"]].to_csv("pets.csv", index=False)
    path, found = draft_config("pets.csv")
    written = load_config(path).config
    assert written.data.picture_column == "photo" and written.data.target == ["animal"]
    assert (found.kind, found.input_shape) == ("image", (9, 7, 3))
    assert [layer.name for layer in written.network.layers][-1] == "Output"
