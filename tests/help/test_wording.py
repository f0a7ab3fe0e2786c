"""What `explain` says is for people who write YAML: no word of a programmer's that no file can hold."""

import re

import pytest

from kerasdeep import catalog
from kerasdeep.config import Config
from kerasdeep.help import topics
from kerasdeep.help.lookup import settings_by_path

PROGRAMMERS_WORDS = re.compile(
    r"\b(instances?|callables?|keras\.\w+|Python|tf\.\w+|tensors?|objects?|tuples?|None|True|False|strings?|dict|floats?"
    r"|dtypes?|kwargs|subclass(es)?|subclassing|NumPy|ndarray|pathlib\.\w+)\b|`Optimizer`|`Layer`"
)
QUOTED_LABELS = ("paper", "type", "default", "every layer")
"""Facts that list values and titles, which are written as they are."""


def texts(topic):
    yield topic.doc
    yield from (row.doc for row in topic.rows)
    yield from (text for label, text in topic.facts if label not in QUOTED_LABELS)


def offending(topic):
    return [text for text in texts(topic) if PROGRAMMERS_WORDS.search(text)]


@pytest.mark.parametrize("family", catalog.families())
def test_names_and_their_arguments(family):
    usable = [entry for entry in catalog.entries(family).values() if not entry.refused]
    shown = [topics.entry_topic(entry) for entry in usable]
    shown += [topics.argument_topic(entry, argument) for entry in usable for argument in entry.arguments.values()]
    assert [found for topic in shown for found in offending(topic)] == []


def test_settings():
    shown = [topics.file_topic(Config), *(topics.setting_topic(*item) for item in settings_by_path().items())]
    assert [found for topic in shown for found in offending(topic)] == []


def test_the_check_sees_what_it_is_for():
    doc = "A `keras.optimizers.schedules.LearningRateSchedule` instance, or a callable."
    assert offending(topics.Topic("Nadam", "optimizer", doc))
