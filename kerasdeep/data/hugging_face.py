"""Files on the Hugging Face Hub: copied once below Keras's folder, read from there."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path, PurePosixPath

from kerasdeep.config.sections.data import HUGGING_FACE
from kerasdeep.data.download import keras_home
from kerasdeep.errors import InputError, SourceLocation


def local_path(source: str, location: SourceLocation | None, say: Callable[[str], None] | None = None) -> Path:
    """Where the file is; one on the Hub is downloaded, where this was not done before.

    Raises InputError where huggingface_hub is not installed, or the file cannot be had.
    """
    if not source.startswith(HUGGING_FACE):
        return Path(source)
    folder = keras_home() / "datasets" / "hugging_face" / hashlib.sha256(source.encode()).hexdigest()[:16]
    path = folder / PurePosixPath(source).name
    if path.is_file():
        if say:
            say(f"{source} is read from {path}; remove that file to download it anew")
        return path
    try:
        from huggingface_hub import HfFileSystem
    except ImportError as error:
        message = f"{source} needs huggingface_hub, which is not installed: pip install 'kerasdeep[hub]'"
        raise InputError(message, "not-installed", location) from error
    if say:
        say(f"downloading {source}")
    unfinished = path.with_name(f"{path.name}.part")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        HfFileSystem().get_file(source.removeprefix(HUGGING_FACE), str(unfinished))
        unfinished.replace(path)
    except Exception as error:  # the Hub's client has errors of many libraries
        raise InputError(f"{source} cannot be downloaded: {error}", "download-failed", location) from error
    finally:
        unfinished.unlink(missing_ok=True)
    return path
