"""What a finished run holds, to compare one with another to the bit."""

import keras
import numpy as np

from kerasdeep.engine import checkpoint


def final_state(run):
    """Every variable of the last checkpoint, and the history but for its times."""
    _, arrays, _ = checkpoint.read(run.checkpoints)
    rows = [{k: v for k, v in row.items() if "second" not in k} for row in run.history.rows()]
    return arrays, rows


def assert_same_run(one, other):
    (arrays, rows), (other_arrays, other_rows) = final_state(one), final_state(other)
    assert rows == other_rows
    assert len(arrays) == len(other_arrays)
    for a, b in zip(arrays.values(), other_arrays.values(), strict=True):
        np.testing.assert_array_equal(a, b)
    for a, b in zip(*(keras.saving.load_model(run.model).get_weights() for run in (one, other)), strict=True):
        np.testing.assert_array_equal(a, b)
