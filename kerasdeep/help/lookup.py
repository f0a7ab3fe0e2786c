"""From a word as typed to what it names: a setting, a family, a name, an argument or a warning."""

import re
from functools import cache

from kerasdeep import catalog, metric_names
from kerasdeep.catalog import Entry
from kerasdeep.config import Config
from kerasdeep.config.checks import WARNINGS
from kerasdeep.config.schema import Setting, walk_settings
from kerasdeep.errors import InputError, suggest
from kerasdeep.help import topics
from kerasdeep.help.topics import Topic
from kerasdeep.help.words import REPORT_WORDS, VERBS

FAMILY_PLURALS = {f"{family}es" if family.endswith("s") else f"{family}s": family for family in catalog.families()}


def explain(name: str | None = None) -> list[Topic]:
    """Everything that `name` stands for, several topics where a word has several meanings; without it, the file.

    Raises `InputError` with the nearest known word where it has none.
    """
    if name is None:
        return [topics.file_topic(Config)]
    word = name.strip().strip("`").rstrip(":")
    matches = _topics_for_path(word) if "." in word else _topics_for_word(word)
    if not matches:
        message = f"there is no `{name}`. Expected a section, a setting such as training.epochs, a name "
        message += "of Keras such as AdamW, an argument such as AdamW.weight_decay, a warning, a verb or a metric."
        raise InputError(message, "unknown-name", suggestion=_suggest_name(word))
    return matches


_PRETRAIN_DATA = re.compile(r"\.pretrain\.\w+\.data\.")


@cache
def settings_by_path() -> dict[str, Setting]:
    """Every setting by its path, sections before what is in them; `stages.0.epochs` stands for every stage's."""
    return dict(walk_settings(Config))


def _topics_for_word(word: str) -> list[Topic]:
    key = word.lower().replace("-", "_")
    found = [topics.setting_topic(path, settings_by_path()[path]) for path in _paths_ending_in(key)]
    family = FAMILY_PLURALS.get(word.lower(), word.lower())
    named = [topics.family_topic(family)] if family in catalog.families() else []
    named += [topics.entry_topic(entry) for entry in _matching_entries(word)]
    warnings = [topics.warning_topic(word.lower())] if word.lower() in WARNINGS else []
    arguments = [] if named or key in settings_by_path() else _shared_argument_topics(key)
    verbs = [topics.verb_topic(verb) for verb in VERBS if verb in (word.lower(), word.lower().replace("_", "-"))]
    reported = [topics.report_word_topic(name) for name in REPORT_WORDS if name == metric_names.base_name(key)]
    return [*found, *named, *warnings, *verbs, *reported, *arguments]


def _paths_ending_in(key: str) -> list[str]:
    """The settings of that name: the section of the file first, then those inside sections.

    The keys of `data` that a kind of pretraining may override are shown once, at `data`.
    """
    inside = [path for path in settings_by_path() if path.endswith(f".{key}") and not _PRETRAIN_DATA.search(path)]
    return [path for path in settings_by_path() if path == key] + inside


def _matching_entries(word: str) -> list[Entry]:
    """The entries of all families that a word names; those spelled exactly so where there are any."""
    matches = [entry for family in catalog.families() if (entry := catalog.find_entry(family, word))]
    exact = [entry for entry in matches if word in (entry.name, *entry.aliases)]
    return exact + [entry for entry in matches if entry not in exact]


def _shared_argument_topics(name: str) -> list[Topic]:
    known = (entry for family in catalog.families() for entry in catalog.entries(family).values())
    owners = [entry for entry in known if name in entry.arguments and not entry.refused]
    return [topics.shared_argument_topic(name, owners)] if owners else []


def _topics_for_path(word: str) -> list[Topic]:
    """`training.epochs`, `AdamW.weight_decay`, or a path through a choice: `optimizer.AdamW.weight_decay`.

    `Pretrained.from` is an argument of the layer and a key of the section; `pretrained.from` is the key.
    """
    path = _canonical_path(word)
    owner, _, last = word.rpartition(".")
    owner = owner.rpartition(".")[2]
    with_argument = [entry for entry in _matching_entries(owner) if last in entry.arguments]
    if path in settings_by_path():
        exact = [entry for entry in with_argument if owner == entry.name]
        arguments = [topics.argument_topic(entry, entry.arguments[last]) for entry in exact]
        return [*arguments, topics.setting_topic(path, settings_by_path()[path])]
    if with_argument:
        return [topics.argument_topic(entry, entry.arguments[last]) for entry in with_argument]
    if owner.lower() in (*catalog.families(), *FAMILY_PLURALS, "layers", "metrics"):
        return [topics.entry_topic(entry) for entry in _matching_entries(last)]
    return []


def _canonical_path(word: str) -> str:
    """`stages.epochs` and `stages.3.epochs` as `stages.0.epochs`; `data.columns.as` and `data.columns.zip.as` as
    `data.columns.NAME.as`."""
    if word in settings_by_path():
        return word
    keys = [key for key in word.lower().split(".") if not key.isdecimal()]
    numbered = {path.replace(".0", "").replace(".NAME", ""): path for path in settings_by_path()}
    named = (".".join([*keys[:place], "NAME", *keys[place + 1 :]]) for place in range(len(keys)))
    return numbered.get(".".join(keys)) or next((path for path in named if path in settings_by_path()), word.lower())


def _suggest_name(word: str) -> str | None:
    if "." not in word:
        return suggest(word, _known_words())
    owner, _, last = word.rpartition(".")
    entries = _matching_entries(owner.rpartition(".")[2])
    child_keys = {path.rpartition(".")[2] for path in settings_by_path() if path.rpartition(".")[0] == owner}
    for names in ([name for entry in entries for name in entry.arguments], child_keys):
        suggestion = suggest(last, names)
        if suggestion:
            return f"{entries[0].name if entries and names is not child_keys else owner}.{suggestion}"
    suggestion = suggest(word, settings_by_path())
    if suggestion or entries:
        return suggestion or entries[0].name
    name = suggest(owner.rpartition(".")[2], [*_known_words(), *settings_by_path()])
    return f"{name}.{last}" if name and _topics_for_path(f"{name}.{last}") else name


def _known_words() -> list[str]:
    words = [path.rpartition(".")[2] for path in settings_by_path()]
    for family in catalog.families():
        words += [family, *catalog.suggestable_names(family)]
    return [*dict.fromkeys([*words, *WARNINGS, *VERBS, *REPORT_WORDS])]
