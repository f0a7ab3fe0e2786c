"""Any model file opened as a run: whatever else a run directory holds is inferred, or asked for.

The file is scanned before Keras reads it. The directory is temporary; it ends with the process.
"""

from __future__ import annotations

import atexit
import math
import shutil
import tempfile
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import keras
import numpy as np
import yaml

from kerasdeep import data
from kerasdeep.config.applications import APPLICATIONS
from kerasdeep.config.sections.data import BUILT_IN_DATASETS, FORMATS, DataConfig, ImageConfig
from kerasdeep.config.sections.pretrained import PretrainedConfig
from kerasdeep.data import Dataset, Preprocessing
from kerasdeep.data.preprocessing import ArrayTransform
from kerasdeep.data.sources import infer_format, path_exists
from kerasdeep.data.targets import TargetEncoder
from kerasdeep.data.types import INPUT, ImageFormat
from kerasdeep.errors import InputError, SourceLocation
from kerasdeep.modeling.freezing import leaf_layers
from kerasdeep.modeling.pretrained import load_pretrained
from kerasdeep.modeling.pretrained.backbone import PretrainedBackbone, replay
from kerasdeep.modeling.pretrained.heads import find_head, source_targets
from kerasdeep.runs import RunDir

SCALINGS = ("unit", "none", "standardize", "application")
MODEL_SUFFIXES = (".keras", ".h5", ".hdf5")
_FAMILIES = {
    "".join(character for character in name.lower() if character.isalnum()): name
    for name in sorted(APPLICATIONS, key=len)
}
_DEFAULT_SIDE = 224
_SCALING_LAYERS = (keras.layers.Rescaling, keras.layers.Normalization)
Say = Callable[[str], None]


@dataclass(frozen=True)
class ModelFileOptions:
    """What a model file does not say about itself; None where nothing was given.

    Attributes:
        data: Labelled rows: a file, folder or name.
        classes: The names of its outputs in their order: `ant,bee`, or a file with one a line.
        scaling: How its inputs were scaled, one of `SCALINGS`.
    """

    data: str | None = None
    classes: str | None = None
    scaling: str | None = None


def open_model_file(path: Path, options: ModelFileOptions, say: Say) -> RunDir:
    """A run directory around the model at `path`. Raises InputError for what cannot be known, by its option."""
    model, notes = load_pretrained(PretrainedConfig(from_=str(path)))
    for note in notes:
        say(note)
    if len(model.inputs) != 1 or len(model.outputs) != 1:
        message = f"{path} has {len(model.inputs)} inputs and {len(model.outputs)} outputs. Expected one of each."
        raise InputError(message, "model-file")
    model = keras.Model(
        model.inputs[0], model.outputs[0], name=model.name
    )  # a Sequential has no `input` once it is loaded
    image = _image_format(model, say)
    model, scaling = _with_scaling(path, model, image, options, say)
    dataset = None if options.data is None else _load_data(options.data, model, scaling, image)
    model = _with_fixed_shape(path, model, image, dataset)
    model, encoder = _with_target(path, model, options, dataset, say)
    if dataset is not None:
        kind, inputs = dataset.preprocessing.kind, dataset.preprocessing.inputs
    else:
        kind, inputs = "image" if image else "array", {INPUT: _transform(model, scaling, image)}
    reading = {} if dataset is None else dataset.preprocessing.read_options
    return _write(path, model, Preprocessing(kind, inputs, [encoder], reading), options, scaling, image, dataset)


def _with_scaling(
    path: Path, model: keras.Model, image: ImageFormat | None, options: ModelFileOptions, say: Say
) -> tuple[keras.Model, str]:
    """The model, and how its inputs are scaled before it: a value of `data.scaling`."""
    scaling = options.scaling
    if scaling not in (None, *SCALINGS):
        message = f"there is no scaling `{scaling}`. Expected one of: {', '.join(SCALINGS)}."
        raise InputError(message, "usage", SourceLocation("--scaling"))
    scales_itself = any(isinstance(layer, _SCALING_LAYERS) for _, layer in islice(leaf_layers(model), 1))
    if scaling is None and (scales_itself or not image):
        return model, "none"
    if scaling is None:
        message = f"{path} does not say how its pixels are scaled. Give --scaling unit (0 to 1), none (0 to 255), "
        message += "standardize (mean 0, deviation 1 over --data), or application (as its kind of keras.applications)."
        raise InputError(message, "model-file", SourceLocation("--scaling"))
    if scaling == "standardize" and options.data is None:
        message = "the mean and deviation of its inputs are not in the file. Give the rows with --data."
        raise InputError(message, "model-file", SourceLocation("--data"))
    if scaling != "application":
        return model, scaling
    family = _family(model)
    if family is None:
        message = (
            "its layers are not named after a model of keras.applications. Give --scaling unit, none or standardize."
        )
        raise InputError(message, "model-file", SourceLocation("--scaling"))
    say(f"Pixels are scaled as for {family}.")
    section = PretrainedConfig(from_=f"application:{family}")
    inputs = keras.Input(model.inputs[0].shape[1:])
    scaled = PretrainedBackbone(section, model, 0, "none")._rescale_pixels(inputs)
    graph = keras.Model(model.inputs, model.outputs)
    return keras.Model(inputs, replay(graph, scaled, lambda layer: type(layer).from_config(layer.get_config()))), "none"


def _family(model: keras.Model) -> str | None:
    """The application that the model or a model in it is called after."""
    names = [model.name, *(layer.name for layer in model.layers if isinstance(layer, keras.Model))]
    plain = ["".join(character for character in name.lower() if character.isalnum()) for name in names]
    found = [family for short, family in _FAMILIES.items() if any(short in name for name in plain)]
    return found[-1] if found else None


def _image_format(model: keras.Model, say: Say) -> ImageFormat | None:
    """The pictures that the model takes; None where its rows are no pictures.

    Rows of two axes are grey pictures where the model first joins the axes, steps of a sequence otherwise.
    """
    shape = model.inputs[0].shape[1:]
    front = next((layer for _, layer in leaf_layers(model) if not isinstance(layer, _SCALING_LAYERS)), None)
    is_grey = len(shape) == 2 and None not in shape and isinstance(front, keras.layers.Flatten | keras.layers.Reshape)
    if not is_grey and not (len(shape) == 3 and shape[2] in (1, 3)):
        return None
    height, width = (int(side or _DEFAULT_SIDE) for side in shape[:2])
    channels = int(shape[2]) if len(shape) == 3 else 0
    sizes = "of any size; they are brought to" if None in shape[:2] else "of"
    say(f"The model takes pictures {sizes} {height} × {width}, {'in colour' if channels == 3 else 'grey'}.")
    return ImageFormat(height, width, channels)


def _load_data(source: str, model: keras.Model, scaling: str, image: ImageFormat | None) -> Dataset:
    """The labelled rows, prepared for the model; nothing is held out."""
    section, location = ImageConfig(), SourceLocation("--data")
    if FORMATS[infer_format(source, location)].kind == "table":
        message = f"{source} is a table, which does not say which columns the model takes. Give an .npz file with "
        message += f"`x`, rows of shape {tuple(model.inputs[0].shape[1:])}, and `y`, or a folder of pictures by class."
        raise InputError(message, "wrong-shape", location)
    if image:
        section = ImageConfig(size=[image.height, image.width], channels=image.channels or "auto")
    locations = {"source": location}
    return data.load(DataConfig(source=source, validation=None, scaling=scaling, image=section, locations=locations))


def _with_fixed_shape(
    path: Path, model: keras.Model, image: ImageFormat | None, dataset: Dataset | None
) -> keras.Model:
    """The model for rows of the one shape that they have. Raises InputError where they do not fit it."""
    expected = tuple(model.inputs[0].shape[1:])
    if dataset is not None:
        shapes = [tuple(shape) for shape in dataset.input_shapes.values()]
        fits = len(shapes) == 1 and len(shapes[0]) == len(expected)
        if not fits or any(side not in (None, found) for side, found in zip(expected, shapes[0], strict=True)):
            message = f"the rows have shape {', '.join(map(str, shapes))}, and the model takes {expected}."
            raise InputError(message, "wrong-shape", SourceLocation("--data"))
        shape = shapes[0]
    elif image:
        shape = image.shape
    elif None in expected:
        message = f"{path} takes rows of shape {expected}, where None is any number. Give labelled rows of the size "
        raise InputError(f"{message}that you mean with --data.", "model-file", SourceLocation("--data"))
    if None not in expected:
        return model
    inputs = keras.Input(shape)
    return keras.Model(inputs, model(inputs))


def _transform(model: keras.Model, scaling: str, image: ImageFormat | None) -> ArrayTransform:
    shape = tuple(int(side) for side in model.inputs[0].shape[1:])
    scale = np.asarray(255.0 if scaling == "unit" else 1.0)
    return ArrayTransform(shape, np.asarray(math.nan), np.asarray(0.0), scale, image)


_PROBABILITIES = ("softmax", "sigmoid", "hard_sigmoid", "sparsemax", "sparse_sigmoid")
"""Activations whose values are taken for probabilities."""


def _with_target(
    path: Path, model: keras.Model, options: ModelFileOptions, dataset: Dataset | None, say: Say
) -> tuple[keras.Model, TargetEncoder]:
    """The model with probabilities or numbers as its output, and what that predicts."""
    head, units = find_head(model), int(math.prod(model.outputs[0].shape[1:]))
    activation = head.activation if head else "linear"
    if len(model.outputs[0].shape) != 2:
        model = keras.Model(model.inputs[0], keras.layers.Flatten()(model.outputs[0]))
    found = dataset.preprocessing.targets[0] if dataset and len(dataset.preprocessing.targets) == 1 else None
    names = _class_names(options.classes)
    if found is not None and found.task.has_classes and units == 1 and len(found.labels) > 2:
        message = (
            f"the rows have {len(found.labels)} classes (so whole numbers of few values are taken), and the model "
        )
        message += "has one output, which tells two apart or is a number. Expected two classes, or decimals in `y`."
        raise InputError(message, "model-file", SourceLocation("--data"))
    if found is not None and not found.task.has_classes and units != 1:
        message = f"the rows have numbers to predict, and the model has {units} outputs. Expected rows with classes."
        raise InputError(message, "model-file", SourceLocation("--data"))
    predicts_numbers = names is None and units == 1 and activation == "linear" and found is None
    if predicts_numbers or (found is not None and not found.task.has_classes):
        return model, TargetEncoder(found.name if found else "value", "regression")
    known = source_targets(path)
    if names is None and known and len(known) == 1 and known[0].classes:
        names = known[0].classes
    count = max(2, units)
    labels = found.labels if found else None
    if names is None and labels is not None and len(labels) == count:
        names = found.classes if found else None
        say(f"Its outputs are taken to be, in this order: {', '.join(names or [])}. Say otherwise with --classes.")
    names = names or [str(number) for number in range(count)]
    if len(names) != count:
        message = f"the model has {units} outputs, and {len(names)} classes are named."
        raise InputError(message, "model-file", SourceLocation("--classes"))
    are_numbers = labels is not None and set(labels) <= {str(number) for number in range(count)}
    if labels is not None and not are_numbers and not set(labels) <= set(names):
        message = f"the rows are labelled {', '.join(labels[:10])}, and the model has "
        message += f"{units} outputs" if units > 1 else "one output for two classes"
        message += f". Name {'them' if units > 1 else 'these'} in their order with --classes NAME,NAME…"
        raise InputError(message, "model-file", SourceLocation("--classes"))
    if activation not in ("linear", *_PROBABILITIES):
        message = f"its last layer ends in `{activation}`, whose values are neither probabilities, as of softmax or "
        raise InputError(
            message + "sigmoid, nor logits, as without activation.", "model-file", SourceLocation(str(path))
        )
    if activation == "linear":
        say("Its outputs are logits; probabilities are made of them.")
        function = "sigmoid" if units == 1 else "softmax"
        model = keras.Model(model.inputs[0], keras.layers.Activation(function, name="probabilities")(model.outputs[0]))
    kind = "binary" if units == 1 else "multiclass"
    encoded = [str(number) for number in range(count)] if are_numbers else names
    return model, TargetEncoder(found.name if found else "class", kind, encoded, names)


def _class_names(text: str | None) -> list[str] | None:
    if text is None:
        return None
    words, location = text.split(","), SourceLocation("--classes")
    file = Path(text)
    with suppress(RuntimeError):  # `~` of nobody
        file = file.expanduser()
    if path_exists(str(file)) and file.is_file():
        try:
            words = file.read_text(encoding="utf-8").splitlines()
        except (OSError, UnicodeDecodeError) as error:
            message = f"{text} cannot be read: {error}. Expected text in UTF-8, one name a line."
            raise InputError(message, "unreadable-data", location) from None
    names = [word.strip() for word in words if word.strip()]
    repeated = [name for name, count in Counter(names).items() if count > 1]
    if repeated:
        message = f"`{repeated[0]}` is named twice. Expected a name of its own for each output."
        raise InputError(message, "usage", location)
    return names


def _write(
    path: Path,
    model: keras.Model,
    preprocessing: Preprocessing,
    options: ModelFileOptions,
    scaling: str,
    image: ImageFormat | None,
    dataset: Dataset | None,
) -> RunDir:
    """The run directory; its configuration is that of a fine-tuning that has not begun."""
    folder = Path(tempfile.mkdtemp(prefix="kerasdeep-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    run = RunDir(folder / path.stem)
    run.path.mkdir()
    model.save(run.model)
    preprocessing.save(run.preprocessing_npz, run.preprocessing_json)
    source = options.data or str(path)
    section: dict[str, Any] = {
        "source": source if source in BUILT_IN_DATASETS else str(Path(source).expanduser().absolute()),
        "scaling": scaling,
    }
    if dataset is None:
        section["format"] = "npz"  # there are no rows; whoever needs some says so
    elif dataset.preprocessing.kind == "table":
        section["target"] = [target.name for target in dataset.targets]
    if image:
        section["image"] = {"size": [image.height, image.width]}
    head = "keep" if find_head(model) else "auto"
    rows = 32 if dataset is None else len(dataset.train)
    config = {"name": path.stem, "data": section, "pretrained": {"from": str(run.model), "head": head}}
    encoder = preprocessing.targets[0]
    if encoder.kind == "multiclass":  # of two classes, too, which would otherwise have one output
        config["task"] = encoder.kind
    if dataset is not None and encoder.task.has_classes:
        labels = dataset.preprocessing.targets[0].labels
        if set(labels) == set(encoder.labels):
            section["classes"] = list(encoder.labels)  # in the order of the model's outputs
    config["training"] = {"batch_size": max(1, min(32, rows // 2))}
    run.resolved.write_text(yaml.safe_dump(config, sort_keys=False), encoding="utf-8")
    run.write_result({"name": path.stem, "status": "completed", "metrics": {}, "parameters": model.count_params()})
    if dataset is not None:
        target = dataset.profile["targets"][0] | _target_fact(dataset, preprocessing.targets[0])
        run.write_fact("data", dataset.profile | {"hash": dataset.hash, "targets": [target]})
    return run


def _target_fact(dataset: Dataset, encoder: TargetEncoder) -> dict[str, Any]:
    """What the baseline is made of: the rows of each class in the order of the model's outputs, or the mean."""
    target = dataset.profile["targets"][0]
    if not encoder.task.has_classes:
        return {"name": encoder.name, "kind": encoder.kind, "summary": target["summary"]}
    counts = dict(zip(dataset.preprocessing.targets[0].labels, target["counts"]["train"], strict=True))
    return {
        "name": encoder.name,
        "kind": encoder.kind,
        "classes": encoder.classes,
        "counts": {"train": [counts.get(label, 0) for label in encoder.labels]},
    }
