"""Writes a rate into the user's YAML file and leaves every other byte as it was.

It is found by source locations: a rate that is written is replaced where it stands, in whatever form (the short
`one_cycle: 0.05` or spelled out, in a variant or not). One that is not written is put behind the name of its
optimizer, or into a section of its own. What would need more than that is refused with the line to write by hand.
"""

import re
import shutil
from collections.abc import Iterator

from kerasdeep.config.load import LoadedConfig
from kerasdeep.config.rate_setting import RateSetting, find_rate_setting
from kerasdeep.config.yaml_edit import TextEdit, YamlText
from kerasdeep.errors import InputError, SourceLocation
from kerasdeep.paths import explain_write_error
from kerasdeep.runs import atomic_write
from kerasdeep.yaml_nodes import Mapping, Node, Pair, parse_yaml


def check_applicable(loaded: LoadedConfig) -> RateSetting:
    """The setting that `apply` would write. Raises InputError, before any work was done, when it could not."""
    setting = find_rate_setting(loaded.config)
    if setting is None:
        choice_name = (loaded.config.schedule or loaded.config.optimizer).name
        message = f"{choice_name} has no single rate that --apply could write. Put the suggestion in by hand."
        raise InputError(message, "cannot-apply", SourceLocation(str(loaded.path)))
    _edited_text(loaded, setting, 1.0)
    return setting


def apply_rate(loaded: LoadedConfig, rate: float) -> None:
    """Writes `rate` into the file that `loaded` came from, whole or not at all.

    Raises InputError when the file cannot be edited that way or cannot be written.
    """
    path = loaded.path.resolve()
    text = _edited_text(loaded, check_applicable(loaded), rate)
    try:
        with atomic_write(path) as temporary:
            temporary.write_bytes(text.encode("utf-8"))
            shutil.copymode(path, temporary)
    except OSError as error:
        raise explain_write_error(error, path) from error


def format_rate(rate: float) -> str:
    """The number as people write it: 0.05, 0.0032, 3.2e-5."""
    return re.sub(r"e([+-])0*(\d+)$", lambda match: f"e{match[1].replace('+', '')}{match[2]}", f"{rate:.6g}")


def _edited_text(loaded: LoadedConfig, setting: RateSetting, rate: float) -> str:
    name = str(loaded.path)
    text = loaded.path.read_bytes().decode("utf-8")
    edit = _rate_edit(YamlText(text, name), loaded, setting, format_rate(rate))
    edited = text[: edit.start] + edit.text + text[edit.end :]
    parse_yaml(edited, name)  # refuses what is no longer one YAML document
    return edited


def _rate_edit(yaml_text: YamlText, loaded: LoadedConfig, setting: RateSetting, number: str) -> TextEdit:
    chain = list(_pairs_along(loaded.tree, setting.path))
    if len(chain) == len(setting.path) and yaml_text.contains(chain[-1].value.location):
        return yaml_text.replace_scalar(chain[-1].value.location, number)
    # The pair whose key is the choice's name; its arguments are where the rate belongs.
    choice_depth = len(setting.path) - 2
    if len(chain) > choice_depth and yaml_text.contains(chain[choice_depth].key.location):
        return yaml_text.set_argument(chain[choice_depth].key.location, setting.path[-1], number)
    line = yaml_line(setting.path, number)
    if setting.path[0] in yaml_text.top_level_keys:
        message = f"`{setting.path[0]}` also comes from outside this file, so --apply does not change it. Write: {line}"
        raise InputError(message, "cannot-apply", SourceLocation(str(loaded.path)))
    return yaml_text.insert_section(line)


def _pairs_along(tree: Mapping, path: tuple[str, ...]) -> Iterator[Pair]:
    """The pairs along the path, as far as they are written anywhere."""
    node: Node = tree
    for key in path:
        pair = node.pairs.get(key) if isinstance(node, Mapping) else None
        if pair is None:
            return
        yield pair
        node = pair.value


def yaml_line(path: tuple[str, ...], number: str) -> str:
    """`optimizer: {SGD: {learning_rate: 0.1}}`"""
    first, *rest = path
    for key in reversed(rest):
        number = f"{{{key}: {number}}}"
    return f"{first}: {number}"
