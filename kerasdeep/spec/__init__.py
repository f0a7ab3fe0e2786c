"""The language: one YAML file is one experiment, checked to the line without importing Keras."""

from kerasdeep.spec.experiment import Spec
from kerasdeep.spec.load import Loaded, load

__all__ = ["Loaded", "Spec", "load"]
