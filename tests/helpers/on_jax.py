"""A plugin for pytest: the same tests with JAX as the default backend, in a process that cannot import TensorFlow.

KERAS_BACKEND=jax PYTHONPATH=tests pytest -p helpers.on_jax tests/training/test_run.py
"""

import sys
from dataclasses import replace

from kerasdeep.config.root import Config
from kerasdeep.config.schema import settings_of
from kerasdeep.config.sections.runtime import RuntimeConfig


class Blocker:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in ("tensorflow", "tensorboard"):
            raise ModuleNotFoundError(name)


sys.meta_path.insert(0, Blocker())
settings_of(RuntimeConfig)["backend"] = replace(settings_of(RuntimeConfig)["backend"], default="jax")
RuntimeConfig.__dataclass_fields__["backend"].default = "jax"
RuntimeConfig.__init__.__kwdefaults__["backend"] = "jax"
object.__setattr__(settings_of(Config)["runtime"].default, "backend", "jax")
