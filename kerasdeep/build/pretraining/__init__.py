"""Models that teach the network's body something else first: its twin, and what stands on it."""

from kerasdeep.build.pretraining.body import Body, cut
from kerasdeep.build.pretraining.decoder import Mirror
from kerasdeep.build.pretraining.heads import (
    Hiding,
    Taught,
    autoencoder,
    classifier,
    greedy,
    masked,
    noisy,
    pairs,
)

__all__ = [
    "Body",
    "Hiding",
    "Mirror",
    "Taught",
    "autoencoder",
    "classifier",
    "cut",
    "greedy",
    "masked",
    "noisy",
    "pairs",
]
