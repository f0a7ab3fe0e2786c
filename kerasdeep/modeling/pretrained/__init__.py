"""Pretrained layers: scanned, loaded, cut, cloned, and put into a network."""

from kerasdeep.modeling.pretrained.loader import load_pretrained, resolve_model_path
from kerasdeep.modeling.pretrained.parts import build_pretrained_model

__all__ = ["build_pretrained_model", "load_pretrained", "resolve_model_path"]
