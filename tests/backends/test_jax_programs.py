"""How many programs JAX compiles for a whole `train`, and that few of them give Keras's own initial values."""

import importlib.util
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from kerasdeep.backends import compile_cache

pytestmark = pytest.mark.skipif(importlib.util.find_spec("jax") is None, reason="JAX is not installed")
CONFIG = """
data: {source: digits, validation: 0.1}
network: [Flatten, Dense: 300, Dense: 100, Output]
training: {epochs: 2, watch: 1 epoch}
runtime: {backend: jax}
report: {tensorboard: false}
"""
VALUES = """
import keras, numpy as np
from keras import initializers
KINDS = [initializers.HeNormal(3), initializers.GlorotUniform(2**31 + 7), initializers.LecunNormal(0),
         initializers.RandomNormal(0.0, 0.3, seed=5), initializers.RandomNormal(0.5, 0.3, seed=5),
         initializers.RandomUniform(-0.2, 0.4, seed=5), initializers.TruncatedNormal(0.0, 2.0, seed=1),
         initializers.Zeros(), initializers.Ones(), initializers.Constant(2.5)]
def draw():
    made = [keras.Variable(kind, shape=(7, 5), dtype=dtype) for kind in KINDS for dtype in ("float32", "bfloat16")]
    return [np.array(variable) for variable in made]

before = draw()
from kerasdeep.backends import jax_initial_values
jax_initial_values.install()
for number, (one, other) in enumerate(zip(before, draw())):
    assert one.dtype == other.dtype and one.tobytes() == other.tobytes(), (KINDS[number // 2], one, other)
"""


def run(*command, **environment):
    wanted = {**os.environ, "KERAS_BACKEND": "jax", **environment}
    environment = {name: value for name, value in wanted.items() if value is not None}
    return subprocess.run([sys.executable, *command], env=environment, capture_output=True, text=True, check=True)


@pytest.mark.slow
def test_a_train_compiles_few_programs_and_a_second_process_takes_them_from_the_users_cache(tmp_path):
    (tmp_path / "net.yaml").write_text(CONFIG)
    command = ("-m", "kerasdeep", "train", str(tmp_path / "net.yaml"), "--out", str(tmp_path), "--quiet")
    home = {"XDG_CACHE_HOME": str(tmp_path / "cache"), "JAX_LOG_COMPILES": "1"}
    for name in ("JAX_COMPILATION_CACHE_DIR", "JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS"):
        home[name] = None
    first, second = run(*command, **home), run(*command, **home)
    programs = re.findall(r"Finished XLA compilation of (\S+)", first.stderr)
    assert 5 <= len(programs) <= 20, programs
    (folder,) = (tmp_path / "cache" / "kerasdeep").iterdir()
    assert folder.name.startswith("jax-") and folder.stat().st_mode & 0o777 == 0o700
    hits = [done.stderr.count("Persistent compilation cache hit") for done in (first, second)]
    assert hits[0] == 0 and hits[1] > 5
    histories = [(tmp_path / f"net-{number}" / "history.csv").read_text() for number in (1, 2)]
    columns = [[line.split(",")[:6] for line in history.splitlines()] for history in histories]
    assert columns[0] == columns[1]
    environment = json.loads((tmp_path / "net-2" / "environment.json").read_text())
    assert environment["compile_cache"] == str(folder)


def test_a_folder_that_others_may_write_into_is_not_trusted(tmp_path):
    folder = compile_cache.private_folder(tmp_path, "jax")
    assert folder == tmp_path / "jax"
    folder.chmod(0o777)
    assert compile_cache.private_folder(tmp_path, "jax") is None
    assert compile_cache.private_folder(tmp_path / "jax" / "\0", "jax") is None


@pytest.mark.slow
def test_initial_values_are_those_of_keras_bit_for_bit():
    run("-c", VALUES)


def test_a_folder_for_programs_may_be_written_from_home(tmp_path, monkeypatch):
    set_options = {}
    monkeypatch.setattr("jax.config.update", set_options.__setitem__)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("JAX_COMPILATION_CACHE_DIR", raising=False)
    monkeypatch.chdir(tmp_path)
    for written in ("~/programs", "programs"):
        monkeypatch.setenv(compile_cache.SWITCH, written)
        compile_cache.enable("cpu")
        assert Path(set_options["jax_compilation_cache_dir"]).parent == tmp_path / "programs"
