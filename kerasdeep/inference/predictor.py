"""A finished run loaded for inference: its model, its preprocessing, and what can be asked of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kerasdeep.backends import runtime
from kerasdeep.config import Overrides, load_config
from kerasdeep.errors import InputError
from kerasdeep.runs import RunDir, facts, open_run_dir

if TYPE_CHECKING:
    import keras
    import numpy as np
    import pandas as pd

    from kerasdeep.config.root import Config
    from kerasdeep.data import Preprocessing
    from kerasdeep.data.prediction_input import Rows
    from kerasdeep.data.types import Inputs
    from kerasdeep.evaluation.types import Moments

EVALUATION_KEYS = ("metrics", "baseline", "intervals", "evaluation")


@dataclass(frozen=True)
class Predictor:
    """A run's model and preprocessing. `config` is the run's own, with the overrides of `load` put over it."""

    run: RunDir
    config: Config
    model: keras.Model
    preprocessing: Preprocessing

    @classmethod
    def load(cls, run: RunDir | str | Path, overrides: Overrides = Overrides()) -> Predictor:
        """Load what a run saved, and prepare the backend.

        Args:
            run: A run directory.
            overrides: Values put over its configuration: seed, backend, device.

        Raises:
            InputError: The run has no model (yet), or one that cannot be read.
        """
        run = run if isinstance(run, RunDir) else open_run_dir(run)
        result = facts.read_result(run)
        if not run.model.is_file():
            message = f"{run.path} has no model.keras: its status is {result.status}. {result.error or ''} "
            raise InputError(message + f"Finish it with: kerasdeep train {run.path} --resume", "no-model")
        # Threads and devices belong to the machine that trained; this may be another one, and is one process.
        sets = ["runtime.threads=auto", "runtime.distribution=none", *overrides.sets]
        config = load_config(run.resolved, replace(overrides, sets=sets)).config
        runtime.prepare(config.runtime, config.seed)
        preprocessing = _load_preprocessing(run)
        model = _load_model(run)
        _check_shapes(run, model, preprocessing)
        return cls(run, config, model, preprocessing)

    def with_tta(self) -> Predictor:
        """The same, asked about several views of each picture (`averaged_over_views`)."""
        from kerasdeep.inference.tta import averaged_over_views

        return replace(self, model=averaged_over_views(self.model))

    def predict(
        self, rows: Rows, mc: int | None = None, say: Callable[[str], None] = lambda text: None
    ) -> pd.DataFrame:
        """Predictions for every row.

        Args:
            rows: A DataFrame with the columns of training; an array (rows, ...) or arrays by input; a CSV file
                object; or the path of a table, an `.npz`, a folder of images, an image, or a built-in data set.
            mc: Ask this many random copies of the model (Monte Carlo dropout), which also gives uncertainties.
            say: Is told what a person should know about the rows: values that are missing, unreadable or unknown.

        Returns:
            The input's columns (for images and arrays `row`: the file's name or the row's number), then for each
            target `prediction`, `probability_<class>` and, with `mc`, `std` and for classes `predictive_entropy` and
            `mutual_information` in nats. With several targets their names stand in these.

        Raises:
            InputError: The rows do not fit the model, or `mc` is given and the model has no dropout.
        """
        from kerasdeep.data import read_for_prediction, transform_inputs
        from kerasdeep.evaluation.prediction_metrics import decode_outputs
        from kerasdeep.inference.table_output import prediction_table

        raw = read_for_prediction(self.preprocessing, rows)
        for warning in raw.warnings:
            say(str(warning))
        x = transform_inputs(self.preprocessing, raw.x)
        moments = None if mc is None else self.sample(x, mc)
        outputs = self.outputs(x) if moments is None else {head: sums.mean for head, sums in moments.items()}
        return prediction_table(raw, decode_outputs(self.preprocessing, outputs, moments))

    def evaluate(
        self, rows: Rows | None = None, mc: int | None = None, say: Callable[[str], None] = lambda text: None
    ) -> dict[str, Any]:
        """Measure the model on the splits that the run held out, or on labelled rows.

        Args:
            rows: Labelled rows as `predict` takes them; they count as a test split.
            mc: Measure also the mean of this many random copies of the model.
            say: Is told what a person should know about the data.

        Returns:
            The object of `result.json` with `metrics`, `baseline` and `intervals` measured now, and `evaluation`, the
            fact; with `mc` the same once more under `mc`.

        Raises:
            InputError: Labels are missing or unknown, or the rows do not fit the model.
        """
        from kerasdeep.evaluation import baseline
        from kerasdeep.evaluation.prediction_metrics import evaluate
        from kerasdeep.inference import run_evaluation

        preprocessing = self.preprocessing
        splits = (
            run_evaluation.held_out_splits(self.run, self.config, say)
            if rows is None
            else {"test": run_evaluation.labelled_split(preprocessing, rows, say)}
        )
        labels = {name: split.y for name, split in splits.items() if split.y is not None}
        weights = {name: split.weight for name, split in splits.items()}
        constant = baseline.constant_predictions_from_profile(self._data_fact())
        outputs = {name: self.outputs(split.x) for name, split in splits.items()}
        evaluation = evaluate(preprocessing, labels, outputs, constant, weights=weights)
        result = self.run.read_result() | {key: getattr(evaluation, key) for key in EVALUATION_KEYS}
        if rows is not None:  # the opponents were asked about other rows
            result = {key: value for key, value in result.items() if key not in ("opponents", "verdict")}
        result["metrics"] = (
            run_evaluation.keras_metrics(self.model, self.config, preprocessing, splits) | evaluation.metrics
        )
        if mc is None:
            return result
        moments = {name: self.sample(split.x, mc) for name, split in splits.items()}
        means = {name: {head: sums.mean for head, sums in heads.items()} for name, heads in moments.items()}
        evaluation = evaluate(preprocessing, labels, means, constant, moments, weights)
        return result | {"mc": {"samples": mc, **{key: getattr(evaluation, key) for key in EVALUATION_KEYS}}}

    def _data_fact(self) -> facts.DataFact:
        fact = facts.read_fact(self.run, facts.DataFact)
        if fact is None:
            message = f"{self.run.path} has no facts/data.json, which the baseline is computed from. Restore it."
            raise InputError(message, "broken-file")
        return fact

    def outputs(self, x: Inputs) -> dict[str, np.ndarray]:
        """The model's outputs in inference by head, (rows, units), for inputs that went through `preprocessing`."""
        from kerasdeep.heads import by_head
        from kerasdeep.modeling.batches import keras_data_arguments

        return by_head(self.model.predict(**keras_data_arguments(self.model, x), verbose=0))

    def sample(self, x: Inputs, copies: int) -> dict[str, Moments]:
        """The moments of the outputs by head over random copies of the model; the same at every call."""
        from kerasdeep.inference import mc_dropout

        return mc_dropout.sample_outputs(self.model, x, copies, self.config.seed)


def _load_model(run: RunDir) -> keras.Model:
    import keras

    from kerasdeep import custom_objects  # noqa: F401  registers the layers that a run of ours may hold
    from kerasdeep.modeling.pretrained import model_scan

    model_scan.scan_model_file(run.model)
    try:
        return keras.saving.load_model(run.model, compile=False, safe_mode=True)
    except Exception as error:  # a broken archive can make Keras raise anything
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise InputError(f"{run.model} cannot be loaded: {reason}", "broken-model") from error


def _load_preprocessing(run: RunDir) -> Preprocessing:
    from kerasdeep.data import Preprocessing

    return Preprocessing.load(run.preprocessing_npz, run.preprocessing_json)


def _check_shapes(run: RunDir, model: keras.Model, preprocessing: Preprocessing) -> None:
    """Raises InputError where the model takes or gives something else than the preprocessing says."""
    from kerasdeep.heads import by_head, output_heads

    inputs = model.input if isinstance(model.input, dict) else dict.fromkeys(preprocessing.input_shapes, model.input)
    outputs = by_head(model.output)
    taken = {name: _fits(inputs.get(name), shape) for name, shape in preprocessing.input_shapes.items()}
    given = {head.name: _fits(outputs.get(head.name), (head.units,)) for head in output_heads(preprocessing)}
    if not all([*taken.values(), *given.values()]) or len(inputs) != len(taken) or len(outputs) != len(given):
        message = f"{run.model} does not fit {run.preprocessing_json.name}: they are of different runs. Restore both."
        raise InputError(message, "broken-model")


def _fits(tensor: keras.KerasTensor | None, row_shape: tuple[int, ...]) -> bool:
    """Whether the tensor, with a batch axis, can hold rows of `row_shape`."""
    if tensor is None or len(tensor.shape) != len(row_shape) + 1:
        return False
    return all(side in (None, expected) for side, expected in zip(tensor.shape[1:], row_shape, strict=True))
