"""The story as a whole: what kind of source a name is, settings without effect, errors that gather."""

import numpy as np
import pytest

from kerasdeep import data
from kerasdeep.config.sections.data import DataConfig, ImageConfig, SplitConfig
from kerasdeep.data.sources import infer_format
from kerasdeep.errors import InputError, SourceLocation


@pytest.mark.parametrize(
    ("name", "format"),
    [("a.csv", "csv"), ("a.TSV", "csv"), ("a.parquet", "parquet"), ("a.npz", "npz"), ("pictures", "images")],
)
def test_the_name_says_the_format(tmp_path, name, format):
    path = tmp_path / name
    path.write_text("") if path.suffix else path.mkdir()
    assert infer_format(str(path), None) == format
    assert infer_format("digits", None) == "builtin"


def test_a_stated_format_beats_the_name(tmp_path):
    path = tmp_path / "table.rows"
    path.write_text("x,y\n" + "".join(f"{n / 7},{n % 2}\n" for n in range(60)))
    with pytest.raises(InputError) as caught:
        data.load(DataConfig(source=str(path), target=["y"]))
    assert caught.value.problems[0].name == "unknown-format"
    assert len(data.load(DataConfig(source=str(path), target=["y"], format="csv")).train) == 54


def test_a_missing_file_suggests_a_neighbour(tmp_path):
    (tmp_path / "houses.csv").write_text("")
    location = SourceLocation("a.yaml", 2, 10)
    with pytest.raises(InputError) as caught:
        data.load(DataConfig(source=str(tmp_path / "house.csv"), locations={"source": location}))
    (problem,) = caught.value.problems
    assert (problem.name, problem.location) == ("missing-file", location)
    assert problem.suggestion == str(tmp_path / "houses.csv")


def test_a_stated_format_needs_a_source_of_it(tmp_path):
    for format in ("csv", "npz", "parquet", "images", "builtin"):
        with pytest.raises(InputError) as caught:
            data.load(DataConfig(source=str(tmp_path / "nowhere"), format=format, target=["y"]))
        assert caught.value.problems[0].name == "missing-file"


def test_settings_without_effect_are_warned_of():
    columns = {"x": "number"}
    section = DataConfig(source="digits", separator=";", drop=["x"], features=["a"], columns=columns, target=["digit"])
    named = [str(problem.location) for problem in data.load(section).warnings if problem.name == "no-effect"]
    assert named == ["data.separator", "data.features", "data.drop", "data.columns", "data.target"]
    warnings = data.load(DataConfig(source="iris", image=ImageConfig(size=[3, 3]), per_class=None)).warnings
    assert [str(problem.location) for problem in warnings if problem.name == "no-effect"] == ["data.image"]
    warnings = data.load(DataConfig(source="diabetes", per_class=3)).warnings
    assert [str(problem.location) for problem in warnings if problem.name == "no-effect"] == ["data.per_class"]
    warnings = data.load(DataConfig(source="iris", target_scaling="standardize")).warnings
    assert [str(problem.location) for problem in warnings if problem.name == "no-effect"] == ["data.target_scaling"]


def test_problems_of_different_kinds_come_together(tmp_path):
    with pytest.raises(InputError) as caught:
        data.load(
            DataConfig(
                source="digits", validation=SplitConfig(count=5000), test=SplitConfig(count=5000), classes=["0", "1"]
            ),
            batch_size=32,
        )
    assert [problem.name for problem in caught.value.problems] == ["too-few-rows", "too-few-rows"]


def test_unit_pictures_cost_one_float32_array(tmp_path):
    """The bytes are cut as views: what is allocated is little more than the float32 parts themselves."""
    import tracemalloc

    x = np.random.default_rng(0).integers(0, 256, (20_000, 28, 28), np.uint8)
    np.savez(tmp_path / "own.npz", x=x, y=np.arange(20_000) % 10)
    section = DataConfig(source=str(tmp_path / "own.npz"), validation=SplitConfig(last=2000))
    tracemalloc.start()
    found = data.load(section)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert found.train.x.nbytes + found.validation.x.nbytes == 4 * x.nbytes
    assert peak < 6 * x.nbytes
