"""Seeded damage to files, as strangers, full disks and other programs leave them behind."""

from __future__ import annotations

import io
import json
import os
import random
import re
import resource
import signal
import string
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

WRONG_VALUES: list[Any] = [
    None,
    True,
    -7,
    10**30,
    1.5,
    "",
    "²",
    "\udcff",
    "x" * 200_000,
    [],
    {},
    [[[]]],
    {"array": "y"},
]


ODD_WORDS = [
    *("null", "{}", "[]", "1e400", "-7", "²", "\udcff", "größe", "&a", "*a", "!!python/name:os", "a: b", "\t", "\0"),
    *("..", "~", "%", "x" * 3000, "[" * 50, "{a: " * 50, "'", '"', "---", "<<: *a", "1:30", "yes", "2024-01-01"),
    *("\ufeff", "\r\n", "${HOME}", "/dev/null", "", "9" * 400, "-", "--", "\x1b[31m", "layer/1", "a" * 300),
]


@contextmanager
def no_longer_than(cpu_seconds: int) -> Iterator[None]:
    """Waiting for ever, and taking more CPU time than that, become errors, which no `except Exception` catches."""

    def stop(*_: object) -> None:
        raise KeyboardInterrupt("it took too long")

    signals = {signal.SIGPROF: signal.ITIMER_PROF, signal.SIGALRM: signal.ITIMER_REAL}
    before = {name: signal.signal(name, stop) for name in signals}
    signal.setitimer(signal.ITIMER_PROF, cpu_seconds)
    signal.setitimer(signal.ITIMER_REAL, 20 * cpu_seconds)
    try:
        yield
    finally:
        for name, timer in signals.items():
            signal.setitimer(timer, 0)
            signal.signal(name, before[name])


@contextmanager
def memory_grown(megabytes: int) -> Iterator[list[float]]:
    """Gives a list whose one item, at the end, is by how many MB the process grew at its fullest, where Linux tells.

    Past `megabytes` and a reserve, taking more fails, so that no mistake takes the machine's memory.
    """
    status = Path("/proc/self/status")
    grown, limits = [0.0], resource.getrlimit(resource.RLIMIT_DATA)
    if not status.exists():
        yield grown
        return

    def memory(key: str) -> int:
        return next(int(line.split()[1]) for line in status.read_text().splitlines() if line.startswith(key))

    Path("/proc/self/clear_refs").write_text("5")  # the high water is counted from here
    before = memory("VmRSS")
    resource.setrlimit(resource.RLIMIT_DATA, (memory("VmData") * 1024 + (megabytes << 22), limits[1]))
    try:
        yield grown
    finally:
        resource.setrlimit(resource.RLIMIT_DATA, limits)
        grown[0] = (memory("VmHWM") - before) / 1024


def damage_of(path: Path, rng: random.Random) -> tuple[str, Callable[[Path, random.Random], None]]:
    """A kind of damage that fits the file, and what does it."""
    kinds = BY_SUFFIX.get(path.suffix, ANY_DAMAGE) if rng.random() < 0.8 else ANY_DAMAGE
    kind = rng.choice(sorted(kinds))
    return kind, kinds[kind]


def mutated(rng: random.Random, text: str) -> str:
    """The text with a few lines, words or characters lost, doubled, moved or replaced."""
    for _ in range(rng.randint(1, 3)):
        lines = text.split("\n")
        place = rng.randrange(len(lines))
        action = rng.randrange(6)
        if action == 0:
            del lines[place]
        elif action == 1:
            lines.insert(place, rng.choice(lines))
        elif action == 2:
            lines[place] = " " * rng.randrange(9) + lines[place].lstrip()
        elif action == 3 and ":" in lines[place]:
            lines[place] = lines[place].partition(":")[0] + ": " + rng.choice(ODD_WORDS)
        elif action == 4:
            _, colon, value = lines[place].partition(":")
            lines[place] = rng.choice(ODD_WORDS) + colon + value
        else:
            at = rng.randrange(len(lines[place]) + 1)
            lines[place] = lines[place][:at] + rng.choice([*string.punctuation, *ODD_WORDS]) + lines[place][at:]
        text = "\n".join(lines) or "\n"
    return text


def damages(folder: Path, files: list[str], seed: int, count: int) -> Iterator[tuple[str, Callable[[], None]]]:
    """Descriptions of damage, each with what does it; `folder` has to be whole again before the next."""
    rng = random.Random(seed)
    for number in range(count):
        path = folder / files[number % len(files)]
        kinds = BY_SUFFIX.get(path.suffix, {}) | ANY_DAMAGE
        kind = rng.choice(sorted(kinds))
        one_seed = rng.randrange(2**32)
        yield f"{path.name}: {kind}, seed {one_seed}", lambda k=kinds[kind], p=path, s=one_seed: k(p, random.Random(s))


def _cut(path: Path, rng: random.Random) -> None:
    content = path.read_bytes()
    path.write_bytes(content[: rng.randrange(len(content) + 1)])


def _flip(path: Path, rng: random.Random) -> None:
    content = bytearray(path.read_bytes())
    for _ in range(rng.randint(1, 8)):
        content[rng.randrange(len(content))] = rng.randrange(256)
    path.write_bytes(content)


def _noise(path: Path, rng: random.Random) -> None:
    path.write_bytes(rng.randbytes(rng.randrange(3000)))


def _pipe(path: Path, rng: random.Random) -> None:
    path.unlink()
    os.mkfifo(path)


def _folder(path: Path, rng: random.Random) -> None:
    path.unlink()
    path.mkdir()


def _circle(path: Path, rng: random.Random) -> None:
    path.unlink()
    path.symlink_to(path.name)


def _gone(path: Path, rng: random.Random) -> None:
    path.unlink()


def _unreadable_text(path: Path, rng: random.Random) -> None:
    content = path.read_bytes()
    place = rng.randrange(len(content) + 1)
    path.write_bytes(
        content[:place] + rng.choice([b"\xff\xfe", b"\0", b"\r", b'"', b"1e999", b",,,"]) + content[place:]
    )


ANY_DAMAGE = {
    "cut": _cut,
    "flipped bytes": _flip,
    "noise": _noise,
    "a pipe": _pipe,
    "a folder": _folder,
    "a circle": _circle,
    "gone": _gone,
    "bytes put in": _unreadable_text,
}


def _wrong_value(path: Path, rng: random.Random) -> None:
    """One value of the document is another; or one key is gone, or one item there twice."""
    document = json.loads(path.read_text(encoding="utf-8"))
    places = list(_places(document))
    parent, key = rng.choice(places) if places else ([document], 0)
    action = rng.randrange(4)
    if action == 0:
        del parent[key]
    elif action == 1 and isinstance(parent, list):
        parent.append(parent[key])
    else:
        parent[key] = rng.choice(WRONG_VALUES)
    path.write_bytes(json.dumps(document).encode("utf-8", "backslashreplace"))


def _places(value: Any) -> Iterator[tuple[Any, Any]]:
    for key in value if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ():
        yield value, key
        yield from _places(value[key])


def _deep(path: Path, rng: random.Random) -> None:
    depth = rng.choice([200, 100_000])
    path.write_text('{"a":' * depth + "1" + "}" * depth if rng.random() < 0.5 else "[" * depth + "]" * depth)


JSON_DAMAGE = {"a wrong value": _wrong_value, "another": _wrong_value, "a third": _wrong_value, "deep": _deep}


def _other_array(path: Path, rng: random.Random) -> None:
    """One array has another shape, type or values; or is gone."""
    with np.load(path) as file:
        arrays = dict(file)
    name = rng.choice(sorted(arrays))
    others = [
        np.zeros((3, 4, 5)),
        np.zeros((0,)),
        np.array("text"),
        np.full(np.shape(arrays[name]), np.nan),
        np.full(np.shape(arrays[name]), 1 + 2j),
        np.zeros(np.shape(arrays[name])),
        np.zeros((1,) * 33),
        arrays[name].astype("float16"),
    ]
    action = rng.randrange(len(others) + 1)
    arrays = {key: value for key, value in arrays.items() if key != name or action < len(others)}
    if action < len(others):
        arrays[name] = others[action]
    np.savez(path, **arrays)


def _claimed_shape(path: Path, rng: random.Random) -> None:
    """A header that claims another shape, up to hundreds of gigabytes, than the file holds."""
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    name = rng.choice(sorted(members))
    header = io.BytesIO()
    shape = rng.choice([(10**11,), (2**63,), (-1,), (1,) * 40, (0,), (10**4, 10**4, 10**4)])
    dtype = rng.choice(["<f8", "|O", "<U9999999", "|V0"])
    np.lib.format.write_array_header_1_0(header, {"descr": dtype, "fortran_order": False, "shape": shape})
    members[name] = header.getvalue() + b"\0" * rng.randrange(64)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for member, content in members.items():
            archive.writestr(member, content)


NPZ_DAMAGE = {"another array": _other_array, "more of it": _other_array, "a claimed shape": _claimed_shape}


def _mutated_text(path: Path, rng: random.Random) -> None:
    path.write_bytes(mutated(rng, path.read_text(encoding="utf-8")).encode("utf-8", "surrogateescape"))


def _other_word(path: Path, rng: random.Random) -> None:
    """One word or number of the file is another."""
    words = re.split(r"([\w.]+)", path.read_text(encoding="utf-8"))
    places = range(1, len(words), 2)
    if places:
        likely = ["0", "1", "3", "0.5", "1e9", "nan", "-1", "auto", "null", rng.choice(words[1::2])]
        words[rng.choice(places)] = rng.choice(ODD_WORDS if rng.random() < 0.2 else likely)
    path.write_bytes("".join(words).encode("utf-8", "surrogateescape"))


TEXT_DAMAGE = {"mutated": _mutated_text, "another word": _other_word, "yet another": _other_word}


def _wrong_configuration(path: Path, rng: random.Random) -> None:
    """A model file in whose configuration one value is another."""
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    part = path.with_name("part.json")
    part.write_bytes(members["config.json"])
    _wrong_value(part, rng)
    members["config.json"] = part.read_bytes()
    part.unlink()
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)


MODEL_DAMAGE = {"a wrong configuration": _wrong_configuration, "another one": _wrong_configuration}
BY_SUFFIX = {
    ".json": JSON_DAMAGE,
    ".npz": NPZ_DAMAGE,
    ".yaml": TEXT_DAMAGE,
    ".csv": TEXT_DAMAGE,
    ".jsonl": TEXT_DAMAGE,
    ".keras": MODEL_DAMAGE,
}
