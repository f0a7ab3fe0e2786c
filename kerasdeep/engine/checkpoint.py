"""Exact checkpoints: a resumed run ends with the bits of one that was never interrupted.

Keras's own files leave out dropout's seed states, the position inside an epoch, metrics and callbacks. Here a
checkpoint is a folder with every array (`arrays.npz`, no pickles), everything else (`state.json`), and the SHA-256
of both (`manifest.json`). It is written under another name, flushed to disk and renamed; the last two are kept, so
that little is lost where the newest is damaged.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import keras
import numpy as np

from kerasdeep.data.npz_file import read_npz
from kerasdeep.errors import InputError, RunFailed
from kerasdeep.runs import checked, fsync_dir, write_text

FORMAT_VERSION = 1
MAX_KEPT = 2
_NUMBER = re.compile(r"\d{6,12}", re.ASCII)
_TEMPORARY = ".writing"
STATE = "state.json"
STATE_PATH = Path("checkpoints") / STATE
"""The name of it in messages."""


@dataclass(frozen=True, slots=True)
class Position:
    """Where a run stands: `step` steps of the stage's epoch `epoch` (from 0) are done.

    `logs` are the finished epoch's training metrics while its validation is still due, and `seconds` the training
    time that the epoch has taken so far.
    """

    stage: int = 0
    epoch: int = 0
    step: int = 0
    seconds: float = 0.0
    logs: dict[str, checked.Real] | None = None

    def __post_init__(self) -> None:
        if min(self.stage, self.epoch, self.step) < 0:
            raise ValueError("should have no negative number")


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Everything that training goes on from, but for the variables, which are read from and put into the model."""

    position: Position
    history: list[dict[str, Any]]
    callbacks: dict[str, Any] = field(default_factory=dict)
    facts: dict[str, Any] = field(default_factory=dict)


class UnusableCheckpoint(Exception):
    """This checkpoint is damaged or from another version; the message says which and why."""


def save(folder: Path, model: keras.Model, snapshot: Snapshot, other_models: Sequence[keras.Model] = ()) -> Path:
    """Write the next checkpoint and remove all but the last two.

    Args:
        folder: The folder of the run's checkpoints; it is made where it is missing.
        model: Compiled and built; its weights, optimizer and metrics are saved.
        snapshot: Everything else.
        other_models: Models of other stages, of which the weights are saved.

    Returns:
        The new checkpoint's folder.

    Raises:
        RunFailed: A weight is not finite, so that nothing could go on from here.
        OSError: The disk is full. Like the first, this leaves the earlier checkpoints as they are.
    """
    arrays = _arrays_by_key(_variable_groups(model) | {"others": _all_variables(other_models)})
    non_finite_keys = [key for key, array in arrays.items() if key.startswith("model/") and not _all_finite(array)]
    if non_finite_keys:
        raise RunFailed(f"The weights are no longer finite: {non_finite_keys[0].split('/', 2)[2]}.")
    callbacks = _extract_arrays(snapshot.callbacks, "watchers", arrays)
    state = {
        "position": asdict(snapshot.position),
        "history": snapshot.history,
        "watchers": callbacks,
        "facts": snapshot.facts,
        "dtypes": {key: array.dtype.name for key, array in arrays.items()},
    }
    folder.mkdir(exist_ok=True)
    number = max((int(path.name) for path in _checkpoint_folders(folder)), default=0) + 1
    temporary = folder / _TEMPORARY
    shutil.rmtree(temporary, ignore_errors=True)
    temporary.mkdir()
    try:
        _write_arrays(temporary / "arrays.npz", arrays)
        write_text(temporary / STATE, json.dumps(state))
        digests = {name: _digest(temporary / name) for name in ("arrays.npz", STATE)}
        write_text(temporary / "manifest.json", json.dumps({**_versions(), "sha256": digests}))
        path = temporary.rename(folder / f"{number:06d}")
        fsync_dir(folder)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
    for old in _checkpoint_folders(folder)[:-MAX_KEPT]:
        shutil.rmtree(old, ignore_errors=True)
    return path


def restore(folder: Path, model: keras.Model) -> tuple[Snapshot, list[str]]:
    """Put the newest undamaged checkpoint into `model`.

    Returns:
        What else it holds, and a sentence about each newer one that could not be used.

    Raises:
        InputError: No checkpoint can be used, or its arrays do not fit the model.
    """
    snapshot, arrays, skipped_messages = read(folder)
    assign(model, arrays)
    return snapshot, skipped_messages


def read(folder: Path) -> tuple[Snapshot, dict[str, np.ndarray], list[str]]:
    """Read the newest undamaged checkpoint.

    Returns:
        The snapshot, its arrays by key, and a sentence about each newer one that could not be used.

    Raises:
        InputError: There is none.
    """
    skipped_messages: list[str] = []
    for path in reversed(_checkpoint_folders(folder)):
        try:
            snapshot, arrays = _load_checkpoint(path)
        except UnusableCheckpoint as reason:
            skipped_messages.append(f"Checkpoint {path.name} {reason}; the one before it is used.")
            continue
        return snapshot, arrays, skipped_messages
    detail = "".join(f" {sentence.partition(';')[0]}." for sentence in skipped_messages)
    raise InputError(f"There is no checkpoint to resume from in {folder}.{detail} Start a new run.", "checkpoint")


def exists(folder: Path) -> bool:
    """Whether there is any checkpoint, damaged or not."""
    return bool(_checkpoint_folders(folder))


def _checkpoint_folders(folder: Path) -> list[Path]:
    if not folder.is_dir():
        return []
    return sorted(path for path in folder.iterdir() if _NUMBER.fullmatch(path.name) and path.is_dir())


@dataclass(frozen=True, slots=True)
class ManifestFile:
    """`manifest.json`: the versions that wrote a checkpoint, and the SHA-256 of its other files."""

    format: int
    keras: str
    sha256: dict[str, str]


@dataclass(frozen=True, slots=True)
class StateFile:
    """`state.json`; `watchers` are the callbacks' states."""

    position: Position
    history: list[dict[str, str | checked.Real | None]]
    watchers: dict[str, object]
    facts: dict[str, object]
    dtypes: dict[str, str]


def _load_checkpoint(path: Path) -> tuple[Snapshot, dict[str, np.ndarray]]:
    try:
        manifest = checked.read(ManifestFile, path / "manifest.json")
        for name, version in _versions().items():
            if getattr(manifest, name) != version:
                version_text = f"{name} {getattr(manifest, name)}, expected {version}"
                raise UnusableCheckpoint(f"is from another version ({version_text})")
        for name in ("arrays.npz", STATE):
            if not (path / name).is_file() or _digest(path / name) != manifest.sha256.get(name):
                raise UnusableCheckpoint(f"is damaged ({name} does not match its hash)")
        state = checked.read(StateFile, path / STATE, finite=False)
        arrays = _read_arrays(path / "arrays.npz", state.dtypes)
        callbacks = _restore_arrays(state.watchers, arrays)
    except (OSError, ValueError, KeyError, TypeError, InputError) as error:
        reason = (
            error.problems[0].message.partition(". The file is")[0] if isinstance(error, InputError) else str(error)
        )
        raise UnusableCheckpoint(f"is damaged ({reason})") from error
    return Snapshot(state.position, list(state.history), callbacks, state.facts), arrays


def _versions() -> dict[str, Any]:
    """What must be the same for a checkpoint to mean the same: our format, and the Keras whose variables it holds.

    Keras keeps an optimizer's and a layer's variables through its bug-fix releases; a minor one may add some.
    """
    return {"format": FORMAT_VERSION, "keras": ".".join(keras.version().split(".")[:2])}


# Variables by kind, number and path: paths alone may repeat, numbers alone would hide a changed network.


def _variable_groups(model: keras.Model) -> dict[str, list[Any]]:
    return {"model": model.variables, "optimizer": model.optimizer.variables, "metrics": model.metrics_variables}


def _all_variables(models: Sequence[keras.Model]) -> list[Any]:
    return [variable for model in models for variable in model.variables]


def _arrays_by_key(groups: dict[str, list[Any]]) -> dict[str, np.ndarray]:
    return {
        f"{group}/{number:04d}/{variable.path}": keras.ops.convert_to_numpy(variable)
        for group, variables in groups.items()
        for number, variable in enumerate(variables)
    }


def assign(model: keras.Model, arrays: dict[str, np.ndarray]) -> None:
    """Put a checkpoint's arrays into a model.

    Args:
        model: Compiled as it was when saved, and built, its optimizer and metrics too.
        arrays: What `read` returned.

    Raises:
        InputError: Number or shapes differ.
    """
    _assign(_variable_groups(model), arrays)


def assign_other_models(other_models: Sequence[keras.Model], arrays: dict[str, np.ndarray]) -> None:
    """Put a checkpoint's weights into the models of other stages, in the order in which they were saved.

    Raises:
        InputError: Number or shapes differ.
    """
    _assign({"others": _all_variables(other_models)}, arrays)


def _assign(groups: dict[str, list[Any]], arrays: dict[str, np.ndarray]) -> None:
    for group, variables in groups.items():
        # By number, not by path: Keras numbers the names of metrics and optimizers through the whole process.
        stored = [array for key, array in arrays.items() if key.startswith(f"{group}/")]
        if [array.shape for array in stored] != [tuple(variable.shape) for variable in variables]:
            raise InputError(
                f"The checkpoint's {group} variables do not fit this network: it has {len(stored)}, "
                f"{len(variables)} are expected, or their shapes differ. Start a new run.",
                "checkpoint",
            )
        for variable, array in zip(variables, stored, strict=True):
            variable.assign(array)


def _all_finite(array: np.ndarray) -> bool:
    if array.dtype.kind in "iub":
        return True
    return bool(np.isfinite(array if array.dtype.kind == "f" else array.astype(np.float32)).all())


# Arrays on disk: NumPy knows no bfloat16, so types of other libraries travel as plain bytes


def _write_arrays(path: Path, arrays: dict[str, np.ndarray]) -> None:
    with path.open("wb") as file:
        np.savez(file, allow_pickle=False, **{key: _as_plain_dtype(array) for key, array in arrays.items()})
        file.flush()
        os.fsync(file.fileno())


def _read_arrays(path: Path, dtypes: dict[str, str]) -> dict[str, np.ndarray]:
    return {key: array.view(np.dtype(dtypes[key])) for key, array in read_npz(path).items()}


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _as_plain_dtype(array: np.ndarray) -> np.ndarray:
    if array.dtype.kind in "fiub":
        return array
    return array.view(np.dtype(f"u{array.dtype.itemsize}"))


def _extract_arrays(value: Any, path: str, arrays: dict[str, np.ndarray]) -> Any:
    """The value as JSON, its arrays moved to `arrays` and replaced by their keys."""
    if isinstance(value, np.ndarray):
        arrays[path] = value
        return {"array": path}
    if isinstance(value, dict):
        return {key: _extract_arrays(item, f"{path}/{key}", arrays) for key, item in value.items()}
    if isinstance(value, list):
        return [_extract_arrays(item, f"{path}/{number:04d}", arrays) for number, item in enumerate(value)]
    return value


def _restore_arrays(value: Any, arrays: dict[str, np.ndarray]) -> Any:
    if isinstance(value, dict):
        if set(value) == {"array"}:
            return arrays[value["array"]]
        return {key: _restore_arrays(item, arrays) for key, item in value.items()}
    if isinstance(value, list):
        return [_restore_arrays(item, arrays) for item in value]
    return value
