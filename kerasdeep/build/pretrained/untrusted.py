"""Model files are input: looked at in full before Keras sees any of them.

A `.keras` file or full-model `.h5` can name classes that run code, read files or ask for any amount of memory
(CVE-2025-1550, -8747, -9905, -9906, -12058, CVE-2026-0897, -1462, -1669). So: a regular file of bounded size,
a zip or HDF5 whose structure is plain, and a configuration of which every class at every nesting level is one that
the catalogue allows. What passes is then read by Keras with `safe_mode=True` and without its compile state.
"""

from __future__ import annotations

import io
import json
import stat
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from kerasdeep.build.pretrained.classes import Refused, check_classes
from kerasdeep.errors import InputError

MOST_BYTES = 2 * 1024**3
MOST_CONFIG_BYTES = 32 * 1024**2
MOST_OBJECTS = 50_000
MOST_RATIO = 20
"""A weights file may declare so many times the bytes that it has; compressed weights save little."""
SLACK = 4 * 1024**2
HDF5 = b"\x89HDF\r\n\x1a\n"
ZIP = b"PK\x03\x04"
MEMBERS = ("metadata.json", "config.json", "model.weights.h5")


def examine(path: Path) -> tuple[str, dict[str, Any], int]:
    """What the file is (`keras` or `h5`), its configuration, and how many numbers its weights hold.

    Raises `InputError` that says what is wrong and what to do.
    """
    return _guarded(path, _examine)


def check_weights(path: Path) -> None:
    """Looks through an HDF5 file of weights alone. Raises `InputError` that says what is wrong and what to do."""

    def look(path: Path) -> None:
        if _start_of(path) != HDF5:
            raise Refused("this is no HDF5 file of weights. Expected what `save_weights` of Keras writes.")
        import h5py

        with h5py.File(path, "r") as file:
            _check_hdf5(file, path.stat().st_size, skip=())

    _guarded(path, look)


def _guarded(path: Path, look: Callable[[Path], Any]) -> Any:
    try:
        return look(path)
    except Refused as refusal:
        raise InputError(f"{path}: {refusal}", "model-file") from None
    except (zipfile.BadZipFile, EOFError, NotImplementedError) as error:
        message = f"{path}: this .keras file is damaged or cut short ({error}). Copy or save it again."
        raise InputError(message, "model-file") from None
    except (OSError, ValueError, KeyError, RuntimeError, RecursionError, MemoryError, OverflowError) as error:
        said = str(error).split("\n")[0][:200] or type(error).__name__
        message = f"{path}: this model file is damaged ({said}). Copy or save it again."
        raise InputError(message, "model-file") from None


def _start_of(path: Path) -> bytes:
    """The first bytes of a regular file of bounded size."""
    status = path.stat()
    if not stat.S_ISREG(status.st_mode):
        raise Refused("this is no regular file. Expected a model saved as .keras or .h5, or a run directory.")
    if status.st_size > MOST_BYTES:
        raise Refused(f"the file has {status.st_size:,} bytes; at most {MOST_BYTES:,} are read.")
    with path.open("rb") as file:
        return file.read(8)


def _examine(path: Path) -> tuple[str, dict[str, Any], int]:
    start = _start_of(path)
    named = path.suffix.lower()
    if start.startswith(ZIP):
        if named != ".keras":
            raise Refused(
                f"this is a .keras file with the name of a {named or 'nameless'} file. Rename it to .keras."
            )
        return "keras", *_keras(path)
    if start == HDF5:
        if named == ".keras":
            raise Refused("this is an HDF5 file (an .h5 of Keras 2), not a .keras file. Rename it to .h5.")
        return "h5", *_h5(path)
    if not start:
        raise Refused("the file is empty.")
    raise Refused(
        "this is neither a .keras file nor an .h5 file, or its beginning is damaged. Save the model with "
        "`model.save('model.keras')`."
    )


def _keras(path: Path) -> tuple[dict[str, Any], int]:
    with zipfile.ZipFile(path) as archive:
        members = archive.infolist()
        names = [member.filename for member in members]
        if len(set(names)) != len(names):
            raise Refused("the zip holds a name twice. Save the model again.")
        for member in members:
            _check_member(member)
        missing = [name for name in MEMBERS[1:] if name not in names]
        if missing:
            raise Refused(f"the zip lacks {' and '.join(missing)}, so it is no model saved by Keras.")
        config = _json(_read(archive, "config.json", MOST_CONFIG_BYTES))
        check_classes({key: value for key, value in config.items() if key != "compile_config"})
        weights = _read(archive, "model.weights.h5", MOST_BYTES)
    import h5py

    with h5py.File(io.BytesIO(weights), "r") as file:
        return config, _check_hdf5(file, len(weights), skip=("optimizer",))


def _check_member(member: zipfile.ZipInfo) -> None:
    name = member.filename
    if name.startswith(("/", "\\")) or ".." in name.replace("\\", "/").split("/") or ":" in name:
        raise Refused(f"the zip wants to write to `{name}`, outside its folder. It is not read.")
    if stat.S_ISLNK(member.external_attr >> 16):
        raise Refused(f"the zip holds a link, `{name}`. It is not read.")
    if name.startswith("assets/") and name != "assets/":
        raise Refused(f"the model has files of its own (`{name}`), such as a vocabulary. They are not read.")
    if name not in MEMBERS and name != "assets/":
        raise Refused(f"the zip holds `{name}`, which is no part of a Keras model.")
    if member.file_size > MOST_BYTES or member.file_size > MOST_RATIO * member.compress_size + SLACK:
        raise Refused(f"`{name}` unpacks to {member.file_size:,} bytes from {member.compress_size:,}: a zip bomb.")


def _read(archive: zipfile.ZipFile, name: str, most: int) -> bytes:
    with archive.open(name) as file:
        content = file.read(most + 1)
    if len(content) > most:
        raise Refused(f"`{name}` has more than {most:,} bytes.")
    return content


def _json(text: str | bytes) -> dict[str, Any]:
    try:
        config = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise Refused(f"its configuration is no JSON ({error}). The file is damaged.") from None
    if not isinstance(config, dict):
        raise Refused("its configuration is no model's.")
    return config


def _h5(path: Path) -> tuple[dict[str, Any], int]:
    import h5py

    with h5py.File(path, "r") as file:
        stored = _check_hdf5(file, path.stat().st_size, skip=("optimizer_weights",))
        text = file.attrs.get("model_config")
        if text is None:
            what = "weights without the model they belong to"
            raise Refused(f"this file holds {what}. Save the whole model: `model.save('model.keras')`.")
        if len(text) > MOST_CONFIG_BYTES:
            raise Refused(f"its configuration has more than {MOST_CONFIG_BYTES:,} bytes.")
        config = _json(text)
        check_classes(config)
        return config, stored


def _check_hdf5(file: Any, size: int, skip: tuple[str, ...]) -> int:
    """Walks the file without following a link; returns how many numbers it holds outside the groups `skip`."""
    declared = kept = 0
    for name, dataset in _datasets(file):
        if dataset.external or dataset.is_virtual:
            raise Refused(f"`{name}` takes its numbers from another file. It is not read.")
        declared += dataset.size * dataset.dtype.itemsize
        if declared > MOST_RATIO * size + SLACK:
            raise Refused(f"its weights would take more than {declared:,} bytes, the file has {size:,}: a bomb.")
        kept += 0 if name.split("/")[0] in skip else int(dataset.size)
    return kept


def _datasets(file: Any) -> Iterator[tuple[str, Any]]:
    import h5py

    waiting, seen = [("", file)], 0
    while waiting:
        path, group = waiting.pop()
        for name in group:
            seen += 1
            link = group.get(name, getlink=True)
            if not isinstance(link, h5py.HardLink):
                raise Refused(f"`{path}{name}` is a link to somewhere else. It is not read.")
            item = group[name]
            if seen > MOST_OBJECTS or path.count("/") > 40:
                raise Refused("its weights are nested without end, or more than any model's.")
            if isinstance(item, h5py.Group):
                waiting.append((f"{path}{name}/", item))
            elif isinstance(item, h5py.Dataset):
                yield f"{path}{name}", item
            else:
                raise Refused(f"`{path}{name}` is no array.")
