"""Mutated files and words on the command line: every attempt ends with 0 or 2, within ten seconds of CPU time."""

import random
import string

import pytest
from helpers.damage import no_longer_than

from kerasdeep import collection
from kerasdeep.catalog import families, suggestable_names
from kerasdeep.cli import exit_codes
from kerasdeep.cli.app import app

TOKENS = [
    *(
        "null",
        "{}",
        "[]",
        "1e400",
        "-7",
        "²",
        "\udcff",
        "größe",
        "&a",
        "*a",
        "!!python/name:os",
        "a: b",
        "\t",
        "\0",
        "..",
    ),
    *("~", "%", "x" * 3000, "[" * 50, "{a: " * 50, "'", '"', "---", "<<: *a", "1:30", "yes", "2024-01-01", "\ufeff"),
    *("\r\n", "${HOME}"),
]


def mutated(rng, text):
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
            lines[place] = lines[place].partition(":")[0] + ": " + rng.choice(TOKENS)
        elif action == 4:
            _, colon, value = lines[place].partition(":")
            lines[place] = rng.choice(TOKENS) + colon + value
        else:
            at = rng.randrange(len(lines[place]) + 1)
            lines[place] = lines[place][:at] + rng.choice([*string.punctuation, *TOKENS]) + lines[place][at:]
        text = "\n".join(lines)
    return text


def attempt(*arguments):
    with no_longer_than(10):
        return exit_codes.run_app(app, list(arguments))


def validate(tmp_path, seed, count):
    rng, files = random.Random(seed), list(collection.collection_files().values())
    for number in range(count):
        text = mutated(rng, rng.choice(files).read_text(encoding="utf-8"))
        path = tmp_path / "x.yaml"
        path.write_bytes(text.encode("utf-8", "surrogateescape"))
        setting = f"{rng.choice(['training.epochs', 'optimizer', 'x', ''])}={rng.choice(TOKENS)}"
        more = ["--set", setting] if rng.random() < 0.5 else []
        code = attempt("validate", str(path), *more, *["--json"] * rng.randrange(2))
        assert code in (0, 2), f"seed {seed}, number {number}:\n{text}"


def explain(seed, count):
    rng = random.Random(seed)
    words = [name for family in families() for name in suggestable_names(family)] + TOKENS
    for number in range(count):
        word = mutated(rng, ".".join(rng.choices(words, k=rng.randint(1, 3))))
        code = attempt("explain", "--", word)
        assert code in (0, 2), f"seed {seed}, number {number}: {word!r}"


def test_validate_and_explain(tmp_path, capsys):
    validate(tmp_path, 20, 20)
    explain(20, 20)


@pytest.mark.fuzz
def test_validate_and_explain_many_times(tmp_path, capsys):
    for seed in range(20):
        validate(tmp_path, seed, 500)
        explain(seed, 500)
        capsys.readouterr()
