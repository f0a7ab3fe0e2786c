"""The corpus of hostile and broken model files through the command line, in a process that is watched.

Each file is given to `finetune`. The process must end with 2 for it, run none of its code, start nothing, reach no
network, leave every file as it was, and take little memory at its fullest.
"""

import io
import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import h5py
import keras
import numpy as np
import pytest
from helpers.hostile_models import HOSTILE, bombs, layer, net, put, rewritten

PLACES = 12
MOST_MEGABYTES = 300
WATCHED = """
import json, os, sys
from pathlib import Path

folder = Path(sys.argv[1])
said, seen, watching = {}, [], False
EVENTS = ("os.system", "os.exec", "os.posix_spawn", "subprocess.Popen", "socket.connect", "pickle.find_class")

def watch(event, arguments):
    if watching and (event in EVENTS or (event == "open" and writes(*arguments))):
        seen.append([event, str(arguments[0])[:200]])

def writes(path, mode, flags):
    inside = isinstance(path, str) and Path(path).is_relative_to(folder)
    return bool(flags & (os.O_WRONLY | os.O_RDWR)) and not inside

def tree():
    return {str(path): path.lstat().st_mtime_ns for path in folder.rglob("*") if not path.is_dir()}

def memory(key):
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) // 1024 for line in lines if line.startswith(key))

sys.addaudithook(watch)
from kerasdeep.cli import app, exit_codes

def given(file):
    line = ["finetune", "--from", str(file), "--data", "rows.npz", "--epochs", "1", "--name", file.stem, "--json"]
    return exit_codes.run_app(app.app, [*line, "--set", "report.tensorboard=false"])

sound = [given(folder / name) for name in ("sound.keras", "sound.h5")]
for file in sorted((folder / "corpus").iterdir()):
    Path("/proc/self/clear_refs").write_text("5")  # the high water is counted from here
    before, held = tree(), memory("VmRSS")
    watching = True
    code = given(file)
    watching = False
    said[file.name] = {"code": code, "changed": tree() != before, "megabytes": memory("VmHWM") - held}
print(json.dumps({"sound": sound, "files": said, "seen": seen}), file=sys.stderr)
"""


def running(canary):
    """A layer as Keras saves it, with a function that really writes the canary when it is called."""
    code = f"lambda x: (__import__('pathlib').Path({str(canary)!r}).write_text('ran'), x)[1]"
    inputs = keras.Input((4,))
    model = keras.Model(inputs, keras.layers.Lambda(eval(code))(inputs))
    path = canary.with_name("canary.keras")
    model.save(path)
    canary.unlink(missing_ok=True)
    keras.saving.load_model(path, safe_mode=False, compile=False)
    assert canary.exists(), "the canary sings for whoever trusts the file"
    canary.unlink()
    path.unlink()
    saved = keras.saving.serialize_keras_object(model.layers[1])
    return {**saved, "config": {**saved["config"], "name": "x"}}


def write(corpus, canary):
    net().save(corpus.parent / "sound.keras")
    net().save(corpus.parent / "sound.h5")
    sound, sound_h5 = corpus.parent / "sound.keras", corpus.parent / "sound.h5"
    code = running(canary)
    wrapped = layer("TimeDistributed", layer=layer("RNN", cell=code))
    values = {name: value for name, (value, _) in HOSTILE.items()}
    values |= {
        "code that runs": code,
        "code that runs in a wrapper": layer("TimeDistributed", layer=code),
        "code that runs in a cell": layer("RNN", cell=code),
        "code that runs in a cell in a wrapper": wrapped,
        "code that runs in a model within": layer("Sequential", module="keras", layers=[code]),
        "a giant embedding": layer("Embedding", input_dim=10**9, output_dim=10**3),
        "a giant kernel": layer("Dense", units=10**10),
        "a giant within": layer("Sequential", module="keras", layers=[layer("Dense", units=10**10)]),
        "giant numbers": layer("Dense", units=6, bias_initializer={"class_name": "Constant", "config": 10**400}),
        "groups of an old convolution": layer("DepthwiseConv2D", kernel_size=3, groups=2),
    }
    for name, value in values.items():
        name = name.replace(" ", "_")
        rewritten(sound, corpus / f"{name}.keras", put(value))
        (corpus / f"{name}.h5").write_bytes(sound_h5.read_bytes())
        with h5py.File(corpus / f"{name}.h5", "r+") as file:
            config = json.loads(file.attrs["model_config"])
            put(value)(config)
            file.attrs["model_config"] = json.dumps(config)
    for name, change in bombs().items():
        weights = io.BytesIO(_member(sound, "model.weights.h5"))
        with h5py.File(weights, "r+") as file:
            change(file)
        rewritten(sound, corpus / f"weights_{name}.keras", weights=weights.getvalue())
    for number, name in enumerate(("../evil.txt", str(corpus.parent / "evil.txt"), "assets/../../../evil.txt")):
        rewritten(sound, corpus / f"zip_{number}.keras", more=[(name, b"x")])
    rewritten(sound, corpus / "zip_link.keras", more=[("evil.py", b"open('evil', 'w')")])
    (corpus / "magic.keras").write_bytes(b"\x80\x04pickle")
    for whole in (sound, sound_h5):
        content = whole.read_bytes()
        for number, place in enumerate(np.linspace(0, len(content) - 1, PLACES, dtype=int)):
            (corpus / f"cut_{number:02}{whole.suffix}").write_bytes(content[:place])


def _member(path, name):
    with zipfile.ZipFile(path) as archive:
        return archive.read(name)


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/clear_refs").exists(), reason="memory at its fullest is Linux's to tell")
def test_every_file_is_refused_runs_nothing_writes_nothing_and_stays_small(tmp_path):
    corpus, canary = tmp_path / "corpus", tmp_path / "canary"
    corpus.mkdir()
    write(corpus, canary)
    x = np.random.default_rng(0).normal(size=(80, 4))
    np.savez(tmp_path / "rows.npz", x=x, y=(x[:, 0] > 0).astype("int32"))
    environment = os.environ | {"TMPDIR": str(tmp_path), "HOME": str(tmp_path), "KERAS_HOME": str(tmp_path / "keras")}
    command = [sys.executable, "-c", WATCHED, str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=tmp_path, env=environment)
    assert done.returncode == 0, done.stderr[-3000:]
    found = json.loads(done.stderr.splitlines()[-1])
    assert found["sound"] == [0, 0], "what is refused below is refused for what it is"
    assert len(found["files"]) == len(list(corpus.iterdir())) > 2 * PLACES + 60
    wrong = {
        name: one
        for name, one in found["files"].items()
        if one["code"] != 2 or one["changed"] or one["megabytes"] > MOST_MEGABYTES
    }
    assert wrong == {} and found["seen"] == []
    runs = sorted(path.name for path in (tmp_path / "runs").iterdir())
    assert runs == ["sound-1", "sound-2"] and not canary.exists() and not list(tmp_path.rglob("evil*"))
