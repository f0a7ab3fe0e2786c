"""What the functions of the Python API are given: overrides, experiments, runs and model files."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kerasdeep.collection import config_path
from kerasdeep.config import LoadedConfig, Overrides, load_config
from kerasdeep.config.finetuning import PictureFacts
from kerasdeep.config.load import ConfigSource, load_text
from kerasdeep.errors import InputError, SourceLocation
from kerasdeep.paths import expand_user
from kerasdeep.results import Run, print_status
from kerasdeep.runs import RunDir, open_run_dir

if TYPE_CHECKING:
    from kerasdeep.inference.predictor import Predictor

OverrideValues = Overrides | Mapping[str, object] | None
DEFAULT_OUT = "runs"
MODEL_SUFFIXES = (".keras", ".h5", ".hdf5")


def is_model_file(path: str | Path) -> bool:
    """Whether the name is that of a model file, not of a run."""
    return str(path).lower().endswith(MODEL_SUFFIXES)


def open_model(
    model: Run | str | Path | ConfigSource,
    overrides: OverrideValues,
    rows: object = None,
    *,
    data: str | None = None,
    classes: str | None = None,
    scaling: str | None = None,
) -> Any:
    """A model file as a temporary run, by its labelled `rows` or `data`; anything else as it is.

    Raises InputError for `data`, `classes` or `scaling` without such a file; what runs do with `rows` is the verb's.
    """
    if not isinstance(model, str | Path) or not is_model_file(model):
        for option, value in (("--data", data), ("--classes", classes), ("--scaling", scaling)):
            if value is not None:
                name = model.path if isinstance(model, Run) else "a mapping" if isinstance(model, Mapping) else model
                message = f"{option} is for a model file, and `{name}` is not one."
                raise InputError(message, "usage", SourceLocation(option))
        return model
    from kerasdeep.backends import runtime

    sets = ["runtime.threads=auto", *as_overrides(overrides).sets]
    config = load_config(
        {"data": {"source": "digits"}, "network": ["Output"]}, replace(as_overrides(overrides), sets=sets)
    )
    runtime.prepare(config.config.runtime, config.config.seed)
    from kerasdeep.inference.model_file import ModelFileOptions, open_model_file

    labelled = str(rows) if isinstance(rows, str | Path) else data
    run = open_model_file(Path(model), ModelFileOptions(labelled, classes, scaling), print_status)
    return Run(run, Path(model))


def load_experiment(config: ConfigSource | Run, overrides: OverrideValues) -> tuple[LoadedConfig, RunDir | None]:
    """The checked experiment, and the run where `config` is one."""
    overrides = as_overrides(overrides)
    if isinstance(config, Mapping):
        return load_config(config, overrides), None
    path = config.path if isinstance(config, Run) else Path(config)
    if path.is_dir():
        run = open_run_dir(path)
        if isinstance(config, Run) and config.model_file:  # nobody can mend what stands in a temporary file
            return load_text(run.read_resolved(), config.model_file, overrides, line=0), run
        return load_config(run.resolved, overrides), run
    return load_config(config_path(path), overrides), None


def as_overrides(overrides: OverrideValues) -> Overrides:
    return overrides if isinstance(overrides, Overrides) else Overrides.from_values(overrides or {})


def load_predictor(
    run: Run | str | Path, overrides: OverrideValues, mc: int | None = None, tta: bool = False
) -> Predictor:
    from kerasdeep.inference.predictor import Predictor

    if tta and mc is not None:
        message = "`mc` and `tta` exclude each other: one averages over copies of the model, the other over views of "
        message += "the picture."
        raise InputError(message, "usage", SourceLocation("--tta"))
    overrides = as_overrides(overrides)
    if mc is None and (option := overrides.option_for("seed")):
        message = "this seeds the random copies of --mc, and there are none. Give --mc N too, or leave it out."
        raise InputError(message, "usage", SourceLocation(option))
    predictor = Predictor.load(run.directory if isinstance(run, Run) else run, overrides)
    return predictor.with_tta() if tta else predictor


def picture_facts(source: str | None) -> PictureFacts | None:
    """What `finetune` must know of a folder or array of pictures; None for other data."""
    path = None if source is None else Path(source).expanduser()
    if path is None or not path.exists():
        return None
    from kerasdeep.data.readers.images import describe_pictures

    described = describe_pictures(path)
    return PictureFacts(*described) if described else None


def check_stays(run: RunDir, overrides: OverrideValues, out: str | Path) -> None:
    """Raises InputError for a name or folder that a run which goes on in its own directory would not get."""
    is_elsewhere = str(out) != DEFAULT_OUT and Path(out).resolve() != run.path.resolve().parent
    option = "--out" if is_elsewhere else as_overrides(overrides).option_for("name")
    if option:
        message = f"{run.path} goes on where it is and under its name. Leave it out, or start a new run without "
        raise InputError(f"{message}--resume.", "usage", SourceLocation(option))


def check_own_file(config: ConfigSource | Run, run: RunDir | None) -> None:
    """Raises InputError for what `apply` must not write into: runs, shipped files, and what is not a file."""
    if run:
        message = f"`{run.path}` is a run, which stays as it was. Give --apply the YAML file that you continue with."
    elif isinstance(config, Mapping):
        message = "a mapping is not a file, so there is nothing to write into."
    elif isinstance(config, str | Path) and not expand_user(config).is_file():
        message = f"`{config}` is a shipped file. Copy it, then apply: kerasdeep recipes copy {config}"
    else:
        return
    raise InputError(message, "cannot-apply", SourceLocation("--apply"))
