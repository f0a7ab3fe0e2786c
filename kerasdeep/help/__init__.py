"""What any word of the language means, told from the declarations that check it. Imports no Keras."""

from kerasdeep.help.lookup import explain
from kerasdeep.help.topics import Topic, TopicRow

__all__ = ["Topic", "TopicRow", "explain"]
