"""A few training pictures as `data.augmentation` changes them: the fact behind `augmentation.json`."""

from typing import Any

import keras
import numpy as np

from kerasdeep.config.root import Config
from kerasdeep.data import Dataset
from kerasdeep.data.types import input_arrays
from kerasdeep.evaluation.worst_predictions import black_and_white, is_image, png_data_url
from kerasdeep.keras_names import written_name
from kerasdeep.modeling.network import augmentation_model
from kerasdeep.runs import to_jsonable

PICTURE_COUNT, VIEW_COUNT = 4, 4


def augmented_pictures(config: Config, dataset: Dataset) -> list[dict[str, Any]]:
    """Pictures spread evenly over the training rows, each as it is and in some random views.

    The layers are new ones, so that the network's own draw what they would have drawn. Empty without augmentation.
    """
    shapes = {name: shape for name, shape in dataset.input_shapes.items() if len(shape) in (2, 3)}
    if not config.data.augmentation or not shapes:
        return []
    name, shape = next(iter(shapes.items()))
    model = augmentation_model(name, shape, config.data.augmentation, config.seed, config.data.scaling)
    rows = np.unique(np.linspace(0, len(dataset.train) - 1, PICTURE_COUNT).round().astype(int))
    plain = np.asarray(input_arrays(dataset.train.x)[name][rows])
    views = keras.ops.convert_to_numpy(model(np.repeat(plain, VIEW_COUNT, axis=0), training=True))
    transform = dataset.preprocessing.inputs[written_name(name)]
    pictures = []
    for row, picture, its_views in zip(rows, plain, np.split(views, len(rows)), strict=True):
        decoded = [transform.invert(np.asarray(each, np.float32)) for each in (picture, *its_views)]
        shown = [next(iter(each.values())) if isinstance(each, dict) else each for each in decoded]
        if all(isinstance(each, np.ndarray) and is_image(each) for each in shown):
            urls = [png_data_url(each, black_and_white(shown[0])) for each in shown]
            pictures.append({"row": dataset.train.rows[row], "picture": urls[0], "views": urls[1:]})
    return to_jsonable(pictures)
