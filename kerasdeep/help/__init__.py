"""Explains any setting or name, from the declarations that also validate it. Imports no Keras."""

from kerasdeep.help.lookup import explain
from kerasdeep.help.topics import Topic, TopicRow

__all__ = ["Topic", "TopicRow", "explain"]
