"""Garbage is collected again after an import, but not among what was imported."""

import gc

import pytest

from kerasdeep.runtime import importing


def test_collection_pauses_and_what_was_made_is_left_alone():
    try:
        with importing():
            assert not gc.isenabled()
            made = [[] for _ in range(1000)]
        assert gc.isenabled()
        assert gc.get_freeze_count() >= len(made)
    finally:
        gc.unfreeze()


def test_a_failed_import_ends_the_pause_as_well():
    with pytest.raises(ImportError), importing():
        raise ImportError
    gc.unfreeze()
    assert gc.isenabled()
