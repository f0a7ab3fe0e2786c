"""kerasdeep: deep networks from YAML, on Keras 3."""

__version__ = "0.1.0"
