"""Model files that ask for code, or for more than there is; and the sound ones that they are made from."""

import json
import zipfile

import h5py
import keras


def net():
    inputs = keras.Input((4,), name="in")
    x = keras.layers.Dense(6, activation="relu", name="a")(inputs)
    x = keras.layers.BatchNormalization(name="n")(x)
    return keras.Model(inputs, keras.layers.Dense(3, activation="softmax", name="b")(x))


def rewritten(sound, path, change=lambda config: None, more=(), drop=(), weights=None):
    """A copy of the sound file with its configuration changed, members added, dropped, or weights replaced."""
    with zipfile.ZipFile(sound) as old, zipfile.ZipFile(path, "w") as new:
        for name in old.namelist():
            content = old.read(name)
            if name == "config.json":
                config = json.loads(content)
                change(config)
                content = json.dumps(config).encode()
            if name == "model.weights.h5" and weights is not None:
                content = weights
            if name not in drop:
                new.writestr(name, content)
        for name, content in more:
            new.writestr(name, content)
    return path


def layer(class_name, module="keras.layers", registered=None, **config):
    return {
        "module": module,
        "class_name": class_name,
        "config": {"name": "x", **config},
        "registered_name": registered,
    }


def put(value):
    def change(config):
        old = config["config"]["layers"][1]
        config["config"]["layers"][1] = {**value, "name": old["name"], "inbound_nodes": old["inbound_nodes"]}

    return change


LAMBDA = layer("Lambda", function={"class_name": "__lambda__", "config": {"code": "4wEAAAA="}})


HOSTILE = {
    "a lambda": (LAMBDA, "Lambda"),
    "a lambda in a wrapper": (layer("TimeDistributed", layer=LAMBDA), "Lambda.*in TimeDistributed"),
    "a lambda in a cell in a wrapper": (layer("Bidirectional", layer=layer("RNN", cell=LAMBDA)), "Lambda.*in RNN"),
    "code as an activation": (
        layer("Dense", units=6, activation={"class_name": "__lambda__", "config": {"code": "x"}}),
        "contains code, `__lambda__`",
    ),
    "a custom class": (layer("Evil", module=None, registered="evil>Evil"), "`evil>Evil`"),
    "a custom class under a layer's name": (layer("Dense", registered="evil>Dense", units=6), "`evil>Dense`"),
    "a custom class in a model within": (
        layer("Sequential", module="keras", layers=[layer("Evil", module=None, registered="evil>Evil")]),
        "`evil>Evil`",
    ),
    "a saved model": (layer("TFSMLayer", filepath="/tmp/x"), "TFSMLayer"),
    "a torch module": (layer("TorchModuleWrapper", module_="x"), "TorchModuleWrapper"),
    "a module outside Keras": (layer("system", module="os"), "module `os`, outside Keras"),
    "a module that looks like Keras": (layer("Dense", module="keras_evil.layers", units=6), "outside Keras"),
    "a function outside Keras": (
        layer("Dense", units=6, activation={"module": "os", "class_name": "function", "config": "system"}),
        "the function `system`",
    ),
    "a utility of Keras": (layer("get_file", module="keras.utils"), "`get_file`"),
    "a vocabulary from a path": (layer("StringLookup", vocabulary="/etc/passwd"), "StringLookup|vocabulary"),
    "a type": (layer("Dense", units={"class_name": "__typespec__", "config": []}), "__typespec__"),
    "a class name that is a list": (layer(["Dense"]), "not a string"),
}


def bombs():
    """Weights files with something in them that no model has."""

    def link(file):
        file["x"] = h5py.ExternalLink("/etc/passwd", "/")

    def soft(file):
        file["x"] = h5py.SoftLink("/layers")

    def external(file):
        file.create_dataset("x", (10,), "uint8", external=[("/etc/passwd", 0, 10)])

    def giant(file):
        file.create_dataset("x", (10**12,), "float32", chunks=(1024,), compression="gzip")

    return {"link": link, "soft": soft, "external": external, "giant": giant}
