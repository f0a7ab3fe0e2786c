"""Autoencoders: the backbone learns a code from which its input can be rebuilt."""

from __future__ import annotations

from kerasdeep.config.sections.pretraining import AutoencoderConfig
from kerasdeep.data import pretext
from kerasdeep.modeling import pretraining
from kerasdeep.objectives.objective import Objective
from kerasdeep.objectives.pretraining_stage import PretrainingStage


def autoencoder_objectives(kind: AutoencoderConfig, stage: PretrainingStage) -> list[Objective]:
    """One objective, or one a layer for the greedy style."""
    noise = None if kind.noise is None else pretraining.build_input_noise(kind.noise, stage.config.seed)
    backbone = stage.backbone(kind.until, noise)
    dataset = pretext.reconstruction_dataset(stage.dataset)
    decoder = pretraining.DecoderSettings(
        stage.config, kind.style == "tied", kind.output_activation, stage.config_path, stage.location
    )
    if kind.style != "greedy":
        return [stage.objective(pretraining.build_autoencoder(backbone, decoder), dataset, is_autoencoder=True)]
    layer_models = pretraining.build_greedy_autoencoders(backbone, decoder)
    rates: list[float | None] = [*kind.rates] if kind.rates else [None] * len(layer_models)
    if len(rates) != len(layer_models):
        stage.refuse(
            f": `rates` has {len(rates)} rates, but {len(layer_models)} layers are trained one after another. Give "
            "one rate for each layer.",
            "wrong-value",
            kind.location("rates"),
        )
    return [
        stage.objective(
            layer_model,
            dataset,
            name_suffix=f"_{number}" if len(layer_models) > 1 else "",
            learning_rate=rate,
            frozen_base=layer_model.frozen_base,
            is_autoencoder=True,
        )
        for number, (layer_model, rate) in enumerate(zip(layer_models, rates, strict=True), 1)
    ]
