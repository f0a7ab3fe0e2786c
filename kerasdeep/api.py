"""The Python API, for notebooks and services. The command line calls these functions and adds only the display.

`config` is always a YAML file, the name of a shipped one, a run directory (its resolved configuration), a `Run`, or a
mapping of the same keys as a file, whose relative paths begin in the working directory. `overrides` is a mapping of
values by the paths of their settings, `{"training.epochs": 5}`, or an `Overrides`, which also names a profile or a
variant. Problems raise `InputError`, before anything is written. Messages go to standard error.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kerasdeep.api_arguments import (
    OverrideValues,
    as_overrides,
    check_own_file,
    check_stays,
    is_model_file,
    load_experiment,
    load_predictor,
    open_model,
    picture_facts,
)
from kerasdeep.collection import config_path
from kerasdeep.config import Overrides
from kerasdeep.config.finetuning import FinetuneOptions, compose_yaml, option_flags
from kerasdeep.config.load import ConfigSource, load_text
from kerasdeep.config.sections.pretraining import LABEL_FREE_PRETEXTS
from kerasdeep.errors import InputError, Problem, SourceLocation, suggest
from kerasdeep.results import Comparison, Run, Sweep, print_status
from kerasdeep.runs import latest_run, open_run_dir

if TYPE_CHECKING:
    import pandas as pd

    from kerasdeep.data.prediction_input import Rows
    from kerasdeep.diagnostics.diagnosis import Diagnosis
    from kerasdeep.diagnostics.lr_finder import LrFindResult

EXPORT_FORMATS = ("keras", "saved_model", "litert", "onnx")


def load_run(path: str | Path) -> Run:
    """The run at `path`. Raises InputError where there is none."""
    return Run(open_run_dir(path))


def train(
    config: ConfigSource | Run,
    *,
    overrides: OverrideValues = None,
    out: str | Path = "runs",
    resume: bool = False,
    progress: str = "auto",
) -> Run | None:
    """Train, evaluate and write a run directory with its report.

    Args:
        config: The experiment; see the top of this module.
        overrides: Values put over it.
        out: The folder for run directories.
        resume: Continue the latest run of the experiment's name in `out`, or `config` itself where that is a run; start
            it where there is none.
        progress: What is printed: `auto`, `json` (on standard error) or `quiet`.

    Returns:
        The run; None in a process that trained along with the one that writes the run (`runtime.distribution`).

    Raises:
        InputError: The configuration, data, shapes or machine do not fit. No run directory exists then.
        RunFailed: The run itself failed; `run_path` is its directory, with a report on what happened.
        Interrupted: The run was asked to stop, and can be resumed.
    """
    from kerasdeep.train_and_report import train_and_report

    loaded, given_run = load_experiment(config, overrides)
    if resume and given_run:
        check_stays(given_run, overrides, out)
    resumed_run = (given_run or latest_run(out, str(loaded.config.name))) if resume else None
    if resume and resumed_run is None and progress != "quiet":
        print_status(f"There is no run {loaded.config.name} in {out} yet, so this starts it.")
    run = train_and_report(loaded, out, resumed_run, progress)
    return Run(run) if run else None


def finetune(
    options: FinetuneOptions,
    *,
    config: str | Path | None = None,
    overrides: OverrideValues = None,
    out: str | Path = "runs",
    progress: str = "auto",
) -> Run | None:
    """Fit a trained model to other data: its head until it has converged, then all layers at a tenth of the rate.

    Args:
        options: The model, the data and how to train: `FinetuneOptions("application:MobileNet", data="photos/")`.
        config: A YAML file or shipped name for everything else.
        overrides: Values put over it; sets and flags are written into the run's `config.yaml`.
        out: The folder for run directories.
        progress: As in `train`, whose result and errors it has as well.
    """
    from kerasdeep.train_and_report import train_and_report

    base, overrides = None if config is None else config_path(config), as_overrides(overrides)
    path = Path(f"{base.stem if base else 'finetune'}.yaml")
    pictures = picture_facts(options.data)
    plain = compose_yaml(options, base, pictures=pictures)
    # The file is nowhere yet, so a problem names the option, or the file alone.
    given = option_flags(options, overrides)
    load_text(plain, path, replace(overrides, flags={**overrides.flags, **given}), line=0)
    text = compose_yaml(options, base, overrides, pictures)
    run = train_and_report(load_text(text, path, Overrides(flags=given), line=0), out, None, progress)
    return Run(run) if run else None


def plan(
    config: ConfigSource | Run,
    *,
    overrides: OverrideValues = None,
    data: str | None = None,
    classes: str | None = None,
    scaling: str | None = None,
) -> dict[str, Any]:
    """What `train` would do, without doing it: no weights are put into memory, and nothing is written.

    Args:
        config: The experiment, a run, or a model file.
        overrides: Values put over it.
        data: Of a model file: the labelled rows that it would be fine-tuned on.
        classes: Of a model file: as in `evaluate`.
        scaling: Of a model file: as in `evaluate`.

    Returns:
        Rows, layers, parameters, memory in bytes, steps, rates, and the origin of each value.

    Raises:
        InputError: The configuration, data, shapes or machine do not fit.
    """
    config = open_model(config, overrides, data=data, classes=classes, scaling=scaling)
    from kerasdeep import training

    return training.plan(load_experiment(config, overrides)[0], print_status)


def validate(config: ConfigSource | Run, *, overrides: OverrideValues = None) -> list[Problem]:
    """All errors and warnings of a configuration, its paths and its CSV headers; empty where there are none."""
    from kerasdeep.data import sources

    try:
        loaded, _ = load_experiment(config, overrides)
    except InputError as error:
        return error.problems
    data = loaded.config.data
    problems = [*loaded.warnings, *sources.check_sources(data)]
    for stage in loaded.config.stages:
        pretext = stage.pretrain.kind if stage.pretrain else None
        section = getattr(pretext, "data", None)
        if section is not None:
            if isinstance(pretext, LABEL_FREE_PRETEXTS) and section.source != data.source:
                section = replace(section, target=None, features=None, drop=[])  # these are of the run's own table
            problems += [problem for problem in sources.check_sources(section) if problem not in problems]
    return problems


def compare(
    configs_or_runs: ConfigSource | Run | Sequence[str | Path | Run],
    *,
    overrides: OverrideValues = None,
    seeds: int | None = None,
    name: str | None = None,
    out: str | Path = "runs",
    progress: str = "auto",
    jobs: int | None = None,
    folds: int | None = None,
) -> Comparison:
    """Train every variant of a file over several seeds and compare them; or compare finished runs.

    Args:
        configs_or_runs: One configuration, or several runs.
        overrides: Values put over the configuration; not for runs.
        seeds: Runs of each variant: the file's seed and the following ones; 3 where None. This, `jobs` and `folds` are
            not for runs.
        name: Names the comparison's directory, and the runs of a configuration.
        out: The folder for run directories; a run in it that matches is not trained again.
        progress: As in `train`.
        jobs: How many trials train at once, in processes of their own; None for what cores, cards and memory allow.
            A trial's bits are the same whatever it is: it has one CPU thread, unless `runtime.threads` says more.
        folds: Hold out each of so many parts of the rows in turn, in place of `data.validation`: stratified by class,
            by `data.group`, or forward in `data.time`. Predictions of the rows held out go into `out_of_fold.csv`.

    Raises:
        InputError: The configuration, data, claims or runs do not fit.
        Interrupted: The comparison was asked to stop; the same call continues it.
    """
    from kerasdeep import studies

    overrides, out = as_overrides(overrides), Path(out)
    given = [configs_or_runs] if isinstance(configs_or_runs, str | Path | Mapping | Run) else configs_or_runs
    items = [item.path if isinstance(item, Run) else item for item in given]
    folders = [item for item in items if not isinstance(item, Mapping) and Path(item).is_dir()]
    if folders:
        if len(folders) < len(items) or overrides:
            message = "runs are compared as they are: give run directories alone, or one file with its options."
            raise InputError(message, "usage", SourceLocation("compare"))
        for option, value in (("--seeds", seeds), ("--folds", folds), ("--jobs", jobs)):
            if value is not None:
                message = (
                    f"{option} is about runs that are to be trained. Leave it out where finished runs are compared."
                )
                raise InputError(message, "usage", SourceLocation(option))
        return Comparison(studies.compare_runs([open_run_dir(folder) for folder in folders], name or "runs", out))
    if len(items) != 1:
        raise InputError("give one file, or several run directories.", "usage", SourceLocation("compare"))
    config = items[0] if isinstance(items[0], Mapping) else config_path(items[0])
    if name:
        overrides = replace(overrides, flags={**overrides.flags, "name": ("--name", json.dumps(name))})

    return Comparison(
        studies.compare_study(
            config, overrides, seeds=3 if seeds is None else seeds, out=out, progress=progress, jobs=jobs, folds=folds
        )
    )


def sweep(
    config: ConfigSource,
    *,
    overrides: OverrideValues = None,
    name: str | None = None,
    out: str | Path = "runs",
    progress: str = "auto",
    jobs: int | None = None,
    storage: str | None = None,
) -> Sweep:
    """Search the space that a file's `sweep` describes, and confirm the best trials on fresh seeds.

    Args:
        config: The file, with a `sweep`.
        overrides: Values put over it.
        name: Names the study's directory and its runs.
        out: The folder for run directories. A study that is in it goes on.
        progress: As in `train`.
        jobs: As in `compare`.
        storage: The address of a database (`postgresql+psycopg://…`) that several machines share; by default
            `KERASDEEP_STUDY` of the environment, or else a journal in the study's directory.

    Raises:
        InputError: The configuration, space, data or storage do not fit, or Optuna is not installed.
        Interrupted: The sweep was asked to stop; the same call continues it.
    """
    from kerasdeep import studies

    overrides = as_overrides(overrides)
    if name:
        overrides = replace(overrides, flags={**overrides.flags, "name": ("--name", json.dumps(name))})
    source = config if isinstance(config, Mapping) else config_path(config)
    url = storage or os.environ.get("KERASDEEP_STUDY") or None
    folder = studies.sweep_study(source, overrides, out=Path(out), progress=progress, jobs=jobs, storage=url)
    return Sweep(folder)


def evaluate(
    run: Run | str | Path,
    rows: Rows | None = None,
    *,
    mc: int | None = None,
    tta: bool = False,
    overrides: OverrideValues = None,
    classes: str | None = None,
    scaling: str | None = None,
) -> dict[str, Any]:
    """Measure a run's model on its held-out rows, or on labelled rows.

    Args:
        run: The run, its directory, or a model file.
        rows: Labelled rows as `predict` takes them.
        mc: Measure also the mean of this many random copies of the model (Monte Carlo dropout).
        tta: Average over mirrored and slightly moved views of each picture (test-time augmentation).
        overrides: `seed` (of the copies), `runtime.backend` and `runtime.device`.
        classes: Of a model file: the names of its outputs in their order, `ant,bee` or a file of lines.
        scaling: Of a model file: how its inputs are scaled, `unit`, `none`, `standardize` or `application`.

    Returns:
        The object of `result.json` with `metrics`, `baseline` and `intervals` measured now, and `evaluation` with
        every part and target; with `mc` the same once more under `mc`.

    Raises:
        InputError: The run has no model, labels are missing or unknown, or the rows do not fit the model.
    """
    opened = open_model(run, overrides, rows, classes=classes, scaling=scaling)
    if opened is not run and rows is None:
        message = f"{run} held no rows out. Give labelled ones with --data."
        raise InputError(message, "usage", SourceLocation("--data"))
    return load_predictor(opened, overrides, mc, tta).evaluate(rows, mc, print_status)


def predict(
    run: Run | str | Path,
    rows: Rows,
    *,
    mc: int | None = None,
    tta: bool = False,
    overrides: OverrideValues = None,
    data: str | None = None,
    classes: str | None = None,
    scaling: str | None = None,
) -> pd.DataFrame:
    """Predict new rows.

    Args:
        run: The run, its directory, or a model file.
        rows: A DataFrame with the columns of training, an array or arrays by input, a CSV file object, or the path of a
            table, an `.npz` file, a folder of images, an image or a built-in data set. Raw: as the run's source has it.
        mc: Ask this many random copies of the model (Monte Carlo dropout), which adds uncertainties.
        tta: Average over mirrored and slightly moved views of each picture (test-time augmentation).
        overrides: `seed` (of the copies), `runtime.backend` and `runtime.device`.
        data: Of a model file: labelled rows, which tell its classes and how its inputs are standardized.
        classes: Of a model file: as in `evaluate`.
        scaling: Of a model file: as in `evaluate`.

    Returns:
        The input's columns, then for each target `prediction`, `probability_<class>` and, with `mc`, uncertainties.

    Raises:
        InputError: The run has no model, or the rows do not fit it.
    """
    opened = open_model(run, overrides, data=data, classes=classes, scaling=scaling)
    return load_predictor(opened, overrides, mc, tta).predict(rows, mc, print_status)


def export(
    run: Run | str | Path,
    format: str,
    out: str | Path | None = None,
    *,
    fold: bool = False,
    float16: bool = False,
    data: str | None = None,
    force: bool = False,
    classes: str | None = None,
    scaling: str | None = None,
) -> dict[str, Any]:
    """Write a run's model for use elsewhere, with its preprocessing inside, and check that predictions agree.

    Args:
        run: The run, its directory, or a model file.
        format: `keras`, `saved_model`, `litert` or `onnx`.
        out: The file or folder to write; in the run's `exports/` where None.
        fold: Fold batch normalization into the layers before it.
        float16: Half precision.
        data: Rows to compare on; the run's own where None.
        force: Replace what exists.
        classes: Of a model file: as in `evaluate`.
        scaling: Of a model file: as in `evaluate`.

    Returns:
        The path, sizes in bytes, times, the largest difference of predictions and more.

    Raises:
        InputError: The format is unknown or not possible here, or `out` exists.
        RunFailed: The exported model's predictions differ.
    """
    if format not in EXPORT_FORMATS:
        message = f"there is no format `{format}`. Expected one of: {', '.join(EXPORT_FORMATS)}."
        suggestion = suggest(format, EXPORT_FORMATS)
        raise InputError([Problem("error", "usage", message, SourceLocation("--format"), suggestion)])
    if data is None and not isinstance(run, Run) and is_model_file(run):
        message = f"{run} has no rows of its own, on which predictions could be compared. Give some with --data."
        raise InputError(message, "usage", SourceLocation("--data"))
    # The formats are TensorFlow's to write; a model trained on JAX is the same file.
    flags = {"runtime.backend": ("--backend", "tensorflow"), "runtime.device": ("--device", "cpu")}
    opened = open_model(run, Overrides(flags=flags), data, classes=classes, scaling=scaling)
    predictor = load_predictor(opened, Overrides(flags=flags))
    from kerasdeep.inference.export.exporter import ExportOptions, export_run  # loads TensorFlow
    from kerasdeep.inference.export.formats import FORMATS

    if opened is not run and out is None:
        out = Path(f"{predictor.run.path.name}-export{FORMATS[format].suffix or ''}")
    return export_run(predictor, ExportOptions(format, Path(out) if out else None, fold, float16, data, force))


def lr_find(
    config: ConfigSource | Run,
    *,
    overrides: OverrideValues = None,
    lowest: float = 1e-5,
    highest: float = 10.0,
    steps: int | None = None,
    apply: bool = False,
    on_step: Callable[[int, int], None] | None = None,
) -> LrFindResult:
    """Suggest a learning rate, from a range test: a few hundred steps at a rising rate.

    The curve of a run that is tested as it was configured is added to its report.

    Args:
        config: The experiment or run.
        overrides: Values put over it.
        lowest: The first rate.
        highest: The last rate.
        steps: Steps of the test; where None one epoch, but 100 to 500.
        apply: Write the suggestion into the YAML file `config`; every other byte stays. First both rates train for a
            while: the file is left alone unless the suggestion is clearly better (`result.comparison`).
        on_step: Is called with (steps done, all steps).

    Returns:
        The curve of the test, the suggestion, and with `apply` what both rates reached.

    Raises:
        InputError: The data or range do not fit, or the file cannot be edited that way.
        RunFailed: At no rate does the loss fall.
    """
    from dataclasses import asdict

    from kerasdeep import diagnostics, report

    overrides = as_overrides(overrides)
    loaded, run = load_experiment(config, overrides)
    if apply:
        check_own_file(config, run)
    from kerasdeep.diagnostics import rate_writer

    if apply:
        rate_writer.check_applicable(loaded)
    result = diagnostics.lr_find(loaded, lowest, highest, steps, print_status, on_step, compare=apply)
    if apply and result.may_replace_current:
        rate_writer.apply_rate(loaded, result.suggestion)
    if run and not overrides:
        run.write_fact("lr_find", asdict(result))
        report.write(run)
    return result


def diagnose(
    config: ConfigSource | Run,
    *,
    overrides: OverrideValues = None,
    data: str | None = None,
    classes: str | None = None,
    scaling: str | None = None,
) -> Diagnosis:
    """Examine the signal, gradients and weights of each layer; name what is wrong, and give YAML that fixes it.

    Args:
        config: An experiment, examined at initialization and after a few steps; a run or a model file, examined as
            it was saved.
        overrides: Values put over it.
        data: Of a model file: the labelled rows to examine it on.
        classes: Of a model file: as in `evaluate`.
        scaling: Of a model file: as in `evaluate`.

    Raises:
        InputError: The configuration, data, shapes or machine do not fit.
    """
    config = open_model(config, overrides, data=data, classes=classes, scaling=scaling)
    from kerasdeep import diagnostics

    return diagnostics.diagnose(*load_experiment(config, overrides), print_status)
