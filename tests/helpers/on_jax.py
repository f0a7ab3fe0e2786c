"""A plugin for pytest: the same tests with JAX as the default backend, in a process that cannot import TensorFlow.

KERAS_BACKEND=jax PYTHONPATH=tests pytest -p on_jax tests/test_training_story.py
"""

import sys

from kerasdeep.config.sections.runtime import RuntimeConfig


class Blocker:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in ("tensorflow", "tensorboard"):
            raise ModuleNotFoundError(name)


sys.meta_path.insert(0, Blocker())
RuntimeConfig.__dataclass_fields__["backend"].default = "jax"
RuntimeConfig.__init__.__kwdefaults__["backend"] = "jax"
