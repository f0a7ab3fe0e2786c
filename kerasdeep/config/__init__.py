"""The language: one YAML file is one experiment, checked to the line without importing Keras."""

from kerasdeep.config.load import LoadedConfig, load_config
from kerasdeep.config.overrides import Overrides
from kerasdeep.config.root import Config

__all__ = ["Config", "LoadedConfig", "Overrides", "load_config"]
