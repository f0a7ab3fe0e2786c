"""What Keras offers, and kerasdeep adds, as data: names, arguments, types and defaults. Imports no Keras."""

from kerasdeep.catalog.choices import canonical, dump, read_choice
from kerasdeep.catalog.entries import REQUIRED, Argument, Choice, Entry
from kerasdeep.catalog.table import (
    default_value,
    entries,
    families,
    find,
    folded,
    keras_version,
    spellings,
)

__all__ = [
    "REQUIRED",
    "Argument",
    "Choice",
    "Entry",
    "canonical",
    "default_value",
    "dump",
    "entries",
    "families",
    "find",
    "folded",
    "keras_version",
    "read_choice",
    "spellings",
]
