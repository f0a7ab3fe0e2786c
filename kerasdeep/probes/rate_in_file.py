"""Writing a rate into the user's YAML file, every other byte as it was.

The place is found by marks: a rate that is written is replaced where it stands, in whatever form (the short
`one_cycle: 0.05` or spelled out, in a variant or not). One that is not written is put behind the name of its
optimizer, or into a section of its own. What would need more than that is refused with the line to write by hand.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator

from kerasdeep import run_dir
from kerasdeep.errors import InputError, Mark
from kerasdeep.probes.rate_setting import RateSetting, rate_setting
from kerasdeep.probes.yaml_places import Edit, Places
from kerasdeep.source import Mapping, Node, Pair, parse
from kerasdeep.spec.load import Loaded


def check(loaded: Loaded) -> RateSetting:
    """The setting that `apply` would write. Raises InputError, before any work was done, when it could not."""
    setting = rate_setting(loaded.spec)
    if setting is None:
        kept = (loaded.spec.schedule or loaded.spec.optimizer).name
        message = f"{kept} has no single rate that --apply could write. Put the suggestion in by hand."
        raise InputError(message, "cannot-apply", Mark(str(loaded.path)))
    _edited(loaded, setting, 1.0)
    return setting


def apply(loaded: Loaded, rate: float) -> None:
    """Writes `rate` into the file that `loaded` came from, whole or not at all.

    Raises InputError when the file cannot be edited that way or cannot be written.
    """
    path = loaded.path.resolve()
    text = _edited(loaded, check(loaded), rate)
    try:
        with run_dir.atomic(path) as temporary:
            temporary.write_bytes(text.encode("utf-8"))
            shutil.copymode(path, temporary)
    except OSError as error:
        raise InputError(f"cannot be written: {error.strerror}.", "unwritable-file", Mark(str(path))) from error


def written(rate: float) -> str:
    """The number as people write it: 0.05, 0.0032, 3.2e-5."""
    return re.sub(r"e([+-])0*(\d+)$", lambda found: f"e{found[1].replace('+', '')}{found[2]}", f"{rate:.6g}")


def _edited(loaded: Loaded, setting: RateSetting, rate: float) -> str:
    name = str(loaded.path)
    text = loaded.path.read_bytes().decode("utf-8")
    edit = _edit(Places(text, name), loaded, setting, written(rate))
    edited = text[: edit.start] + edit.text + text[edit.end :]
    parse(edited, name)  # refuses what is no longer one YAML document
    return edited


def _edit(places: Places, loaded: Loaded, setting: RateSetting, number: str) -> Edit:
    chain = list(_chain(loaded.tree, setting.path))
    if len(chain) == len(setting.path) and places.has(chain[-1].value.mark):
        return places.replace(chain[-1].value.mark, number)
    # The pair whose key is the choice's name; its arguments are where the rate belongs.
    above = len(setting.path) - 2
    if len(chain) > above and places.has(chain[above].key.mark):
        return places.argument(chain[above].key.mark, setting.path[-1], number)
    line = line_of(setting.path, number)
    if setting.path[0] in places.sections:
        message = f"`{setting.path[0]}` was not decided by this file alone, so --apply leaves it. Write: {line}"
        raise InputError(message, "cannot-apply", Mark(str(loaded.path)))
    return places.section(line)


def _chain(tree: Mapping, path: tuple[str, ...]) -> Iterator[Pair]:
    """The pairs along the path, as far as they are written anywhere."""
    node: Node = tree
    for key in path:
        pair = node.pairs.get(key) if isinstance(node, Mapping) else None
        if pair is None:
            return
        yield pair
        node = pair.value


def line_of(path: tuple[str, ...], number: str) -> str:
    """`optimizer: {SGD: {learning_rate: 0.1}}`"""
    first, *rest = path
    for key in reversed(rest):
        number = f"{{{key}: {number}}}"
    return f"{first}: {number}"
