"""A trial: a file with something put over it, trained into an ordinary run directory."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from kerasdeep.config import LoadedConfig, Overrides
from kerasdeep.config.load import ConfigSource, load_text
from kerasdeep.config.sections.runtime import RuntimeConfig
from kerasdeep.data.hardware import gpu_numbers

TRIAL_THREADS = 1
"""CPU threads of a trial. One, whatever the machine and however many trials run at once: bits depend on the number,
small networks gain little from a second thread, and other trials use the other cores. `runtime.threads` overrides."""


_AS_THEY_ARE = ("label", "variant", "seed", "name", "fold", "may_be_pruned")
"""What a message has, and `make_trial` takes, as the trial does."""


@dataclass(frozen=True)
class Trial:
    """One run of a study.

    Attributes:
        label: What messages call it: `[1/6] plain, seed 0`.
        variant: What it belongs to: the variant of a comparison.
        text, path, line: The file as `config.load.load_text` takes it.
        overrides: What makes it out of the study's file.
        name: The name of its run directory, before the number.
        loaded: Its checked experiment.
        may_be_pruned: Whether its study ends trials early.
    """

    label: str
    variant: str
    seed: int
    text: str
    path: Path
    line: int | None
    overrides: Overrides
    name: str
    loaded: LoadedConfig
    fold: int | None = None
    may_be_pruned: bool = False

    def as_message(self) -> dict[str, Any]:
        """Plain data, of which `from_message` makes the same trial in another process."""
        overrides = self.overrides
        return {
            **{key: getattr(self, key) for key in (*_AS_THEY_ARE, "text", "line")},
            "path": str(self.path),
            "sets": list(overrides.sets),
            "profile": overrides.profile,
            "chosen": overrides.variant,
            "flags": {key: list(flag) for key, flag in overrides.flags.items()},
        }

    @classmethod
    def from_message(cls, message: Mapping[str, Any]) -> Trial:
        flags = {key: (option, text) for key, (option, text) in message["flags"].items()}
        overrides = Overrides(message["sets"], message["profile"], message["chosen"], flags)
        source = (message["text"], Path(message["path"]), message["line"])
        return make_trial(source, overrides, **{key: message[key] for key in _AS_THEY_ARE})


Source = tuple[str, Path, int | None]
"""The arguments of `config.load.load_text`."""


def source_of(config: ConfigSource, loaded: LoadedConfig) -> Source:
    """The text of a file that was loaded: trials are made of it, whatever becomes of the file meanwhile."""
    text = loaded.text if loaded.text is not None else loaded.path.read_bytes().decode("utf-8")
    return text, loaded.path, 0 if isinstance(config, Mapping) else None


def make_trial(
    source: Source,
    overrides: Overrides,
    *,
    label: str,
    variant: str,
    seed: int,
    name: str,
    fold: int | None = None,
    may_be_pruned: bool = False,
) -> Trial:
    """Raises InputError for a file or overrides that do not fit."""
    text, path, line = source
    loaded = load_text(text, path, overrides, line)
    report = replace(loaded.config.report, opponents=False)  # trials are held against each other
    config = replace(loaded.config, name=name, runtime=with_trial_threads(loaded.config.runtime), report=report)
    loaded = replace(loaded, config=config)
    return Trial(label, variant, seed, text, path, line, overrides, name, loaded, fold, may_be_pruned)


def with_trial_threads(runtime: RuntimeConfig) -> RuntimeConfig:
    """The number of threads that a trial gets; on a machine with GPUs they move no bits and stay as they are."""
    on_gpu = runtime.device != "cpu" and gpu_numbers()
    return runtime if runtime.location("threads") or on_gpu else replace(runtime, threads=TRIAL_THREADS)
