"""What an import makes is left alone by garbage collection, and nothing that is made later."""

import gc
import subprocess
import sys

import pytest

from kerasdeep.backends.system import gc_frozen_import

NOT_IMPORTED = "a_library_that_is_not_imported"


def test_collection_pauses_and_what_was_made_is_left_alone():
    code = f"""
import gc
from kerasdeep.backends.system import gc_frozen_import
with gc_frozen_import({NOT_IMPORTED!r}):
    assert not gc.isenabled()
    made = [[] for _ in range(1000)]
assert gc.isenabled()
assert gc.get_freeze_count() >= len(made)
"""
    subprocess.run([sys.executable, "-c", code], check=True)


def test_later_nothing_is_kept():
    before = gc.get_freeze_count()
    with gc_frozen_import("sys"):
        assert gc.isenabled()
    assert gc.get_freeze_count() == before


def test_a_failed_import_ends_the_pause_as_well():
    try:
        with pytest.raises(ImportError), gc_frozen_import(NOT_IMPORTED):
            raise ImportError
        assert gc.isenabled()
    finally:
        gc.unfreeze()
