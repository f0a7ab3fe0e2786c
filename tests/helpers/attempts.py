"""Commands as nobody should give them: every verb, with files, words and options that are right, odd or damaged.

`python tests/helpers/attempts.py SEED COUNT [VERB ...]` tries so many commands and prints what became of them; it ends
with 1 if one of them was a defect.
"""

from __future__ import annotations

import io
import json
import os
import random
import shutil
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click
import numpy as np
import pandas as pd
import typer
from helpers.damage import ODD_WORDS, damage_of, memory_grown, mutated, no_longer_than
from PIL import Image

import kerasdeep
from kerasdeep import collection
from kerasdeep.catalog import families, suggestable_names
from kerasdeep.cli import exit_codes
from kerasdeep.cli.app import app
from kerasdeep.config import Config
from kerasdeep.config.schema import walk_settings

CPU_SECONDS = 10
MOST_MEGABYTES = 1000
MAY_FAIL = {"train", "finetune", "lr-find", "compare", "sweep", "export"}
"""Verbs that end with 1 where a run fails, no rate is found, or an `expect` or a proof is unmet."""

SMALL = """\
name: small
data: {source: rows.csv, target: y, validation: 8, test: 8}
network: [{Dense: 3}, Output]
optimizer: SGD
training: {epochs: 1, batch_size: 16, watch: null}
report: {tensorboard: false, opponents: false}
runtime: {threads: auto}
"""
FILES = {
    "small.yaml": SMALL,
    "rich.yaml": SMALL.replace("[{Dense: 3}, Output]", """
  - Dense: {units: 3, name: a b}
  - Dropout: 0.2
  - Residual: [{Dense: 3}]
  - Dense: {units: 2, name: ö, inputs: [a b]}
  - Concatenate: {inputs: [residual_1, ö]}
  - Output""").replace("optimizer: SGD", """\
optimizer: {SGD: {learning_rate: 0.01, momentum: 0.5}}
schedule: {one_cycle: {max_rate: 0.05}}
regularization: {batch_norm: before, l2: 1e-4, max_norm: 1.0}
metrics: [accuracy, AUC]
loss: auto""").replace("target: y", "target: y, columns: {b: category}, class_weight: balanced, scaling: minmax"),
    "stages.yaml": SMALL + """\
stages:
  - {name: first, pretrain: {autoencoder: {style: denoising}}, epochs: 1}
  - {name: second, train: head, epochs: 1, early_stopping: {patience: 1}}
""",
    "window.yaml": SMALL.replace("target: y", "target: a, time: d, window: {length: 4, horizon: 2}")
    .replace("{Dense: 3}", "{Conv1D: {filters: 2, kernel_size: 2}}, Flatten"),
    "pictures.yaml": SMALL.replace("rows.csv, target: y", "pictures, augmentation: [RandomFlip: horizontal]")
    .replace("{Dense: 3}", "{Conv2D: {filters: 2, kernel_size: 3}}, GlobalAveragePooling2D"),
    "arrays.yaml": SMALL.replace("rows.csv, target: y", "rows.npz"),
    "study.yaml": SMALL + """\
variants: {one: {activation: elu}, two: {optimizer: {Adam: {learning_rate: 0.01}}}}
profiles: {fast: {training: {batch_size: 32}}}
expect: ["one.val_accuracy - two.val_accuracy >= -1"]
""",
    "sweep.yaml": SMALL + """\
sweep:
  parameters: {activation: [relu, elu], optimizer.SGD.learning_rate: {between: [1e-3, 0.1], log: true}}
  goal: val_accuracy
  trials: 1
  sampler: random
  confirm: null
""",
    "labels.txt": "no\nyes\n",
}  # fmt: skip
CONFIGS = [name for name in FILES if name.endswith(".yaml")]
DATA = ["rows.csv", "rows.csv.gz", "rows.jsonl", "rows.parquet", "rows.npz", "pictures", "pictures/a/1.png", "arrays"]
RUNS = ["runs/small-1", "runs/small-2"]
"""Of a table, and of pictures."""
MODELS = ["net.keras", "net.h5"]
READ = ["model.keras", "preprocessing.npz", "preprocessing.json", "resolved.yaml", "result.json", "history.csv"]
READ += ["manifest.json", "state.json", "arrays.npz", "stages.json", "environment.json"]
"""Files of a run that verbs other than `report` read, too."""
SETTINGS = [path for path, _ in walk_settings(Config)]
COUNTS = ["1", "2", "3"]
VALUES = [
    "null",
    "true",
    "no",
    "auto",
    "1",
    "0.5",
    "3",
    "[1, 2]",
    "{fraction: 0.5}",
    "[a, b]",
    "Adam",
    "relu",
    "adam",
    "y",
]
BY_METAVAR: dict[str, list[str]] = {
    "CONFIG|RUN": CONFIGS + RUNS,
    "CONFIG|RUN...": ["study.yaml", *RUNS],
    "CONFIG...": CONFIGS,
    "CONFIG": ["sweep.yaml", "small.yaml"],
    "[CONFIG]": CONFIGS,
    "RUN": RUNS,
    "RUN|MODEL": RUNS + MODELS,
    "MODEL": RUNS + MODELS + ["application:MobileNetV2", "rows.npz"],
    "DATA": DATA,
    "INPUT": [*DATA, "-"],
    "PATH": DATA,
    "FILE": ["out.csv", "out.parquet", "out.yaml", "rows.csv", "new/out.csv", "runs"],
    "DIR": ["runs", "more", "small.yaml"],
    "NAME": ["y", "a", "quickstart"],
    "NAMES|FILE": ["no,yes", "labels.txt", "0,1,2"],
    "SELECTOR": ["all", "first:1", "last:1", "dense*"],
    "RATE": ["1e-5", "0.1", "3", "-1", "nan", "0"],
    "N": COUNTS,
    "N|auto": ["1", "auto"],
    "tensorflow|jax": ["tensorflow", "tensorflow", "torch"],
    "auto|cpu|gpu|tpu": ["auto", "cpu", "cpu", "gpu"],
    "URL": ["sqlite:///study.db", "journal.log", "redis://localhost:1", "sqlite:///no/such.db"],
    "WORD": ["quick", "chapter"],
    "INTEGER RANGE": COUNTS,
    "FLOAT RANGE": ["1", "0.25", "nan"],
    "TEXT": ["one", "fast", "small", "a b", "größe"],
}
"""What a metavariable of `--help` can stand for."""
GIVEN = {
    "train": ["--epochs", "1"],
    "lr-find": ["--steps", "20"],
    "finetune": ["--from", "runs/small-1", "--data", "rows.csv", "--target", "y", "--epochs", "1"],
    "compare": ["--seeds", "1", "--epochs", "1", "--jobs", "1"],
    "sweep": ["--epochs", "1", "--jobs", "1"],
    "export": ["--format", "keras"],
}
"""What keeps an attempt short, or is needed for it to go on; mostly given."""
BY_VERB = {
    ("recipes copy", "path"): ["copied", "copied.yaml", "rows.csv"],
    ("export", "out"): ["out.keras", "out", "pictures", "rows.csv"],
    ("lr-find", "steps"): ["20", "25"],
    ("plan", "config_or_run"): CONFIGS + RUNS + MODELS,
    ("diagnose", "config_or_run"): CONFIGS + RUNS + MODELS,
    ("init", "out"): ["out.yaml", "rows.csv", "new/out.yaml"],
}
OF_MODELS = ("evaluate", "predict", "plan", "diagnose", "export")
"""Verbs that take a model file, and labelled rows with it."""
WHERE = {"profile": "study.yaml", "variant": "study.yaml", "classes": "net.keras", "scaling": "net.keras"}
"""Options that make sense with one argument only, and rarely stand elsewhere."""
NEVER = {"--help", "--install-completion", "--show-completion", "--version"}


def workspace(folder: Path, trained: bool = True) -> None:
    """Small files of every kind that a verb reads; where `trained`, the runs and model files as well."""
    import keras  # noqa: F401  its time and memory are no attempt's

    folder.mkdir(exist_ok=True)
    for name, text in FILES.items():
        (folder / name).write_text(text, encoding="utf-8")
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({"a": rng.normal(size=48), "b": rng.choice(["x", "ö", None], 48)})
    frame["d"] = pd.date_range("2024-01-01", periods=48).astype(str)
    frame["y"] = np.where(frame["a"] > 0, "yes", "no")
    for name in ("rows.csv", "rows.csv.gz"):
        frame.to_csv(folder / name, index=False)
    frame.to_parquet(folder / "rows.parquet")
    frame.to_json(folder / "rows.jsonl", orient="records", lines=True)
    x, y = rng.normal(size=(48, 4)).astype("float32"), (frame["a"] > 0).to_numpy().astype(int)
    np.savez(folder / "rows.npz", x=x, y=y)
    (folder / "arrays").mkdir()
    np.save(folder / "arrays" / "x_train.npy", x)
    np.save(folder / "arrays" / "y_train.npy", y)
    for number, label in enumerate("ab"):
        (folder / "pictures" / label).mkdir(parents=True)
        for picture in range(16):
            colour = (picture * 15, 0, 255 * number)
            Image.new("RGB", (8, 8), colour).save(folder / "pictures" / label / f"{picture}.png")
    if trained:
        with _inside(folder):
            _train()


def _train() -> None:
    import keras

    for name in ("small", "pictures"):
        kerasdeep.train(f"{name}.yaml", out="runs", progress="quiet")
    inputs = keras.Input((4,), name="input")
    hidden = keras.layers.Dense(3, activation="relu", name="hidden")(inputs)
    net = keras.Model(inputs, keras.layers.Dense(2, activation="softmax", name="output")(hidden))
    for name in MODELS:
        net.save(name)


@dataclass(frozen=True)
class Attempt:
    """A command, what was damaged before it, and how it ended; `defect` says what is wrong with that."""

    verb: str
    words: list[str]
    damage: str
    code: int = -1
    seconds: float = 0
    megabytes: float = 0
    defect: str = ""
    log: str = ""


def verbs() -> dict[str, click.Command]:
    """Every command by the words that call it: `recipes show`."""
    return dict(_commands(typer.main.get_command(app), ()))


def attempts(whole: Path, place: Path, seed: int, count: int, only: tuple[str, ...] = ()) -> Iterator[Attempt]:
    """`count` commands in `place`, in which everything is as in `whole` before each."""
    found = verbs()
    names = only or sorted(found)
    for number in range(count):
        name = names[number % len(names)]
        rng = random.Random(f"{seed} {number} {name}")
        shutil.rmtree(place, ignore_errors=True)
        shutil.copytree(whole, place)
        words = _words(name, found[name], rng)
        with _inside(place):
            damage = _damage(words, rng)
            yield _run(name, words, damage)


def _commands(group: Any, before: tuple[str, ...]) -> Iterator[tuple[str, click.Command]]:
    for name, command in group.commands.items():
        if hasattr(command, "commands"):
            yield from _commands(command, (*before, name))
        else:
            yield " ".join((*before, name)), command


def _words(verb: str, command: click.Command, rng: random.Random) -> list[str]:
    """The verb, its arguments and a few of its options."""
    options = [one for one in command.params if isinstance(one, click.Option) and NEVER.isdisjoint(one.opts)]
    drawn = rng.sample(options, min(len(options), rng.choice([0, 0, 1, 1, 2, 3])))
    arguments = [one for one in command.params if isinstance(one, click.Argument)]
    words = verb.split()
    for parameter in arguments:
        if parameter.required or rng.random() < 0.5:
            words.append(_value(verb, parameter, rng))
        if parameter.nargs == -1 and (words[-1] in RUNS or rng.random() < 0.2):
            words.append(_value(verb, parameter, rng))
    given = GIVEN.get(verb, [])
    if rng.random() < 0.97 and words[1:2] != ["stages.yaml"] and not (verb == "compare" and words[1] in RUNS):
        words += ["--resume", "--epochs", "2"] if verb == "train" and words[1] in RUNS else given
        words += ["--data", "rows.npz"] if verb in OF_MODELS and words[1] in MODELS else []
    for option in drawn:
        fits = words[1] == WHERE[option.name] if option.name in WHERE else True
        if fits or rng.random() < 0.1:
            words.append(option.opts[0])
            words += [] if option.is_flag else [_value(verb, option, rng)]
    return [*words, rng.choice(ODD_WORDS)] if rng.random() < 0.02 else words


def _value(verb: str, parameter: click.Parameter, rng: random.Random) -> str:
    if rng.random() < 0.05:
        return rng.choice([*ODD_WORDS, "0", "1.5", "1e400", "nan", str(10**30)])
    if parameter.name == "set_":
        return f"{_setting(rng)}={rng.choice(ODD_WORDS if rng.random() < 0.2 else VALUES)}"
    metavar = getattr(parameter, "metavar", None) or parameter.type.name.upper()
    if verb == "explain" and metavar == "NAME":
        return _name(rng)
    return rng.choice(BY_VERB.get((verb, parameter.name)) or BY_METAVAR.get(metavar) or metavar.split("|"))


def _setting(rng: random.Random) -> str:
    path = rng.choice(SETTINGS)
    return path if rng.random() < 0.9 else rng.choice([f"{path}.{rng.choice(ODD_WORDS)}", rng.choice(ODD_WORDS)])


def _name(rng: random.Random) -> str:
    names = [name for family in families() for name in suggestable_names(family)] + SETTINGS + ODD_WORDS
    word = ".".join(rng.choices(names, k=rng.randint(1, 2)))
    return mutated(rng, word) if rng.random() < 0.5 else word


def _damage(words: list[str], rng: random.Random) -> str:
    """Damages, mostly, one of the files that the words name, and says how."""
    named = [Path(word) for word in words[1:] if word and len(word) < 200 and "\0" not in word]
    found = sorted({one for path in named for one in (path, *(path.rglob("*") if path.is_dir() else ()))})
    found = [path for path in found if path.is_file() and path.resolve().is_relative_to(Path.cwd())]
    if words[0] in ("validate", "recipes") and rng.random() < 0.5:
        shipped = rng.choice(list(collection.collection_files().values()))
        Path("small.yaml").write_bytes(mutated(rng, shipped.read_text("utf-8")).encode("utf-8", "surrogateescape"))
        return f"small.yaml: {shipped.name} mutated"
    for path in list(found):
        if path.suffix == ".yaml" and path.name in FILES:
            found += [one for one in (Path("rows.csv"), Path("rows.npz")) if one.name in FILES[path.name]]
            found += [path] * 3  # files that people write are what most goes wrong in
    found += [path for path in found if path.name in READ] * 3
    if not found or rng.random() < 0.2:
        return "none"
    path = rng.choice(found)
    kind, damage = damage_of(path, rng)
    damage(path, rng)
    return f"{path}: {kind}"


def _run(verb: str, words: list[str], damage: str) -> Attempt:
    out, errors = io.StringIO(), io.StringIO()
    start, defect, code, held = time.process_time(), "", -1, [0.0]
    try:
        with (
            redirect_stdout(out),
            redirect_stderr(errors),
            no_longer_than(CPU_SECONDS),
            memory_grown(MOST_MEGABYTES) as held,
        ):
            code = exit_codes.run_app(app, words)
    except (Exception, KeyboardInterrupt, MemoryError, SystemExit) as error:
        defect = f"{type(error).__name__}: {error}"
    seconds = time.process_time() - start
    log = "".join(path.read_text("utf-8", "replace") for path in Path("tmp").glob("kerasdeep-*.log"))
    defect = defect or _defect(verb, words, code, out.getvalue(), errors.getvalue())
    if held[0] > MOST_MEGABYTES:
        defect = f"{held[0]:.0f} MB taken"
    return Attempt(verb, words, damage, code, seconds, held[0], defect, log or errors.getvalue()[-3000:])


def _defect(verb: str, words: list[str], code: int, out: str, errors: str) -> str:
    if code not in (0, 2) and not (code == 1 and verb in MAY_FAIL):
        return f"exit code {code}"
    if "Traceback (most recent" in errors or "Traceback (most recent" in out:
        return "a traceback"
    if "--json" in words:
        try:
            found = json.loads(out)
        except ValueError:
            return "no JSON on standard output"
        if code == 2 and not found.get("problems"):
            return "no problem in JSON"
    elif code == 2 and not errors.strip():
        return "not a word"
    return ""


@contextmanager
def _inside(folder: Path) -> Iterator[None]:
    """In the folder, with temporary files in it, rows on standard input, and the network out of reach."""
    (folder / "tmp").mkdir(exist_ok=True)
    before, temporary, stdin = Path.cwd(), tempfile.tempdir, sys.stdin
    proxies = dict.fromkeys(("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"), "http://127.0.0.1:9")
    environment = dict(os.environ)
    os.environ.update(proxies, HOME=str(folder))
    os.chdir(folder)
    tempfile.tempdir = str(folder / "tmp")
    try:
        with Path("rows.csv").open(encoding="utf-8") as rows:
            sys.stdin = rows
            yield
    finally:
        sys.stdin, tempfile.tempdir = stdin, temporary
        os.environ.clear()
        os.environ.update(environment)
        os.chdir(before)


def _main(seed: int, count: int, *only: str) -> int:
    counts: Counter[tuple[str, int]] = Counter()
    defects, most, slowest = 0, 0.0, 0.0
    with tempfile.TemporaryDirectory() as scratch:
        whole = Path(scratch) / "whole"
        workspace(whole)
        for one in attempts(whole, Path(scratch) / "place", seed, count, only):
            counts[one.verb, one.code] += 1
            most, slowest = max(most, one.megabytes), max(slowest, one.seconds)
            if one.defect:
                defects += 1
                print(f"\nDEFECT {one.defect}\n  {one.words}\n  {one.damage}\n{one.log}", flush=True)
    for verb in sorted({verb for verb, _ in counts}):
        print(f"{verb}: " + ", ".join(f"{n} ended with {code}" for (v, code), n in sorted(counts.items()) if v == verb))
    print(f"{count} attempts of seed {seed}, {defects} defects, at most {most:.0f} MB and {slowest:.1f} s")
    return 1 if defects else 0


if __name__ == "__main__":
    typer.main.get_command = __import__("functools").cache(typer.main.get_command)
    sys.exit(_main(int(sys.argv[1]), int(sys.argv[2]), *sys.argv[3:]))
