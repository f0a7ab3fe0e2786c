"""What any word of the language means, told from the declarations that check it. Imports no Keras."""

from kerasdeep.explaining.lookup import explain
from kerasdeep.explaining.topics import Row, Topic

__all__ = ["Row", "Topic", "explain"]
