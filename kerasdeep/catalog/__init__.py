"""What Keras offers, and kerasdeep adds, as data: names, arguments, types and defaults. Imports no Keras."""

from kerasdeep.catalog.choices import canonical_choice, read_choice, to_plain
from kerasdeep.catalog.entries import REQUIRED, Argument, Choice, Entry
from kerasdeep.catalog.registry import default_value, entries, families, find_entry, keras_version, suggestable_names

__all__ = ["REQUIRED", "Argument", "Choice", "Entry", "canonical_choice", "default_value", "entries", "families"]
__all__ += ["find_entry", "keras_version", "read_choice", "suggestable_names", "to_plain"]
