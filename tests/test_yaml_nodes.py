"""YAML as nodes: raw text kept, marks right, hostile files refused early."""

import os
import threading
import time

import pytest

from kerasdeep.errors import InputError
from kerasdeep.yaml_nodes import MAX_BYTES, MAX_NODES, Mapping, Scalar, Sequence, parse_yaml, read_yaml_file


def refused(text: str) -> str:
    with pytest.raises(InputError) as caught:
        parse_yaml(text, "f.yaml")
    (problem,) = caught.value.problems
    return problem.name


@pytest.mark.parametrize(
    "text", ["3e-4", "1e3", "on", "off", "yes", "no", "010", "1:30", "2024-01-01", "0x1f", "~", ".inf"]
)
def test_scalars_keep_their_text(text):
    assert parse_yaml(f"key: {text}", "f.yaml").get("key").text == text


def test_quotes_are_remembered():
    node = parse_yaml("[a, 'a', \"a\"]", "f.yaml")
    assert [item.quoted for item in node.items] == [False, True, True]
    assert not parse_yaml("'null'", "f.yaml").is_null
    assert all(parse_yaml(f"k: {word}", "f.yaml").get("k").is_null for word in ("", "~", "null"))


def test_marks_count_from_one():
    node = parse_yaml("a:\n  - b\n  - {c: d}\n", "f.yaml")
    pair = node.pairs["a"]
    assert str(pair.key.location) == "f.yaml:1:1"
    assert str(pair.value.items[0].location) == "f.yaml:2:5"
    assert str(pair.value.items[1].pairs["c"].value.location) == "f.yaml:3:9"


def test_set_marks_name_the_option_alone():
    node = parse_yaml("{learning_rate: 0.1}", "--set optimizer", line=0)
    assert str(node.get("learning_rate").location) == "--set optimizer"


def test_shapes():
    node = parse_yaml("a: [1, 2]\nb: {c: 1}\nc: x", "f.yaml")
    assert isinstance(node, Mapping)
    assert [type(pair.value) for pair in node.pairs.values()] == [Sequence, Mapping, Scalar]
    assert node.get("missing") is None


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("a: 1\na: 2", "duplicate-key"),
        ("a: &x 1", "anchor"),
        ("a: &x {b: *x}", "anchor"),
        ("a: !!python/object:os.system 1", "tag"),
        ("a: !x 1", "tag"),
        ("a: *x", "alias"),
        ("--- a\n--- b", "second-document"),
        ("? [a]\n: b", "wrong-type"),
        ("a: [1, 2", "not-yaml"),
        ("a: b: c", "not-yaml"),
        ("a: \x07", "not-yaml"),
        ("[" * 100 + "]" * 100, "too-deep"),
        ("a: [" + "1," * MAX_NODES + "]", "too-large"),
    ],
)
def test_what_is_refused(text, name):
    assert refused(text) == name


def test_a_duplicate_key_names_the_first_line():
    with pytest.raises(InputError, match="line 1") as caught:
        parse_yaml("a: 1\nb: 2\na: 3", "f.yaml")
    assert caught.value.problems[0].location.line == 3


def test_an_alias_hints_at_quotes():
    with pytest.raises(InputError, match="quotes"):
        parse_yaml("train: *_3", "f.yaml")


@pytest.mark.parametrize(
    "text",
    [
        "[" * 100_000,
        "{a: " * 50_000,
        "- " * 100_000,
        "\n".join(f"{' ' * i}a:" for i in range(700)),
        "a: &a [x,x]\nb: &b [*a,*a]\nc: &c [*b,*b]",
        "? " * 50_000,
    ],
)
def test_attacks_end_at_once(text):
    start = time.process_time()
    with pytest.raises(InputError):
        parse_yaml(text, "f.yaml")
    assert time.process_time() - start < 0.2


class TestRead:
    def refused(self, path) -> str:
        with pytest.raises(InputError) as caught:
            read_yaml_file(path)
        return caught.value.problems[0].name

    def test_a_file(self, tmp_path):
        path = tmp_path / "a.yaml"
        path.write_text("name: ä\n", encoding="utf-8")
        assert read_yaml_file(path).get("name").text == "ä"

    def test_a_byte_order_mark_is_no_text(self, tmp_path):
        path = tmp_path / "a.yaml"
        path.write_bytes(b"\xef\xbb\xbfname: a\n")
        assert list(read_yaml_file(path).pairs) == ["name"]

    @pytest.mark.parametrize(
        ("content", "name"),
        [
            (b"", "empty-file"),
            (b"# only a comment\n", "empty-file"),
            (b"- a\n", "wrong-type"),
            (b"word", "wrong-type"),
            (b"a: \xff", "encoding"),
            (b"a: " + b"x" * MAX_BYTES, "too-large"),
        ],
    )
    def test_bad_content(self, tmp_path, content, name):
        path = tmp_path / "a.yaml"
        path.write_bytes(content)
        assert self.refused(path) == name

    def test_missing_and_folder(self, tmp_path):
        assert self.refused(tmp_path / "none.yaml") == "missing-file"
        assert self.refused(tmp_path) == "not-a-file"
        assert self.refused("a\0b") == "unreadable-file"

    def test_a_pipe_does_not_hang(self, tmp_path):
        path = tmp_path / "pipe.yaml"
        os.mkfifo(path)
        names = []
        reader = threading.Thread(target=lambda: names.append(self.refused(path)), daemon=True)
        reader.start()
        reader.join(2)
        assert names == ["not-a-file"]
