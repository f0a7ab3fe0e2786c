"""Pretraining: a copy of the network's backbone, and the models that are put on it."""

from kerasdeep.modeling.pretraining.backbone import Backbone, cut_backbone
from kerasdeep.modeling.pretraining.decoder import DecoderSettings
from kerasdeep.modeling.pretraining.pretext_models import (
    FeatureMasking,
    PretextModel,
    build_autoencoder,
    build_greedy_autoencoders,
    build_input_noise,
    build_masked_feature_model,
    build_pair_model,
    build_pretext_classifier,
)

__all__ = ["Backbone", "DecoderSettings", "FeatureMasking", "PretextModel", "build_autoencoder"]
__all__ += ["build_greedy_autoencoders", "build_input_noise", "build_masked_feature_model", "build_pair_model"]
__all__ += ["build_pretext_classifier", "cut_backbone"]
