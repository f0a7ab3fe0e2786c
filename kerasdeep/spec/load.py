"""From a path to a checked experiment: read, put together, check; every problem at once."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from kerasdeep import shipped
from kerasdeep.catalog import types
from kerasdeep.errors import InputError, Mark, Problem, Report, closest, in_order
from kerasdeep.source import Mapping, Node, Pair, Scalar, Sequence, parse, read, size
from kerasdeep.spec.conflicts import check
from kerasdeep.spec.conflicts.view import unrolled
from kerasdeep.spec.data import BUILT_IN, Data, Split
from kerasdeep.spec.experiment import Spec
from kerasdeep.spec.merge import Place, canonical, merge, put
from kerasdeep.spec.pretrained import Pretrained, with_network
from kerasdeep.spec.settings import read_section
from kerasdeep.spec.stages import Stage, inherited

ROOT = Place(Spec)
_OVERLAYS = {"profile": "profiles", "variant": "variants"}
_BEFORE_SETS = ("extends", *_OVERLAYS.values())
_DEEPEST_EXTENDS = 10
_MOST_FILES = 50
_MOST_OVERLAID_NODES = 200_000
_MOST_OVERLAID_LAYERS = 20_000


@dataclass(frozen=True)
class Loaded:
    """A checked experiment: `tree` has the mark of every written value, `warnings` those not under `allow`."""

    path: Path
    spec: Spec
    tree: Mapping
    warnings: list[Problem]


def load(
    path: str | Path,
    sets: Iterable[str] = (),
    profile: str | None = None,
    variant: str | None = None,
    flags: dict[str, tuple[str, str]] | None = None,
) -> Loaded:
    """The experiment that `path` describes, with everything put over it.

    `sets` are `section.key=value` texts, `flags` maps a path (`training.epochs`) to (option, text). Raises
    `InputError` with every problem found: unknown keys, wrong types, conflicts, in the file and in all its
    profiles and variants.
    """
    tree = with_extends(Path(path))
    report = Report()
    chosen = {"profile": profile, "variant": variant}
    _check_overlays(tree, chosen, report)
    for option, name in chosen.items():
        if name is not None:
            tree = _put_on(tree, option, name)
    tree = changed(tree, sets, flags)
    spec = read_spec(tree, report)
    accepted = _accepted(tree)
    report.problems = [p for p in report.problems if p.severity == "error" or p.name not in accepted]
    report.raise_if_errors()
    assert spec is not None
    return Loaded(Path(path), _named(_anchored(spec), Path(path)), tree, in_order(report.warnings))


def changed(tree: Mapping, sets: Iterable[str], flags: dict[str, tuple[str, str]] | None) -> Mapping:
    """The tree with `sets` and `flags`, as `load` takes them, put over it."""
    for text in sets:
        tree = _set(tree, *_split_set(text))
    for place, (option, text) in (flags or {}).items():
        _refuse_epochs(tree, place, option, text)
        tree = _put_scalar(tree, place, text, option)
    return tree


def _accepted(tree: Mapping) -> set[str]:
    """What `allow` names, be the rest of the file right or wrong."""
    node = tree.get("allow")
    return {item.text for item in node.items if isinstance(item, Scalar)} if isinstance(node, Sequence) else set()


def read_spec(tree: Mapping, report: Report) -> Spec | None:
    """The checked spec of a merged tree, or None when it cannot be read; problems go to `report`."""
    spec = read_section(Spec, with_network(tree), report)
    if spec is types.INVALID:
        return None
    spec = inherited(spec)
    check(spec, report, tree)
    return spec


def with_extends(path: Path, above: tuple[Path, ...] = (), files: list[Path] | None = None) -> Mapping:
    """The file's canonical tree put over the files that it extends, first to last.

    `above` are the files that led here, `files` collects every file read.
    """
    files = [] if files is None else files
    files.append(path)
    tree = canonical(ROOT, read(path))
    assert isinstance(tree, Mapping)
    node = tree.get("extends")
    if node is None or (isinstance(node, Scalar) and node.is_null):
        return tree
    above = (*above, path.resolve())
    if len(above) > _DEEPEST_EXTENDS:
        raise InputError(f"`extends` goes deeper than {_DEEPEST_EXTENDS} files.", "extends", node.mark)
    if len(files) > _MOST_FILES:
        raise InputError(f"`extends` reads more than {_MOST_FILES} files.", "extends", node.mark)
    base: Node | None = None
    for item in node.items if isinstance(node, Sequence) else (node,):
        if not isinstance(item, Scalar):
            raise InputError(f"`extends` is {types.spelled(item)}. Expected a name or path.", "extends", item.mark)
        other = _extended_file(item, path.parent)
        if other.resolve() in above:
            raise InputError(
                f"`extends` goes round in a circle: {item.text} leads back here.", "extends", item.mark
            )
        under = with_extends(other, above, files)
        base = merge(ROOT, base, under) if base is not None else under
    merged = merge(ROOT, base, tree) if base is not None else tree
    assert isinstance(merged, Mapping)
    return Mapping({key: pair for key, pair in merged.pairs.items() if key != "extends"}, tree.mark)


def _extended_file(item: Scalar, folder: Path) -> Path:
    relative = folder / Path(item.text).expanduser()
    if relative.is_file():
        return relative
    known = shipped.all_files()
    if item.text in known:
        return known[item.text]
    message = f"`extends` names {item.text}: no such file beside this one, and nothing shipped has that name."
    raise InputError([Problem("error", "extends", message, item.mark, closest(item.text, known))])


def _overlays(tree: Mapping, option: str) -> dict[str, Pair]:
    node = tree.get(_OVERLAYS[option])
    return node.pairs if isinstance(node, Mapping) else {}


def _put_on(tree: Mapping, option: str, name: str) -> Mapping:
    known = _overlays(tree, option)
    if name not in known:
        listed = f"It has: {', '.join(known)}." if known else "It has none."
        message = f"the file has no {option} `{name}`. {listed}"
        raise InputError(
            [Problem("error", f"unknown-{option}", message, Mark(f"--{option}"), closest(name, known))]
        )
    over = canonical(ROOT, known[name].value)
    merged = merge(ROOT, tree, over) if isinstance(over, Mapping) else tree
    assert isinstance(merged, Mapping)
    return merged


def _check_overlays(tree: Mapping, chosen: dict[str, str | None], report: Report) -> None:
    """A typo in a variant that nobody chose today is still a typo."""
    count, layers = sum(len(_overlays(tree, option)) for option in _OVERLAYS), 0
    for option in _OVERLAYS:
        for name, pair in _overlays(tree, option).items():
            if not isinstance(pair.value, Mapping) and not (isinstance(pair.value, Scalar) and pair.value.is_null):
                message = f"{option} `{name}` is {types.spelled(pair.value)}. Expected a mapping of overrides."
                report.error("wrong-type", message, pair.value.mark)
            elif name != chosen[option] and not report.full:
                if count * size(tree) > _MOST_OVERLAID_NODES or layers > _MOST_OVERLAID_LAYERS:
                    message = (
                        f"{count} variants and profiles of a file this long cannot be checked. Split the file."
                    )
                    raise InputError(message, "too-large", pair.key.mark)
                inner = Report()
                spec = read_spec(_put_on(tree, option, name), inner)
                layers += unrolled(spec.network.layers) if spec else 0
                report.problems.extend(inner.errors)


def _split_set(text: str) -> tuple[str, str]:
    place, sign, value = text.partition("=")
    if not sign or not place.strip():
        message = f"`--set {text}` has no `=`. Expected --set section.key=value, for example training.epochs=5."
        raise InputError(message, "usage", Mark("--set"))
    if place.strip().split(".")[0] in _BEFORE_SETS:
        message = (
            f"`--set {place.strip()}` comes too late: files are put together, and a profile and a variant put "
        )
        raise InputError(f"{message}on, before `--set`. Write it in the file.", "usage", Mark("--set"))
    return place.strip(), value


def _set(tree: Mapping, place: str, value: str) -> Mapping:
    return _put_scalar(tree, place, value, f"--set {place}")


def _refuse_epochs(tree: Mapping, place: str, option: str, text: str) -> None:
    """Stages have epochs of their own; one number for all of them would be a guess."""
    node = tree.get("stages")
    if place == "training.epochs" and isinstance(node, Sequence) and node.items:
        last = len(node.items) - 1
        message = f"this file has stages, and each has epochs of its own. Use --set stages.N.epochs={text}, "
        raise InputError(f"{message}N from 0 to {last}.", "usage", Mark(option))


def _put_scalar(tree: Mapping, place: str, text: str, origin: str) -> Mapping:
    changed = put(ROOT, tree, place.split("."), parse(text, origin, line=0), origin)
    assert isinstance(changed, Mapping)
    return changed


def _anchored(spec: Spec) -> Spec:
    """Relative paths made to belong to the file that wrote them, or to the working folder for `--set`."""
    spec = replace(spec, data=_anchored_data(spec.data), stages=[_anchored_stage(stage) for stage in spec.stages])
    return replace(spec, pretrained=_anchored_source(spec.pretrained)) if spec.pretrained else spec


def _anchored_data(data: Data) -> Data:
    changes: dict[str, Any] = {}
    if data.source not in BUILT_IN or data.format not in ("auto", "builtin"):
        changes["source"] = _anchor(data.source, data.mark("source"))
    for key in ("validation", "test"):
        split: Split | None = getattr(data, key)
        if split is not None and split.path is not None:
            changes[key] = replace(split, path=_anchor(split.path, split.mark("path")))
    return replace(data, **changes) if changes else data


def _anchored_stage(stage: Stage) -> Stage:
    if stage.pretrain is None or stage.pretrain.kind.data is None:
        return stage
    kind = stage.pretrain.kind
    kind = replace(kind, data=_anchored_data(kind.data))
    return replace(stage, pretrain=stage.pretrain.with_kind(kind))


def _anchored_source(section: Pretrained) -> Pretrained:
    changes = {}
    if section.is_path:
        changes["from_"] = _anchor(section.from_, section.mark("from"))
    if section.weights not in (None, "imagenet"):
        changes["weights"] = _anchor(section.weights, section.mark("weights"))
    return replace(section, **changes)


def _anchor(text: str, mark: Mark | None) -> str:
    folder = Path(mark.file).parent if mark and mark.line else Path()
    return str((folder / Path(text).expanduser()).absolute())


def _named(spec: Spec, path: Path) -> Spec:
    return spec if spec.name else replace(spec, name=path.stem)
