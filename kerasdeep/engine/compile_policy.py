"""What is compiled with XLA: a rule from the network, the device and the planned work, never a stopwatch.

XLA draws other dropout masks than plain TensorFlow, so the choice is part of the numerics: the same file and seed
must choose the same, on a busy machine too.
"""

from __future__ import annotations

from dataclasses import dataclass

import keras

from kerasdeep.backends import BACKENDS
from kerasdeep.backends.jax_backend import one_step_per_call
from kerasdeep.backends.keras_private import has_convolutions, nested_layers
from kerasdeep.errors import InputError, SourceLocation

# Compiling costs 1 to 4 s; on two cores XLA saves 0.2 to 0.5 ms a step of a dense net.
MIN_XLA_STEPS = 5000

# TensorFlow's XLA lacks an operation they use, though Keras says that they can be compiled (tried one by one).
XLA_UNSUPPORTED_LAYERS = frozenset(["AugMix", "CutMix", "MixUp", "RandAugment", "RandomElasticTransform"])


@dataclass(frozen=True, slots=True)
class CompileDecision:
    """`xla` or `none`, and why."""

    choice: str
    reason: str

    @property
    def xla(self) -> bool:
        """Whether XLA compiles."""
        return self.choice == "xla"


def choose(
    model: keras.Model,
    setting: str,
    *,
    device: str,
    steps: int,
    backend: str = "tensorflow",
    location: SourceLocation | None = None,
) -> CompileDecision:
    """How to compile a model.

    Args:
        model: The network, built.
        setting: `runtime.compile`: `auto`, `xla` or `none`.
        device: `cpu`, `gpu` or `tpu`.
        steps: Training steps that are planned.
        backend: A key of `BACKENDS`.
        location: Where the setting is written, for the error.

    Raises:
        InputError: XLA is asked for, and it cannot compile a layer.
    """
    if BACKENDS[backend].ALWAYS_XLA:
        reason = "JAX always compiles with XLA"
        if one_step_per_call(model, device):
            reason += "; a step a call, since its convolutions are slow in loops on a CPU"
        return CompileDecision("xla", reason)
    layer_names = [type(layer).__name__ for layer in nested_layers(model)]
    unsupported = sorted(XLA_UNSUPPORTED_LAYERS.intersection(layer_names) | _layers_without_jit(model))
    if setting == "xla" and unsupported:
        message = f"XLA cannot compile {', '.join(unsupported)}. Use `compile: auto` or `none`."
        raise InputError(message, "compile", location)
    if setting != "auto":
        return CompileDecision(setting, "set by runtime.compile")
    if unsupported:
        return CompileDecision("none", f"XLA cannot compile {', '.join(unsupported)}")
    if device != "cpu":
        return CompileDecision("xla", f"on a {device.upper()} XLA is faster")
    if has_convolutions(model):
        return CompileDecision("none", "on a CPU, convolutions are slower with XLA")
    if steps < MIN_XLA_STEPS:
        return CompileDecision("none", f"{steps:,} steps do not repay compiling ({MIN_XLA_STEPS:,} do)")
    return CompileDecision("xla", f"{steps:,} steps of a net without convolutions repay compiling")


def _layers_without_jit(model: keras.Model) -> set[str]:
    return {type(layer).__name__ for layer in nested_layers(model) if not layer.supports_jit}
