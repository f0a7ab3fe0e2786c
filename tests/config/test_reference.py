"""configs/reference.yaml against the declarations: every key, its default, and nothing else."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

from kerasdeep import catalog, collection
from kerasdeep.config import load_config
from kerasdeep.config.checks import WARNINGS
from kerasdeep.config.root import Config
from kerasdeep.config.schema import ListOf, MapOf, read_setting, settings_of
from kerasdeep.errors import Problems, fold_name
from kerasdeep.yaml_nodes import Mapping, Pair, Sequence, parse_yaml

REFERENCE = collection.collection_folder("configs") / "reference.yaml"
TEXT = REFERENCE.read_text(encoding="utf-8")
SHOWN_ELSEWHERE = {
    "data.test": "data.validation",
    "stages.0.early_stopping": "training.early_stopping",
    **{
        f"stages.0.pretrain.{kind}.data": "data"
        for kind in ("autoencoder", "pairs", "rotation", "masked", "supervised")
    },
}
"""Sections that are off by default and have the keys of another one."""


def with_everything_on(text: str) -> str:
    """The text with its `#>` lines put on, in place of the `key: null`, `key: []` or `key: {}` above each block."""
    lines: list[str] = []
    for line in text.splitlines():
        opens = re.match(r"( *)#> (\w+:)", line)
        if opens:
            off = tuple(f"{opens[1]}{opens[2]} {value}" for value in ("null", "[]", "{}"))
            above = max(i for i, other in enumerate(lines) if other.startswith(off))
            del lines[above]
        lines.append(re.sub(r"#> ", "", line, count=1) if re.match(r" *#> +(- )?\w+:", line) else line)
    return "\n".join(lines)


def with_pretraining(text: str) -> str:
    """The text with its `#>>` lines as `#>` ones: kinds of pretraining, of which a file can state one."""
    return re.sub(r"^#>>", "#> ", re.sub(r"(?m)^#> +pretrain: null.*\n", "", text), flags=re.MULTILINE)


def pairs(node: Mapping, prefix: str = "") -> dict[str, Pair]:
    """Every pair by its dotted path, down to what is no mapping."""
    found = {}
    for key, pair in node.pairs.items():
        found[prefix + key] = pair
        entry = settings_of(Config).get(key)
        if isinstance(pair.value, Mapping) and prefix + key != "sweep.parameters":
            found |= pairs(pair.value, f"{prefix}{key}.")
        elif isinstance(pair.value, Sequence) and entry and isinstance(entry.declared, ListOf):
            for item in pair.value.items:
                found |= pairs(item, f"{prefix}{key}.0.")
    return found


def declared(section: type, prefix: str = "") -> dict[str, tuple]:
    """Every declared setting by its dotted path, with the default of its parent where that states one."""
    found = {}
    for key, entry in settings_of(section).items():
        of, path = entry.declared, prefix + key
        if isinstance(of, ListOf | MapOf):
            found |= declared(of.section, f"{path}.{'0' if isinstance(of, ListOf) else 'NAME'}.")
        elif isinstance(of, type):
            stated = None if entry.required else entry.default
            for below, (inner, default) in declared(of, f"{path}.").items():
                name = below.removeprefix(f"{path}.")
                found[below] = (inner, getattr(stated, name) if stated and "." not in name else default)
        else:
            found[path] = (entry, None if entry.required else entry.default)
    return found


EVERYTHING = with_everything_on(TEXT)
SHOWN = with_everything_on(with_pretraining(TEXT))
WRITTEN = pairs(parse_yaml(SHOWN, "reference.yaml"))
DECLARED = declared(Config)


def is_below(path: str, sections: dict[str, str]) -> bool:
    return any(path.startswith(f"{section}.") for section in sections)


def test_every_setting_is_there_with_its_default():
    for path in DECLARED:
        if not is_below(path, SHOWN_ELSEWHERE):
            _check_reference(path)


def _check_reference(path):
    assert path in WRITTEN, f"configs/reference.yaml lacks {path}"
    entry, default = DECLARED[path]
    report = Problems()
    value = read_setting(entry, WRITTEN[path].value, report, path)
    assert not report.items, path
    line = SHOWN.splitlines()[WRITTEN[path].key.location.line - 1]
    assert re.search(r"# \S", line), f"{path} has no rule beside it"
    if "# example" in line:
        assert entry.required, f"{path} has a default, which the reference should show"
    else:
        assert value == default, path


def test_nothing_else_is_there():
    sections = {path.rpartition(".")[0] for path in DECLARED} | set(SHOWN_ELSEWHERE)
    known = set(DECLARED) | {part for path in sections for part in (path, path.rpartition(".")[0])}
    known |= {"stages"}
    unknown = [path for path in WRITTEN if path not in known and not path.startswith("optimizer.")]
    assert not unknown


def test_a_section_shown_elsewhere_is_the_same_section():
    for section, other in SHOWN_ELSEWHERE.items():
        own = {path.removeprefix(section) for path in DECLARED if path.startswith(f"{section}.")}
        assert own == {path.removeprefix(other) for path in DECLARED if path.startswith(f"{other}.")}


def test_it_loads_without_warnings_and_resolves_like_a_file_without_defaults(tmp_path):
    reference = load_config(REFERENCE)
    assert not reference.warnings
    minimal = tmp_path / "reference.yaml"
    minimal.write_text(
        "data: {source: digits}\nnetwork: [Flatten, Dense: 100, Dense: {units: 100, activation: relu}, Output]\n",
        encoding="utf-8",
    )
    assert reference.config == load_config(minimal).config


def test_it_is_valid_with_everything_on(tmp_path):
    path = tmp_path / "reference.yaml"
    path.write_text(EVERYTHING.replace("  time: null ", "  time: date "), encoding="utf-8")  # which windows need
    everything = load_config(path).config
    assert everything.regularization.dropout.rate == 0.2
    assert everything.regularization.batch_norm.placement == "before"
    assert everything.training.early_stopping.patience == 10
    plain = load_config(REFERENCE).config
    assert [(stage.name, stage.train) for stage in everything.stages] == [("stage_1", "all")]
    off = replace(everything.regularization, dropout=None, batch_norm=None, pruning=None)
    training = replace(everything.training, early_stopping=None)
    data = replace(everything.data, columns={}, time=None, window=None)
    assert plain == replace(
        everything,
        data=data,
        regularization=off,
        training=training,
        stages=[],
        pretrained=None,
        threshold=None,
        sweep=None,
    )


def test_it_names_every_schedule_and_network_word_of_its_own():
    words = {fold_name(word) for word in re.findall(r"\w+", TEXT)}
    own = [
        entry.name
        for family in ("schedule", "activation")
        for entry in catalog.entries(family).values()
        if entry.is_custom
    ]
    missing = [name for name in (*own, "Output", "Input", "Residual", "Repeat") if fold_name(name) not in words]
    assert not missing


def test_it_names_every_warning():
    missing = [name for name in WARNINGS if not re.search(rf"\b{name}\b", TEXT)]
    assert not missing, f"the comment at `allow` lacks {missing}"


def test_it_can_be_read_on_one_screen_width():
    long = [number for number, line in enumerate(TEXT.splitlines(), 1) if len(line) > 125]
    assert not long
    assert Path(REFERENCE).stat().st_size < 29_000
