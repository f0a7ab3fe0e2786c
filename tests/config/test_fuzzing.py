"""Whatever a file holds, `load_config` returns or raises InputError, and does either within two seconds."""

from __future__ import annotations

import json
import random
import time

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kerasdeep import catalog, collection
from kerasdeep.config import Config, Overrides, load_config
from kerasdeep.config.schema import settings_of
from kerasdeep.errors import MAX_PROBLEMS, InputError
from kerasdeep.yaml_nodes import MAX_BYTES

SLOWEST = 2.0
TEXTS = [path.read_bytes() for path in collection.collection_files().values()]
PIECES = [
    *(
        b"{",
        b"}",
        b"[",
        b"]",
        b": ",
        b"- ",
        b"\n",
        b"\n  ",
        b"\t",
        b"#",
        b"'",
        b'"',
        b"|",
        b">",
        b"&a ",
        b"*a",
        b"!!x ",
    ),
    *(
        b"? ",
        b"---\n",
        b"...",
        b"%",
        b"@",
        b"`",
        b"\x00",
        b"\xff",
        b"\xc3\xa9",
        b"\xe2\x80\xa8",
        b"\xef\xbb\xbf",
        b"null",
    ),
    *(b"true", b".inf", b".nan", b"1e999", b"-1", b"0x10", b"1_000", b"9" * 400, b"1e-400", b"x" * 5000),
    *(
        b"<<: {a: 1}",
        b"extends: reference\n",
        b"variants: {a: {seed: 1}}\n",
        b"stages: [{}]\n",
        b"[" * 50,
        b"{a: " * 50,
    ),
]

_keys = list(settings_of(Config))
_words = st.one_of(
    st.sampled_from(_keys),
    st.sampled_from([name for family in catalog.families() for name in catalog.entries(family)]),
    st.sampled_from(["units", "layers", "name", "inputs", "times", "learning_rate", "source", "input", "output"]),
    st.text(max_size=8),
)
_values = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), _words),
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(_words, inner, max_size=4)),
    max_leaves=25,
)


bounded = settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture]
)


def survives(text: bytes, file) -> float:
    """Seconds that the file took; fails for anything but a result or an InputError that can be shown."""
    file.write_bytes(text)
    start = time.process_time()
    try:
        loaded = load_config(file)
    except InputError as error:
        assert 0 < len(error.problems) <= MAX_PROBLEMS
        for problem in error.problems:
            assert str(problem)
            assert problem.as_dict()["message"]
    else:
        assert loaded.config.network.layers
    return time.process_time() - start


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    return tmp_path_factory.mktemp("fuzz") / "fuzz.yaml"


def mutated(chance: random.Random) -> bytes:
    """A shipped file after a few cuts, copies, swaps and strays."""
    text = bytearray(chance.choice(TEXTS))
    for _ in range(chance.choice([1, 1, 2, 3, 8])):
        at, to = sorted(chance.randrange(len(text) + 1) for _ in range(2))
        to = min(to, at + chance.choice([1, 4, 40]))
        match chance.randrange(5):
            case 0:
                del text[at:to]
            case 1:
                text[at:at] = chance.choice(PIECES)
            case 2:
                text[at:at] = text[at:to] * chance.choice([1, 2, 20])
            case 3:
                text[at:to] = bytes(chance.randrange(256) for _ in range(to - at))
            case 4:
                other = chance.choice(TEXTS)
                start = chance.randrange(len(other))
                text[at:to] = other[start : start + 60]
    return bytes(text)


@pytest.mark.parametrize("count", [150, pytest.param(10_000, marks=pytest.mark.slow)])
def test_mutated_files_end_in_a_result_or_in_problems(file, count):
    chance = random.Random(count)
    slowest = max(survives(mutated(chance), file) for _ in range(count))
    assert slowest < SLOWEST


@bounded
@given(_values)
def test_any_tree_ends_in_a_result_or_in_problems(file, value):
    assert survives(json.dumps(value, default=str).encode(), file) < SLOWEST


@bounded
@given(st.sampled_from(_keys), _values)
def test_any_value_of_any_section_ends_in_a_result_or_in_problems(file, key, value):
    text = f"extends: quickstart\n{json.dumps(key)}: {json.dumps(value, default=str)}\n"
    assert survives(text.encode("utf-8", "surrogatepass"), file) < SLOWEST


@bounded
@given(st.binary(max_size=200))
def test_any_bytes_end_in_problems(file, noise):
    assert survives(noise, file) < SLOWEST


@bounded
@given(_words, _values)
def test_any_set_ends_in_a_result_or_in_problems(word, value):
    for place in (word, f"network.layers.1.{word}", f"optimizer.{word}.{word}", f"training.{word}", f"stages.0.{word}"):
        try:
            load_config(
                collection.collection_files()["quickstart"], Overrides([f"{place}={json.dumps(value, default=str)}"])
            )
        except InputError as error:
            assert error.problems


HEAVY = {
    "many layers": "data: {source: digits}\nnetwork: [" + "Dense: 1, " * 9000 + "Output]\n",
    "repeats in repeats": "data: {source: digits}\nnetwork: ["
    + "Repeat: {times: 999, layers: [" * 9
    + "Dense: 1"
    + "]}" * 9
    + ", Output]\n",
    "many variants": "extends: quickstart\nvariants:\n" + "".join(f"  v{i}: {{seed: {i}}}\n" for i in range(3000)),
    "variants of many layers": "data: {source: digits}\n"
    + "network: [Repeat: {times: 999, layers: [Dense: 1]}, Output]\nvariants:\n"
    + "".join(f"  v{i}: {{seed: {i}}}\n" for i in range(150)),
    "many problems": "extends: quickstart\nnetwork: [" + "Denze: 1, " * 9000 + "Output]\n",
    "many unknown keys": "extends: quickstart\n" + "".join(f"key_number_{i}: 1\n" for i in range(9000)),
    "many claims": "extends: quickstart\nexpect: [" + "a > 1, " * 9000 + "b > 1]\n",
    "long words": "extends: quickstart\n" + "".join(f"{'abcdefgh' * 100}{i}: 1\n" for i in range(200)),
    "a long name": "extends: quickstart\nactivation: " + "relu" * 50_000 + "\n",
    "a long type": "extends: quickstart\ntraining: {epochs: " + "9" * 200_000 + "}\n",
    "a long duration": "extends: quickstart\nschedule: {power: " + "9" * 200_000 + "}\n",
    "deep": "extends: quickstart\nvariants: " + "{a: " * 200 + "1" + "}" * 200,
    "wrapped wrappers": "extends: quickstart\nnetwork: ["
    + "TimeDistributed: {layer: {" * 15
    + "Dense: 1"
    + "}}" * 15
    + "]\n",
    "residuals": "data: {source: digits}\nnetwork: [" + "Residual: [" * 12 + "Dense: 1" + "]" * 12 + ", Output]\n",
    "many names": "data: {source: digits}\nnetwork: ["
    + ", ".join(f"{{Dense: 1, name: n{i}, inputs: [n{i + 1}]}}" for i in range(1500))
    + ", Output]\n",
    "many classes": "data: {source: digits, classes: [" + "a, " * 15000 + "b]}\nnetwork: [Output]\n",
    "too large": "#" * (MAX_BYTES + 1),
}


@pytest.mark.parametrize("text", HEAVY.values(), ids=HEAVY)
def test_heavy_files_end_in_time(file, text):
    assert survives(text.encode(), file) < SLOWEST
