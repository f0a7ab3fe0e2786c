"""A finished run, opened for questions: its model, its preprocessing and the machine it is asked on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from kerasdeep import runtime, spec
from kerasdeep.errors import InputError
from kerasdeep.run_dir import RunDir

if TYPE_CHECKING:
    import keras

    from kerasdeep.data import Preprocessing
    from kerasdeep.spec.experiment import Spec


@dataclass(frozen=True)
class Trained:
    """`spec` is the run's own, with the options of the command put over it."""

    run: RunDir
    spec: Spec
    model: keras.Model
    preprocessing: Preprocessing


def open_run(run: RunDir, flags: dict[str, tuple[str, str]] | None = None) -> Trained:
    """Load what the run saved. Raises InputError when it has no model (yet), or one that cannot be read.

    `flags` are options as `spec.load` takes them: seed, backend, device.
    """
    result = run.read_result()
    if not run.model.is_file():
        how = f"its status is {result.get('status')}"
        message = f"{run.path} has no model.keras: {how}. Finish it with: kerasdeep train {run.path} --resume"
        raise InputError(message, "no-model")
    # Threads and devices belong to the machine that trained; asking may happen on another one, in one process.
    loaded = spec.load(run.resolved, ["runtime.threads=auto", "runtime.distribution=none"], flags=flags)
    runtime.prepare(loaded.spec.runtime, loaded.spec.seed)
    return Trained(run, loaded.spec, _model(run), _preprocessing(run))


def _model(run: RunDir) -> keras.Model:
    import keras

    from kerasdeep import extras  # noqa: F401  registers the layers that a run of ours may hold

    try:
        return keras.saving.load_model(run.model, compile=False, safe_mode=True)
    except Exception as error:  # a broken archive can make Keras raise anything
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise InputError(f"{run.model} cannot be loaded: {reason}", "broken-model") from error


def _preprocessing(run: RunDir) -> Any:
    from kerasdeep.data import Preprocessing

    try:
        return Preprocessing.load(run.preprocessing_npz, run.preprocessing_json)
    except (OSError, ValueError, KeyError) as error:
        message = f"{run.path} has no readable preprocessing.json and preprocessing.npz: {error}"
        raise InputError(message, "no-preprocessing") from error
