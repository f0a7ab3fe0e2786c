"""Files behind built-in sets: hashes pinned, downloads whole or absent, a helpful sentence without network."""

import hashlib
import time

import pytest

from kerasdeep.data import download
from kerasdeep.data.download import RemoteFile, fetch
from kerasdeep.errors import InputError


@pytest.fixture
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


@pytest.fixture
def remote(tmp_path):
    """A file at a local address."""
    there = tmp_path / "there.npz"
    there.write_bytes(b"content")
    return RemoteFile("sub/there.npz", there.as_uri(), hashlib.sha256(b"content").hexdigest())


def test_a_missing_file_is_downloaded_into_kerass_folder_once(home, remote):
    said = []
    (path,) = fetch((remote,), None, said.append)
    assert path == home / "datasets/sub/there.npz"
    assert path.read_bytes() == b"content"
    fetch((remote,), None, said.append)
    assert len(said) == 1


def test_a_damaged_file_is_downloaded_again(home, remote):
    path = home / "datasets/sub/there.npz"
    path.parent.mkdir(parents=True)
    path.write_bytes(b"cont")
    fetch((remote,), None)
    assert path.read_bytes() == b"content"


def test_a_wrong_download_never_appears(home, remote):
    with pytest.raises(InputError, match="SHA-256"):
        fetch((RemoteFile(remote.name, remote.url, "0" * 64),), None)
    assert [path for path in home.rglob("*") if path.is_file()] == []


def test_without_network_the_message_names_every_missing_file_and_the_folder(home, monkeypatch):
    def refuse(*arguments, **named):
        raise OSError("no network")

    monkeypatch.setattr(download.urllib.request, "urlopen", refuse)
    started = time.perf_counter()
    with pytest.raises(InputError) as caught:
        fetch(download.REMOTE_FILES["fashion_mnist"], None)
    assert time.perf_counter() - started < 2
    message = str(caught.value)
    assert caught.value.problems[0].name == "download-failed"
    for file in download.REMOTE_FILES["fashion_mnist"]:
        assert str(home / "datasets" / file.name) in message
        assert file.sha256 in message


def test_every_file_is_pinned():
    for files in download.REMOTE_FILES.values():
        for file in files:
            assert len(file.sha256) == 64 and file.url.startswith("https://")
