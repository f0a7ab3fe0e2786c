"""A finished run, opened for questions: its model, its preprocessing and the machine it is asked on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from kerasdeep.backends import runtime
from kerasdeep.config import load_config
from kerasdeep.errors import InputError
from kerasdeep.runs import RunDir

if TYPE_CHECKING:
    import keras

    from kerasdeep.config.root import Config
    from kerasdeep.data import Preprocessing


@dataclass(frozen=True)
class Predictor:
    """`spec` is the run's own, with the options of the command put over it."""

    run: RunDir
    config: Config
    model: keras.Model
    preprocessing: Preprocessing


def load_predictor(run: RunDir, flags: dict[str, tuple[str, str]] | None = None) -> Predictor:
    """Load what the run saved. Raises InputError when it has no model (yet), or one that cannot be read.

    `flags` are options as `load_config` takes them: seed, backend, device.
    """
    result = run.read_result()
    if not run.model.is_file():
        status_text = f"its status is {result.get('status')}"
        message = f"{run.path} has no model.keras: {status_text}. Finish it with: kerasdeep train {run.path} --resume"
        raise InputError(message, "no-model")
    # Threads and devices belong to the machine that trained; asking may happen on another one, in one process.
    loaded = load_config(run.resolved, ["runtime.threads=auto", "runtime.distribution=none"], flags=flags)
    runtime.prepare(loaded.config.runtime, loaded.config.seed)
    return Predictor(run, loaded.config, _load_model(run), _load_preprocessing(run))


def _load_model(run: RunDir) -> keras.Model:
    import keras

    from kerasdeep import custom_objects  # noqa: F401  registers the layers that a run of ours may hold

    try:
        return keras.saving.load_model(run.model, compile=False, safe_mode=True)
    except Exception as error:  # a broken archive can make Keras raise anything
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise InputError(f"{run.model} cannot be loaded: {reason}", "broken-model") from error


def _load_preprocessing(run: RunDir) -> Any:
    from kerasdeep.data import Preprocessing

    try:
        return Preprocessing.load(run.preprocessing_npz, run.preprocessing_json)
    except (OSError, ValueError, KeyError) as error:
        message = f"{run.path} has no readable preprocessing.json and preprocessing.npz: {error}"
        raise InputError(message, "no-preprocessing") from error
