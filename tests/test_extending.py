"""A task, a callback and a verb of one's own: an entry each, in a process of their own, and a run uses all three.

Column kinds and file formats are added in tests/data, optimizers, metrics and layers in tests/custom_objects.
"""

import json
import subprocess
import sys

import numpy as np
import pytest

EXTENSION = '''
import json
import sys

from kerasdeep.tasks import TASKS, Task

TASKS["tally"] = Task(
    activation="exponential",
    loss="Poisson",
    metrics=("RootMeanSquaredError",),
    headline="root_mean_squared_error",
    baseline="mean",
    module="kerasdeep.evaluation.numbers",
    needs="{units} units, one for each number",
    shares_head=True,
)

from kerasdeep.cli.app import app
from kerasdeep.cli.exit_codes import run_app
from kerasdeep.training import callbacks
from kerasdeep.training.phase import Callback


class Seen(Callback):
    """Remembers the loss of every epoch, also over a resume."""

    def __init__(self, phase):
        self.losses = []

    def on_epoch_end(self, epoch, row):
        self.losses.append(row["loss"])

    def on_phase_end(self):
        with open("seen.json", "w") as file:
            json.dump(self.losses, file)

    def state_dict(self):
        return {"losses": self.losses}

    def load_state_dict(self, state):
        self.losses = list(state["losses"])


callbacks.PHASE_CALLBACKS["seen"] = Seen


@app.command()
def greet(name: str) -> None:
    print(f"Hello {name}")


for words in (["greet", "reader"], ["train", "counts.yaml", "--quiet"], ["train", "runs/counts-1", "--resume",
              "--epochs", "3", "--quiet"], ["predict", "runs/counts-1", "new.csv", "-o", "out.csv"]):
    assert run_app(app, words) == 0, words
'''
CONFIG = """
version: 1
name: counts
task: tally
data: {source: counts.csv, target: visits, target_scaling: none, validation: 0.2}
network: [{Dense: 8}, Output]
training: {epochs: 2, watch: null}
report: {tensorboard: false}
"""


@pytest.mark.slow
def test_a_task_a_callback_and_a_verb_are_an_entry_each(tmp_path):
    random = np.random.default_rng(0)
    x = random.normal(size=200)
    visits = random.poisson(np.exp(0.5 + 0.5 * x))
    (tmp_path / "counts.csv").write_text(
        "x,visits\n" + "".join(f"{a:.4f},{b}\n" for a, b in zip(x, visits, strict=True))
    )
    (tmp_path / "new.csv").write_text("x\n-1\n2\n")
    (tmp_path / "counts.yaml").write_text(CONFIG)
    (tmp_path / "extension.py").write_text(EXTENSION)
    done = subprocess.run([sys.executable, "extension.py"], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    assert "Hello reader" in done.stdout

    run = tmp_path / "runs" / "counts-1"
    resolved = (run / "resolved.yaml").read_text()
    assert "task: tally" in resolved
    config = json.loads((run / "result.json").read_text())
    assert config["epochs"] == 3 and "val_root_mean_squared_error" in config["metrics"]
    assert len(json.loads((tmp_path / "seen.json").read_text())) == 3  # two before the resume, one after it
    low, high = (float(line.split(",")[1]) for line in (tmp_path / "out.csv").read_text().splitlines()[1:])
    assert low > 0 and high > 0  # an exponential output, in the target's own unit
