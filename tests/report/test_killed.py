"""The report of a run that was really killed half-way: it says so, shows what was finished, and how to go on."""

import signal
import subprocess
import sys
import time

import numpy as np
import pytest

from kerasdeep.cli import exit_codes
from kerasdeep.cli.app import app
from kerasdeep.runs import RunDir

NET = """
version: 1
name: killed
data: {source: rows.npz, validation: 60}
network: {layers: [Dense: 16, Output]}
training: {epochs: 5000, batch_size: 16}
report: {tensorboard: false}
"""


@pytest.mark.slow
def test_a_killed_run_gets_a_report_that_says_so(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    x = np.random.default_rng(0).normal(size=(300, 6)).astype("float32")
    np.savez("rows.npz", x=x, y=(x[:, 0] > 0).astype("int32"))
    (tmp_path / "killed.yaml").write_text(NET)
    command = [sys.executable, "-m", "kerasdeep", "train", "killed.yaml", "--quiet"]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        run = RunDir(tmp_path / "runs" / "killed-1")
        while process.poll() is None and len(run.history.rows()) < 3:
            time.sleep(0.05)
        process.send_signal(signal.SIGKILL)
    epochs = len(run.history.rows())
    assert process.returncode == -signal.SIGKILL and 3 <= epochs < 5000
    assert not run.report_html.exists()
    assert exit_codes.run_app(app, ["report", "runs/killed-1"]) == 0
    page, text = run.report_html.read_text(encoding="utf-8"), run.report_md.read_text(encoding="utf-8")
    assert "This run was interrupted." in page and f"{epochs} of 5,000 epochs" in page.replace("5000", "5,000")
    assert "kerasdeep train runs/killed-1 --resume" in page
    assert "This run is interrupted" in text
    capsys.readouterr()
    assert exit_codes.run_app(app, ["runs"]) == 0
    assert "interrupted" in capsys.readouterr().out
