"""The same engine on JAX, in a process where TensorFlow cannot be imported."""

import importlib.util
import json
import subprocess
import sys

import numpy as np
import pytest

pytestmark = pytest.mark.skipif(importlib.util.find_spec("jax") is None, reason="JAX is not installed")

BLOCK = """
import sys

class Blocker:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in ("tensorflow", "tensorboard"):
            raise ModuleNotFoundError(name)

sys.meta_path.insert(0, Blocker())
"""

ENGINE = """
import json
from kerasdeep.backends import runtime
from kerasdeep.config.sections.runtime import RuntimeConfig
runtime.prepare(RuntimeConfig(backend="jax"), 0)
import jax, keras, numpy as np
from kerasdeep.engine.engine import Engine
from kerasdeep.modeling.batches import epoch_permutation

L = keras.layers
random = np.random.default_rng(0)
x = random.normal(size=(75, 6)).astype("float32")
y = (x[:, 0] > 0).astype("int32")
weights = np.linspace(0, 2, 75, dtype="float32")

def net(convolves):
    keras.utils.set_random_seed(3)
    front = [L.Reshape((6, 1)), L.Conv1D(4, 3), L.Flatten()] if convolves else []
    layers = [L.Dense(12, kernel_regularizer="l2"), L.BatchNormalization(), L.Dropout(0.3), L.Dense(2, "softmax")]
    model = keras.Sequential([keras.Input((6,)), *front, *layers])
    optimizer = keras.optimizers.Nadam(0.01, clipnorm=1.0)
    model.compile(optimizer, "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model

def state(model):
    variables = [*model.variables, *model.optimizer.variables, *model.metrics_variables]
    return [np.array(variable.value) for variable in variables]

def engine_run(chunk, convolves):
    model = net(convolves)
    engine = Engine(model, 16, seed=5, chunk=chunk)
    data = engine.to_device(x, y, weights)
    for number in range(2):
        epoch = engine.train(data, number)
        while not epoch.done:
            epoch.run()
    return engine, state(model)

def plain_loop(convolves):
    model = net(convolves)
    model._symbolic_build(data_batch=(x[:16], y[:16], weights[:16]))
    step = jax.jit(model.train_step)
    groups = lambda: [model.trainable_variables, model.non_trainable_variables, model.optimizer.variables,
                      model.metrics_variables]
    for number in range(2):
        model.reset_metrics()
        values = tuple([v.value for v in group] for group in groups())
        order = epoch_permutation(5, number, 75)
        for first in range(0, 75, 16):
            rows = order[first : first + 16]
            _, values = step(values, (x[rows], y[rows], weights[rows]))
        for group, new in zip(groups(), values):
            for variable, value in zip(group, new):
                variable.assign(value)
    return state(model)

equal = []
for convolves in (True, False):
    expected = plain_loop(convolves)
    for chunk in (3, "auto"):
        engine, found = engine_run(chunk, convolves)
        equal.append(all((a == b).all() for a, b in zip(found, expected, strict=True)))
found = engine.evaluate(engine.to_device(x, y))
keras_found = engine.model.evaluate(x, y, batch_size=75, verbose=0, return_dict=True)
predicted = np.allclose(engine.predict(x), engine.model.predict(x, verbose=0), rtol=1e-5)
print(json.dumps({"equal": equal, "ours": found, "keras": keras_found, "predicted": bool(predicted)}))
"""

TRAIN = """
import json
from kerasdeep import training
from kerasdeep.runs import latest_run
from kerasdeep.config import Overrides, load_config
from kerasdeep.errors import Interrupted
config, out = sys.argv[1:]
sets = ["runtime.backend=jax"]
whole = training.train(load_config(config, Overrides(sets)), out, progress="json")
from kerasdeep.engine import checkpoint
import keras

saves = []
class Stop(Exception): pass
real = checkpoint.save
def save(*arguments):
    saves.append(real(*arguments))
    if len(saves) == 4:
        raise Interrupted
checkpoint.save = save
try:
    often = [*sets, "runtime.chunk=3", "training.checkpoint.every=5 steps"]
    training.train(load_config(config, Overrides(often)), out, progress="quiet")
except Interrupted:
    pass
checkpoint.save = real
resumed = training.train(load_config(config, Overrides(sets)), out, resume=latest_run(out, "small"), progress="quiet")
one, other = (checkpoint.read(run.checkpoints)[1] for run in (whole, resumed))
equal = all((a == b).all() for a, b in zip(one.values(), other.values(), strict=True))
def untimed(run):
    return [{k: v for k, v in row.items() if "second" not in k} for row in run.history.rows()]
print(json.dumps({
    "equal": equal,
    "rows": untimed(whole) == untimed(resumed),
    "result": whole.read_result(),
    "engine": whole.read_fact("engine"),
    "loaded": len(keras.saving.load_model(whole.model).layers),
    "foreign": sorted({"tensorflow", "tensorboard"} & set(sys.modules)),
}))
"""

NET = """
version: 1
name: small
data: {source: table.npz, validation: 60, test: 60, scaling: none}
network: {layers: [Dense: 16, Output]}
regularization: {batch_norm: before, dropout: 0.3, l2: 1e-3}
optimizer: {Nadam: {learning_rate: 0.02}}
training: {epochs: 6, batch_size: 16, watch: null}
"""


def run(script, *arguments):
    command = [sys.executable, "-c", BLOCK + script, *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    return json.loads(done.stdout), done.stderr


@pytest.mark.slow
def test_any_chunk_gives_the_bits_of_a_plain_loop_over_train_step():
    found, _ = run(ENGINE)
    assert found["equal"] == [True] * 4
    assert found["ours"] == pytest.approx(found["keras"], rel=1e-5)
    assert found["predicted"]


def test_a_run_trains_resumes_and_saves_without_tensorflow(tmp_path):
    random = np.random.default_rng(0)
    x = random.normal(size=(504, 6)).astype("float32")
    np.savez(tmp_path / "table.npz", x=x, y=(x[:, 0] + x[:, 1] > 0).astype("int32"))
    (tmp_path / "small.yaml").write_text(NET)
    found, said = run(TRAIN, tmp_path / "small.yaml", tmp_path / "runs")
    assert found["equal"] and found["rows"] and found["foreign"] == []
    assert found["result"]["metrics"]["test_accuracy"] > 0.7
    assert found["engine"]["backend"] == "jax" and found["engine"]["compile"] == "xla"
    assert said.count("TensorBoard is not installed") == 1
    assert found["loaded"] > 2
