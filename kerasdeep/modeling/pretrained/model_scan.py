"""Model files are untrusted input: scanned in full before Keras sees them.

A `.keras` file or full-model `.h5` can name classes that run code, read files or ask for any amount of memory
(CVE-2025-1550, -8747, -9905, -9906, -12058, CVE-2026-0897, -1462, -1669). So: a regular file of bounded size,
a zip or HDF5 whose structure is plain, and a configuration of which every class at every nesting level is one that
the catalogue allows. What passes is then read by Keras with `safe_mode=True` and without its compile state.
"""

import io
import json
import stat
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import h5py

from kerasdeep.errors import InputError
from kerasdeep.modeling.pretrained.allowed_classes import ModelRefused, check_classes

MAX_BYTES = 2 * 1024**3
MAX_CONFIG_BYTES = 32 * 1024**2
MAX_OBJECTS = 50_000
MAX_RATIO = 20
"""A weights file may declare so many times the bytes that it has; compressed weights save little."""
SLACK_BYTES = 4 * 1024**2
HDF5_SIGNATURE = b"\x89HDF\r\n\x1a\n"
ZIP_SIGNATURE = b"PK\x03\x04"
Result = TypeVar("Result")
MEMBERS = ("metadata.json", "config.json", "model.weights.h5")


@dataclass(frozen=True, slots=True)
class ScannedFile:
    """What a model file holds: `kind` is `keras` or `h5`, `stored` the count of numbers in its weights."""

    kind: str
    config: dict[str, Any]
    stored: int


def scan_model_file(path: Path) -> ScannedFile:
    """Looks through the whole file. Raises `InputError` that says what is wrong and what to do."""
    return _scan_guarded(path, _scan)


def scan_weights_file(path: Path) -> None:
    """Looks through an HDF5 file of weights alone. Raises `InputError` that says what is wrong and what to do."""

    def look(path: Path) -> None:
        if _read_signature(path) != HDF5_SIGNATURE:
            raise ModelRefused("this is not an HDF5 file of weights. Expected what `save_weights` of Keras writes.")
        with h5py.File(path, "r") as file:
            _check_hdf5(file, path.stat().st_size, skip=())

    _scan_guarded(path, look)


def _scan_guarded(path: Path, scan: Callable[[Path], Result]) -> Result:
    try:
        return scan(path)
    except ModelRefused as refusal:
        raise InputError(f"{path}: {refusal}", "model-file") from None
    except (zipfile.BadZipFile, EOFError, NotImplementedError) as error:
        message = f"{path}: this .keras file is damaged or cut short ({error}). Copy or save it again."
        raise InputError(message, "model-file") from None
    except (OSError, ValueError, KeyError, RuntimeError, RecursionError, MemoryError, OverflowError) as error:
        reason = str(error).split("\n")[0][:200] or type(error).__name__
        message = f"{path}: this model file is damaged ({reason}). Copy or save it again."
        raise InputError(message, "model-file") from None


def _read_signature(path: Path) -> bytes:
    """The first bytes of a regular file of bounded size."""
    status = path.stat()
    if not stat.S_ISREG(status.st_mode):
        raise ModelRefused("this is not a regular file. Expected a model saved as .keras or .h5, or a run directory.")
    if status.st_size > MAX_BYTES:
        raise ModelRefused(f"the file has {status.st_size:,} bytes; at most {MAX_BYTES:,} are read.")
    with path.open("rb") as file:
        return file.read(8)


def _scan(path: Path) -> ScannedFile:
    signature = _read_signature(path)
    suffix = path.suffix.lower()
    if signature.startswith(ZIP_SIGNATURE):
        if suffix != ".keras":
            raise ModelRefused(
                f"this is a .keras file with the name of a {suffix or 'nameless'} file. Rename it to .keras."
            )
        return ScannedFile("keras", *_scan_keras(path))
    if signature == HDF5_SIGNATURE:
        return ScannedFile("h5", *_scan_h5(path))
    if not signature:
        raise ModelRefused("the file is empty.")
    raise ModelRefused(
        "this is neither a .keras file nor an .h5 file, or its beginning is damaged. Save the model with "
        "`model.save('model.keras')`."
    )


def _scan_keras(path: Path) -> tuple[dict[str, Any], int]:
    with zipfile.ZipFile(path) as archive:
        members = archive.infolist()
        names = [member.filename for member in members]
        if len(set(names)) != len(names):
            raise ModelRefused("the zip holds a name twice. Save the model again.")
        for member in members:
            _check_member(member)
        missing = [name for name in MEMBERS[1:] if name not in names]
        if missing:
            raise ModelRefused(f"the zip lacks {' and '.join(missing)}, so it is not a Keras model file.")
        config = _parse_config(_read_bounded(archive, "config.json", MAX_CONFIG_BYTES))
        check_classes({key: value for key, value in config.items() if key != "compile_config"})
        weights = _read_bounded(archive, "model.weights.h5", MAX_BYTES)
    with h5py.File(io.BytesIO(weights), "r") as file:
        return config, _check_hdf5(file, len(weights), skip=("optimizer",))


def _check_member(member: zipfile.ZipInfo) -> None:
    name = member.filename
    if name.startswith(("/", "\\")) or ".." in name.replace("\\", "/").split("/") or ":" in name:
        raise ModelRefused(f"the zip wants to write to `{name}`, outside its folder. It is not read.")
    if stat.S_ISLNK(member.external_attr >> 16):
        raise ModelRefused(f"the zip holds a link, `{name}`. It is not read.")
    if name.startswith("assets/") and name != "assets/":
        raise ModelRefused(f"the model carries files (`{name}`), such as a vocabulary. They are not read.")
    if name not in MEMBERS and name != "assets/":
        raise ModelRefused(f"the zip holds `{name}`, which is not part of a Keras model.")
    if member.file_size > MAX_BYTES or member.file_size > MAX_RATIO * member.compress_size + SLACK_BYTES:
        raise ModelRefused(f"`{name}` unpacks to {member.file_size:,} bytes from {member.compress_size:,}: a zip bomb.")


def _read_bounded(archive: zipfile.ZipFile, name: str, max_bytes: int) -> bytes:
    with archive.open(name) as file:
        content = file.read(max_bytes + 1)
    if len(content) > max_bytes:
        raise ModelRefused(f"`{name}` has more than {max_bytes:,} bytes.")
    return content


def _parse_config(text: str | bytes) -> dict[str, Any]:
    try:
        config = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ModelRefused(f"its configuration is not JSON ({error}). The file is damaged.") from None
    if not isinstance(config, dict):
        raise ModelRefused("its configuration does not describe a model.")
    return config


def _scan_h5(path: Path) -> tuple[dict[str, Any], int]:
    with h5py.File(path, "r") as file:
        stored = _check_hdf5(file, path.stat().st_size, skip=("optimizer_weights",))
        text = file.attrs.get("model_config")
        if text is None:
            contents = "weights without the model they belong to"
            raise ModelRefused(f"this file holds {contents}. Save the whole model: `model.save('model.keras')`.")
        if len(text) > MAX_CONFIG_BYTES:
            raise ModelRefused(f"its configuration has more than {MAX_CONFIG_BYTES:,} bytes.")
        config = _parse_config(text)
        check_classes(config)
        return config, stored


def _check_hdf5(file: h5py.File, size: int, skip: tuple[str, ...]) -> int:
    """Walks the file without following a link; returns how many numbers it holds outside the groups `skip`."""
    declared = stored = 0
    for name, dataset in _iter_datasets(file):
        if dataset.external or dataset.is_virtual:
            raise ModelRefused(f"`{name}` takes its numbers from another file. It is not read.")
        declared += dataset.size * dataset.dtype.itemsize
        if declared > MAX_RATIO * size + SLACK_BYTES:
            raise ModelRefused(f"its weights would take more than {declared:,} bytes, the file has {size:,}: a bomb.")
        stored += 0 if name.split("/")[0] in skip else int(dataset.size)
    return stored


def _iter_datasets(file: h5py.File) -> Iterator[tuple[str, h5py.Dataset]]:
    pending, count = [("", file)], 0
    while pending:
        path, group = pending.pop()
        for name in group:
            count += 1
            link = group.get(name, getlink=True)
            if not isinstance(link, h5py.HardLink):
                raise ModelRefused(f"`{path}{name}` is a link to somewhere else. It is not read.")
            item = group[name]
            if count > MAX_OBJECTS or path.count("/") > 40:
                raise ModelRefused("its weights are nested without end, or more than any model's.")
            if isinstance(item, h5py.Group):
                pending.append((f"{path}{name}/", item))
            elif isinstance(item, h5py.Dataset):
                yield f"{path}{name}", item
            else:
                raise ModelRefused(f"`{path}{name}` is not an array.")
