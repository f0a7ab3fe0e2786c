"""What every test needs: a Keras home, compiled JAX programs that processes share, and one tree of commands."""

import os
from functools import cache

import pytest
import typer

pytest.register_assert_rewrite("helpers")


@pytest.fixture(scope="session", autouse=True)
def own_homes(tmp_path_factory):
    """Nothing is read from or left in the user's folders; both workers share one cache of compiled programs."""
    shared = tmp_path_factory.getbasetemp().parent / "shared"
    with pytest.MonkeyPatch.context() as patch:
        if "KERAS_HOME" not in os.environ:
            patch.setenv("KERAS_HOME", str(shared / "keras"))
        patch.setenv("JAX_COMPILATION_CACHE_DIR", str(shared / "jax"))
        patch.setenv("JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS", "0")
        patch.setenv("JAX_PERSISTENT_CACHE_MIN_ENTRY_SIZE_BYTES", "-1")
        yield


@pytest.fixture(scope="session", autouse=True)
def one_command_tree():
    """Typer would build all commands anew for each of hundreds of calls."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(typer.main, "get_command", cache(typer.main.get_command))
        yield
