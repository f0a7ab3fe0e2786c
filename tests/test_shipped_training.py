"""Every shipped file trains: in its `fast` profile where it has one, else for one epoch."""

from pathlib import Path

import pytest

from kerasdeep import report, shipped, spec, training
from kerasdeep.run_dir import RunDir

FILES = shipped.all_files()
FOLDERS = [Path(__file__).parent.parent / name for name in shipped.SHELVES]


def test_no_file_is_forgotten():
    in_the_clone = [path for folder in FOLDERS for path in folder.rglob("*.yaml")]
    assert len(FILES) == len(in_the_clone) >= 56


@pytest.mark.parametrize("name", FILES)
def test_it_trains_and_gets_its_report(name, tmp_path):
    fast = "fast" if "fast" in spec.load(FILES[name]).spec.profiles else None
    loaded = spec.load(FILES[name], profile=fast, flags={} if fast else {"training.epochs": ("--epochs", "1")})
    run: RunDir = training.train(loaded, tmp_path, progress="quiet")
    report.write(run)
    result = run.read_result()
    assert result["status"] == "completed"
    of_stages = sum(stage.epochs or loaded.spec.training.epochs for stage in loaded.spec.stages)
    assert result["epochs"] == (of_stages or loaded.spec.training.epochs)
    assert all(value is not None for value in result["metrics"].values())
    assert run.report_html.stat().st_size > 10_000
