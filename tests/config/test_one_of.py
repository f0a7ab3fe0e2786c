"""A split says one thing: what a later file, variant or `--set` says replaces what an earlier one said."""

import pytest

from kerasdeep.config import Overrides, load_config
from kerasdeep.errors import InputError


@pytest.fixture
def file(tmp_path):
    (tmp_path / "base.yaml").write_text(
        "data: {source: digits, validation: {last: 100}, test: 0.2}\nnetwork: [Flatten, Output]\n"
    )
    path = tmp_path / "child.yaml"
    path.write_text("extends: base.yaml\ndata: {validation: 0.1, test: {first: 50}}\n")
    return path


def test_a_later_file_replaces_the_split(file):
    data = load_config(file).config.data
    assert (data.validation.fraction, data.validation.last) == (0.1, None)
    assert (data.test.first, data.test.fraction) == (50, None)


def test_set_replaces_the_split(file):
    data = load_config(file, Overrides(["data.validation.last=7", "data.test=30"])).config.data
    assert (data.validation.last, data.validation.fraction) == (7, None)
    assert (data.test.count, data.test.first) == (30, None)


def test_a_word_alone_states_a_kind_of_pretraining(file):
    def stages(pretrain):
        file.write_text(
            "data: {source: digits}\nnetwork: [Flatten, Dense: 8, Output]\n"
            f"stages: [{{name: first, pretrain: {pretrain}}}, {{name: all}}]\n"
        )
        return load_config(file).config.stages

    assert stages("pairs") == stages("{pairs: {}}")
    assert stages("autoencoder")[0].pretrain.autoencoder.style == "stacked"
    with pytest.raises(InputError, match="Expected a mapping or `autoencoder` or `pairs` or `rotation`"):
        stages("pears")


def test_what_rows_are_held_out_by_stands_beside_and_goes_with_its_split(file):
    file.write_text("extends: base.yaml\ndata: {group: a, time: b, test: {by: time}}\n")
    test = load_config(file).config.data.test
    assert (test.fraction, test.by) == (0.2, "time")
    test = load_config(file, Overrides(["data.test.by=group", "data.test.fraction=0.3"])).config.data.test
    assert (test.fraction, test.by) == (0.3, "group")
    test = load_config(file, Overrides(["data.test.last=7"])).config.data.test
    assert (test.last, test.fraction, test.by) == (7, None, "auto")


@pytest.mark.parametrize(
    ("split", "message"),
    [("{last: 5, by: group}", "Expected it beside"), ("{fraction: 0.1, by: group}", "Expected `data.group`")],
)
def test_by_needs_a_share_and_a_column(file, split, message):
    file.write_text(f"extends: base.yaml\ndata: {{test: {split}}}\n")
    with pytest.raises(InputError, match=message):
        load_config(file)
