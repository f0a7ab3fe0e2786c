"""Every shipped file trains: in its `fast` profile where it has one, else for one epoch."""

from pathlib import Path

import pytest
from helpers.marks import sampled

from kerasdeep import collection, report, training
from kerasdeep.config import Overrides, load_config
from kerasdeep.runs import RunDir

FILES = collection.collection_files()
FOLDERS = [Path(__file__).resolve().parents[2] / name for name in collection.COLLECTION_FOLDERS]


def test_no_file_is_forgotten():
    in_the_clone = [path for folder in FOLDERS for path in folder.rglob("*.yaml")]
    assert len(FILES) == len(in_the_clone) >= 56


BY_DEFAULT = ("reference",)


@pytest.mark.parametrize("name", sampled(FILES, BY_DEFAULT))
def test_it_trains_and_gets_its_report(name, tmp_path):
    fast = "fast" if "fast" in load_config(FILES[name]).config.profiles else None
    flags = {} if fast else {"training.epochs": ("--epochs", "1")}
    loaded = load_config(FILES[name], Overrides(["runtime.threads=auto"], profile=fast, flags=flags))
    run: RunDir = training.train(loaded, tmp_path, progress="quiet")
    report.write(run)
    result = run.read_result()
    assert result["status"] == "completed"
    of_stages = sum(stage.epochs or loaded.config.training.epochs for stage in loaded.config.stages)
    assert result["epochs"] == (of_stages or loaded.config.training.epochs)
    assert all(value is not None for value in result["metrics"].values())
    assert run.report_html.stat().st_size > 10_000
