"""`kerasdeep finetune`: writes the YAML that was meant and trains it like any other."""

from __future__ import annotations

import tempfile
from pathlib import Path

from kerasdeep.cli.train import train
from kerasdeep.collection import config_path
from kerasdeep.config import load_config
from kerasdeep.config.finetuning import FinetuneOptions, compose_yaml


def finetune(
    config_name: str | None,
    finetune_options: FinetuneOptions,
    sets: list[str],
    flags: dict[str, tuple[str, str]],
    out: Path,
    quiet: bool,
    json: bool,
) -> None:
    """Trains what the wishes mean; the file is left in the run directory as its config.yaml."""
    base_config = None if config_name is None else config_path(config_name)
    with tempfile.TemporaryDirectory(prefix="kerasdeep-") as folder:
        path = Path(folder) / f"{Path(config_name).stem if config_name else 'finetune'}.yaml"
        path.write_text(compose_yaml(finetune_options, base_config), encoding="utf-8")
        load_config(path, sets, flags=flags)  # a mistake in an option is told as one, before all is one file
        path.write_text(compose_yaml(finetune_options, base_config, sets, flags), encoding="utf-8")
        train(str(path), [], None, None, {}, out, False, quiet, json)
