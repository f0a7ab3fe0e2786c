"""Encoded labels and outputs of numbers as a person reads them."""

from kerasdeep.heads import target_slices


def decode_target(preprocessing, encoded):
    """By target name: numbers in their own unit, names of classes."""
    return {each.encoder.name: each.encoder.decode(each.labels(encoded)) for each in target_slices(preprocessing)}
