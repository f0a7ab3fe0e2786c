"""The files behind Keras's data sets: found where Keras keeps them, checked by SHA-256, downloaded when missing.

`keras.utils.get_file` would do most of it, but it has no time limit, writes its progress to stdout, falls back
to a temporary folder without a word, costs an import of Keras, and its Fashion-MNIST passes no hash. Files land in
the same places under the same names, so what Keras downloaded is found here and the other way round.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from kerasdeep.errors import InputError, SourceLocation
from kerasdeep.paths import keras_home

DOWNLOAD_TIMEOUT_SECONDS = 10

_TENSORFLOW = "https://storage.googleapis.com/tensorflow/tf-keras-datasets/"
_TORONTO = "https://www.cs.toronto.edu/~kriz/"


@dataclass(frozen=True)
class RemoteFile:
    """`name` is the path below Keras's `datasets` folder; `url` where it comes from; `sha256` what it must be."""

    name: str
    url: str
    sha256: str


def _fashion(name: str, sha256: str) -> RemoteFile:
    return RemoteFile(f"fashion-mnist/{name}", _TENSORFLOW + name, sha256)


REMOTE_FILES: dict[str, tuple[RemoteFile, ...]] = {
    "mnist": (
        RemoteFile(
            "mnist.npz", _TENSORFLOW + "mnist.npz", "731c5ac602752760c8e48fbffcf8c3b850d9dc2a2aedcf2cc48468fc17b673d1"
        ),
    ),
    "fashion_mnist": (
        _fashion("train-images-idx3-ubyte.gz", "3aede38d61863908ad78613f6a32ed271626dd12800ba2636569512369268a84"),
        _fashion("train-labels-idx1-ubyte.gz", "a04f17134ac03560a47e3764e11b92fc97de4d1bfaf8ba1a3aa29af54cc90845"),
        _fashion("t10k-images-idx3-ubyte.gz", "346e55b948d973a97e58d2351dde16a484bd415d4595297633bb08f03db6a073"),
        _fashion("t10k-labels-idx1-ubyte.gz", "67da17c76eaffca5446c3361aaab5c3cd6d1c2608764d35dfb1850b086bf8dd5"),
    ),
    "cifar10": (
        RemoteFile(
            "cifar-10-batches-py-target_archive",  # the name under which keras.datasets keeps the archive
            _TORONTO + "cifar-10-python.tar.gz",
            "6d958be074577803d12ecdefd02955f39262c83c16fe9348329d7fe0b5c001ce",
        ),
    ),
    "cifar100": (
        RemoteFile(
            "cifar-100-python-target_archive",
            _TORONTO + "cifar-100-python.tar.gz",
            "85cd44d02ba6437773c5bbd22e183051d648de2e7d6b014e1ef29b855ba677a7",
        ),
    ),
    "california_housing": (
        RemoteFile(
            "california_housing.npz",
            _TENSORFLOW + "california_housing.npz",
            "1a2e3a52e0398de6463aebe6f4a8da34fb21fbb6b934cf88c3425e766f2a1a6f",
        ),
    ),
}


def fetch(
    files: tuple[RemoteFile, ...], location: SourceLocation | None, say: Callable[[str], None] | None = None
) -> list[Path]:
    """Paths of these files, each present and with the right hash.

    Raises InputError that names every file still missing and the folder it belongs in.
    """
    folder = keras_home() / "datasets"
    paths = [folder / file.name for file in files]
    missing = [
        (file, path)
        for file, path in zip(files, paths, strict=True)
        if not path.is_file() or file_sha256(path) != file.sha256
    ]
    for number, (file, path) in enumerate(missing):
        if say:
            say(f"downloading {file.url}")
        try:
            _download(file, path)
        except (OSError, ValueError) as error:
            raise InputError(
                _manual_download_message(missing[number:], folder, error), "download-failed", location
            ) from error
    return paths


def _download(file: RemoteFile, path: Path) -> None:
    """Stream into a neighbour of `path`, and let it appear there only when the hash is right."""
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_name(f"{path.name}.{os.getpid()}.part")
    try:
        with (
            urllib.request.urlopen(file.url, timeout=DOWNLOAD_TIMEOUT_SECONDS) as response,
            unfinished.open("wb") as copy,
        ):
            shutil.copyfileobj(response, copy, 1 << 20)
        actual_sha256 = file_sha256(unfinished)
        if actual_sha256 != file.sha256:
            raise ValueError(f"the download has SHA-256 {actual_sha256}, not {file.sha256}")
        unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)


def _manual_download_message(missing: list[tuple[RemoteFile, Path]], folder: Path, error: Exception) -> str:
    reason = getattr(error, "reason", None) or error
    file_list = "; ".join(
        f"{path} (from {file.url}, SHA-256 {file.sha256}{', the one there has another' * path.is_file()})"
        for file, path in missing
    )
    return (
        f"Could not download {missing[0][0].url}: {reason}. Expected the data set's files below {folder}. "
        f"On a machine without network, put there by hand: {file_list}. "
        "Set KERAS_HOME to keep them elsewhere (they then belong in its 'datasets' folder)."
    )


def file_sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
