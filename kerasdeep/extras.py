"""The name under which version 0.1 had `kerasdeep.custom_objects`, for scripts that import it to load a model."""

from kerasdeep.custom_objects import *  # noqa: F403
