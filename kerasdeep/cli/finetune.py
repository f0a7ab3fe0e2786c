"""`kerasdeep finetune`: writes the YAML that was meant and trains it like any other."""

from __future__ import annotations

import tempfile
from pathlib import Path

from kerasdeep import spec
from kerasdeep.cli.paths import config_path
from kerasdeep.cli.train import train
from kerasdeep.spec.finetuning import Wishes, compose


def finetune(
    config: str | None,
    wishes: Wishes,
    sets: list[str],
    flags: dict[str, tuple[str, str]],
    out: Path,
    quiet: bool,
    json: bool,
) -> None:
    """Trains what the wishes mean; the file is left in the run directory as its config.yaml."""
    named = None if config is None else config_path(config)
    with tempfile.TemporaryDirectory(prefix="kerasdeep-") as folder:
        path = Path(folder) / f"{Path(config).stem if config else 'finetune'}.yaml"
        path.write_text(compose(wishes, named), encoding="utf-8")
        spec.load(path, sets, flags=flags)  # a mistake in an option is told as one, before all is one file
        path.write_text(compose(wishes, named, sets, flags), encoding="utf-8")
        train(str(path), [], None, None, {}, out, False, quiet, json)
