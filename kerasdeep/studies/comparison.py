"""The story of a comparison: read the study, train what is missing, gather the figures, judge, write the page."""

from __future__ import annotations

import gc
import shlex
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from kerasdeep import collection, metric_names, report, training
from kerasdeep.backends import runtime
from kerasdeep.catalog.traits import lower_is_better
from kerasdeep.config import resolved
from kerasdeep.errors import Interrupted, RunFailed
from kerasdeep.runs import ComparisonDir, RunDir, comparison_dir, facts
from kerasdeep.studies import claim_results, config_diff, reuse, study, summary
from kerasdeep.studies.study import Study, StudyOptions, Trial

MutableRunsByVariant = dict[str, dict[int, RunDir]]
"""By variant and seed."""


def run_study(
    path: Path, study_options: StudyOptions, out: Path, mode: str, say: Callable[[str], None]
) -> ComparisonDir:
    """`kerasdeep.studies.compare_study` says what is done and raised."""
    planned = study.load_study(path, study_options)
    runs_by_variant: MutableRunsByVariant = {}
    hash_cache: dict[str, str] = {}
    for number, trial in enumerate(planned.trials, 1):
        run = reuse.find_reusable_run(out, trial.loaded.config, lambda trial=trial: _data_hash(trial, hash_cache))
        is_finished = run is not None and facts.read_result(run).status in ("completed", "failed")
        label = f"[{number}/{len(planned.trials)}] {trial.variant}, seed {trial.seed}"
        if is_finished:
            say(f"{label}: {run.path} is there already")
        else:
            say(f"{label}: {'goes on' if run else 'training'}")
            try:
                run = _train_trial(trial, out, run, mode)
            except Interrupted:
                raise Interrupted(f"Interrupted. Go on with: {_command_line(planned, study_options, out)}") from None
            say(f"{label}: {_result_line(run)}")
        runs_by_variant.setdefault(trial.variant, {})[trial.seed] = run
    claims = (
        claim_results.evaluate_claims(planned.expect, runs_by_variant, planned.claims_name_variant)
        if planned.claims_apply
        else []
    )
    return _write_comparison(
        out, planned.name, _command_line(planned, study_options, out), planned.description, runs_by_variant, claims
    )


def compare_runs(run_dirs: Sequence[RunDir], name: str, out: Path) -> ComparisonDir:
    """`kerasdeep.studies.compare_runs` says what is done and raised."""
    grouped: MutableRunsByVariant = {}
    signatures: dict[str, dict[str, str]] = {}
    for run in run_dirs:
        result, leaves = facts.read_result(run), resolved.flatten_yaml(run.resolved.read_text(encoding="utf-8"))
        this_signature = reuse.run_signature(leaves, *reuse.SETTLED_PER_RUN)
        variant = next(
            (existing for existing, existing_signature in signatures.items() if existing_signature == this_signature),
            None,
        )
        seed = result.seed or 0
        if variant is None or seed in grouped[variant]:
            variant = run.path.name
            signatures[variant] = this_signature
        grouped.setdefault(variant, {})[seed] = run
    command = f"kerasdeep compare {' '.join(str(run.path) for run in run_dirs)}"
    return _write_comparison(out, name, command, "", grouped, [])


def _train_trial(trial: Trial, out: Path, resumed_run: RunDir | None, mode: str) -> RunDir:
    """A run of its own with its report; one that fails is told of as failed."""
    created_runs: list[RunDir] = []
    try:
        training.train(trial.loaded, out, resumed_run, mode, created_runs.append)
    except RunFailed:
        if not created_runs:
            raise
    finally:
        for run in created_runs:
            report.write(run)
        _release_models()
    return created_runs[0]


def _release_models() -> None:
    """Dozens of networks in one process: what nobody needs any more must not stay in memory."""
    import keras

    keras.backend.clear_session(free_memory=False)
    gc.collect()


def _data_hash(trial: Trial, hash_cache: dict[str, str]) -> str:
    """What the data are today; read once for every way in which the arms look at them."""
    section = trial.loaded.config.data
    key = repr((section, trial.loaded.config.task))
    if key not in hash_cache:
        runtime.prepare(trial.loaded.config.runtime, trial.loaded.config.seed)
        from kerasdeep import data

        hash_cache[key] = data.load(section, trial.loaded.config.task).hash
    return hash_cache[key]


def _result_line(run: RunDir) -> str:
    result = facts.read_result(run)
    headline = metric_names.headline(result.metrics)
    metric_text = f", {headline.replace('_', ' ')} {result.metrics[headline]:.4g}" if headline else ""
    return f"{result.status}{metric_text}, {result.seconds or 0:.1f} s of training"


def _command_line(planned: Study, study_options: StudyOptions, out: Path) -> str:
    options = [f"--seeds {study_options.seeds}", *(f"--set {shlex.quote(text)}" for text in study_options.sets)]
    options += [f"--profile {study_options.profile}"] if study_options.profile else []
    options += [f"{option} {text}" for option, text in study_options.flags.values()]
    options += [f"--out {shlex.quote(str(out))}"] if out != Path("runs") else []
    is_shipped = collection.collection_files().get(planned.path.stem) == planned.path
    config_name = planned.path.stem if is_shipped else shlex.quote(str(planned.path))
    return f"kerasdeep compare {config_name} {' '.join(options)}"


def _write_comparison(
    out: Path,
    name: str,
    command: str,
    description: str,
    runs_by_variant: Mapping[str, Mapping[int, RunDir]],
    claims: list[dict[str, Any]],
) -> ComparisonDir:
    folder = comparison_dir(out, name)
    folder.write(
        {
            "name": name,
            "description": description,
            "command": command,
            "variants": [
                summary.summarize_variant(variant, runs_by_seed) for variant, runs_by_seed in runs_by_variant.items()
            ],
            "paired": summary.paired_differences(runs_by_variant),
            "differences": config_diff.changed_settings(
                {variant: next(iter(runs_by_seed.values())) for variant, runs_by_seed in runs_by_variant.items()}
            ),
            "expect": claims,
            "less_is_better": [name for name in summary.names_of_metrics(runs_by_variant) if lower_is_better(name)],
        }
    )
    report.write_comparison(folder)
    return folder
