"""The shipped files: found, searched, and copied so that a copy works where it lies."""

import os

import pytest
from helpers.marks import sampled

from kerasdeep import collection
from kerasdeep.config import load_config
from kerasdeep.errors import InputError


def test_every_shipped_file_is_listed_with_a_sentence():
    found = collection.search_recipes()
    assert [one.name for one in found] == list(collection.collection_files())
    assert all(one.description for one in found), "give it a `description:` or an opening comment"
    assert len({one.name for one in found}) == len(found), "two shipped files share a name"


def test_the_search_sees_names_descriptions_and_comments_in_any_case():
    assert "quickstart" in [one.name for one in collection.search_recipes("QUICK")]
    assert "quickstart" in [one.name for one in collection.search_recipes("Handwritten Digits")]
    assert [one.name for one in collection.search_recipes("remove the #>")] == ["reference"]


def test_a_search_that_finds_nothing_says_so_with_the_nearest_name():
    with pytest.raises(InputError) as caught:
        collection.search_recipes("quickstrat")
    assert caught.value.problems[0].suggestion == "quickstart"


@pytest.mark.parametrize("name", sampled(collection.collection_files(), every=4))
def test_a_copy_is_the_same_experiment_wherever_it_lies(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    path = collection.copy_recipe(name)
    assert path.name == f"{name}.yaml"
    original = load_config(collection.collection_files()[name])
    copied = load_config(path)
    assert copied.config == original.config
    text = path.read_text()
    assert f"$schema={collection.SCHEMA_FILE.absolute().as_uri()}\n" in text
    assert "../" not in text, "a relative path would not hold in a copy"
    commands = (f"# kerasdeep train {path.name}", f"# kerasdeep compare {path.name} --seeds ")
    assert text.startswith(commands), "a shipped file opens with its command"
    assert f"{collection.collection_files()[name].parent.name}/{path.name}" not in text


def test_a_copy_under_another_name_is_called_so(tmp_path):
    path = collection.copy_recipe("quickstart", tmp_path / "mine.yaml")
    assert load_config(path).config.name == "mine"
    assert path.read_text().startswith("# kerasdeep train mine.yaml\n")


def test_a_folder_is_a_target(tmp_path):
    assert collection.copy_recipe("quickstart.yaml", tmp_path) == tmp_path / "quickstart.yaml"


def test_nothing_is_overwritten_without_force(tmp_path):
    path = tmp_path / "mine.yaml"
    path.write_text("precious")
    with pytest.raises(InputError, match="exists already"):
        collection.copy_recipe("quickstart", path)
    assert path.read_text() == "precious"
    collection.copy_recipe("quickstart", path, force=True)
    assert load_config(path)


def test_a_target_that_cannot_be_written_is_refused(tmp_path):
    with pytest.raises(InputError, match="folder"):
        collection.copy_recipe("quickstart", tmp_path / "missing" / "mine.yaml")
    if os.geteuid():
        tmp_path.chmod(0o500)
        with pytest.raises(InputError, match="cannot be written"):
            collection.copy_recipe("quickstart", tmp_path / "mine.yaml")


def test_an_unknown_name_is_refused_with_the_nearest():
    with pytest.raises(InputError) as caught:
        collection.find_recipe("quikstart")
    assert caught.value.problems[0].suggestion == "quickstart"
