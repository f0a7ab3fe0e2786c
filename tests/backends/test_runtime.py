"""The machine: silence at the start, threads that are set, clear refusals."""

import importlib
import json
import os
import subprocess
import sys
from dataclasses import replace

import pytest

from kerasdeep.backends import runtime
from kerasdeep.config.sections.runtime import RuntimeConfig
from kerasdeep.errors import InputError, SourceLocation

PREPARE = """
import json, sys
from dataclasses import replace
from kerasdeep.backends import runtime
from kerasdeep.errors import InputError
from kerasdeep.config.sections.runtime import RuntimeConfig
section = replace(RuntimeConfig(), **json.loads(sys.argv[1]))
assert not {"keras", "tensorflow"} & set(sys.modules)
try:
    prepared = runtime.prepare(section, 7)
except InputError as error:
    print(json.dumps({"error": str(error)}))
    sys.exit(2)
import keras, tensorflow as tf
tf.function(lambda: tf.ones([3, 3]) @ tf.ones([3, 3]), jit_compile=True)()
print(json.dumps({
    **runtime.describe_environment(prepared),
    "threads_set": tf.config.threading.get_intra_op_parallelism_threads(),
    "draw": float(keras.random.uniform([])),
    "policy": keras.config.dtype_policy().name,
    "format": keras.config.image_data_format(),
    "again": runtime.prepare(RuntimeConfig(), 7).threads,
}))
"""


def prepared(tmp_path, **settings):
    home = tmp_path / "keras_home"
    home.mkdir(exist_ok=True)
    (home / "keras.json").write_text('{"backend": "torch", "floatx": "float64", "image_data_format": "channels_first"}')
    done = subprocess.run(
        [sys.executable, "-c", PREPARE, json.dumps(settings)],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "KERAS_HOME": str(home)},
    )
    return done, json.loads(done.stdout) if done.stdout else None


def test_start_is_silent_and_the_users_keras_json_changes_nothing(tmp_path):
    done, found = prepared(tmp_path, threads=1, precision="mixed_bfloat16")
    assert done.stderr == ""
    assert found["threads"] == found["threads_set"] == found["again"] == 1
    assert (found["policy"], found["format"], found["device"]) == ("mixed_bfloat16", "channels_last", "cpu")
    assert found["seed"] == 7 and found["versions"]["keras"].startswith("3.15")


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({"device": "tpu"}, "backend: jax"),
        ({"precision": "mixed_float16", "device": "cpu"}, "Use float32 or mixed_bfloat16"),
        ({"precision": "mixed_float16", "device": "auto"}, "no fast path on a CPU"),
        ({"threads": 1000}, "1000 need a new process"),
        ({"backend": "jax"}, "jax needs a new process"),
        ({"device": "gpu"}, "no GPU"),
    ],
)
def test_what_this_machine_or_process_cannot_do_is_refused(settings, expected):
    tf = importlib.import_module("tensorflow")
    if "GPU" in expected and tf.config.list_physical_devices("GPU"):
        pytest.skip("this machine has a GPU")
    location = SourceLocation("net.yaml", 3, 5)
    section = replace(RuntimeConfig(), **settings, locations=dict.fromkeys(settings, location))
    with pytest.raises(InputError, match=expected) as caught:
        runtime.prepare(section, 0)
    assert caught.value.problems[0].location == location


NOISE = """
import os, sys
from kerasdeep.backends.system import suppress_startup_output
with suppress_startup_output():
    os.write(2, b"hidden\\n")
os.write(2, b"shown\\n")
with suppress_startup_output():
    os.write(2, b"the reason\\n")
    raise ImportError
"""


def test_noise_is_replayed_when_the_start_fails():
    done = subprocess.run([sys.executable, "-c", NOISE], capture_output=True, text=True, check=False)
    assert "hidden" not in done.stderr
    assert done.stderr.startswith("shown\nthe reason\nTraceback")
