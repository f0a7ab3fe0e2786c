"""A comparison from top to bottom: run the trials, summarize them, judge the claims, write the page."""

from __future__ import annotations

import gc
import shlex
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from kerasdeep import report
from kerasdeep.backends import runtime
from kerasdeep.catalog.traits import lower_is_better
from kerasdeep.config import Overrides, resolved
from kerasdeep.config.load import ConfigSource
from kerasdeep.errors import Interrupted, RunFailed
from kerasdeep.formatting import significant
from kerasdeep.metric_names import headline
from kerasdeep.runs import ComparisonDir, RunDir, comparison_dir, facts
from kerasdeep.studies import claim_results, config_diff, reuse, summary
from kerasdeep.studies.executors import EXECUTORS
from kerasdeep.studies.study import RunsByVariant, Study, Trial, load_study
from kerasdeep.train_and_report import train_and_report


def run_study(
    config: ConfigSource,
    overrides: Overrides,
    seeds: int,
    out: Path,
    progress: str,
    say: Callable[[str], None],
    executor: str = "inline",
) -> ComparisonDir:
    """`kerasdeep.studies.compare_study` says what is done and raised."""
    study = load_study(config, overrides, seeds)
    command = _command_line(study, overrides, seeds, out)
    runs_by_variant: RunsByVariant = {}
    run_trial = partial(_run_trial, out=out, progress=progress, say=say, data_hashes={})
    try:
        for trial, run in zip(study.trials, EXECUTORS[executor](study.trials, run_trial), strict=True):
            runs_by_variant.setdefault(trial.variant, {})[trial.seed] = run
    except Interrupted:
        raise Interrupted(f"Interrupted. Continue with: {command}") from None
    claims = claim_results.evaluate_claims(study.claims, runs_by_variant, study.claims_name_variant)
    return _write_comparison(
        out, {"name": study.name, "description": study.description, "command": command}, runs_by_variant, claims
    )


def compare_runs(run_dirs: Sequence[RunDir], name: str, out: Path) -> ComparisonDir:
    """`kerasdeep.studies.compare_runs` says what is done and raised."""
    runs_by_variant: RunsByVariant = {}
    signatures: dict[str, dict[str, str]] = {}
    for run in run_dirs:
        result, leaves = facts.read_result(run), resolved.flatten_yaml(run.resolved.read_text(encoding="utf-8"))
        signature = reuse.run_signature(leaves, *reuse.SETTLED_PER_RUN)
        variant = next((other for other, other_signature in signatures.items() if other_signature == signature), None)
        seed = result.seed or 0
        if variant is None or seed in runs_by_variant[variant]:
            variant = run.path.name
            signatures[variant] = signature
        runs_by_variant.setdefault(variant, {})[seed] = run
    command = f"kerasdeep compare {' '.join(str(run.path) for run in run_dirs)}"
    return _write_comparison(out, {"name": name, "description": "", "command": command}, runs_by_variant, [])


def _run_trial(
    trial: Trial, *, out: Path, progress: str, say: Callable[[str], None], data_hashes: dict[str, str]
) -> RunDir:
    """The run of a trial: one that matches and is finished, else trained or resumed now."""
    run = reuse.find_reusable_run(out, trial.loaded.config, lambda: _data_hash(trial, data_hashes))
    if run is not None and facts.read_result(run).status in ("completed", "failed"):
        say(f"{trial.label}: {run.path} already exists, reused")
        return run
    say(f"{trial.label}: {'resuming' if run else 'training'}")
    run = _train_trial(trial, out, run, progress)
    say(f"{trial.label}: {_result_line(run)}")
    return run


def _train_trial(trial: Trial, out: Path, resumed_run: RunDir | None, progress: str) -> RunDir:
    """The trained run; one that fails counts as failed, and the others are compared."""
    try:
        run = train_and_report(trial.loaded, out, resumed_run, progress)
        assert run is not None
        return run
    except RunFailed as failure:
        if failure.run_path is None:
            raise
        return RunDir(failure.run_path)
    finally:
        _release_models()


def _release_models() -> None:
    """Dozens of networks in one process: what is no longer needed must not stay in memory."""
    import keras

    keras.backend.clear_session(free_memory=False)
    gc.collect()


def _data_hash(trial: Trial, data_hashes: dict[str, str]) -> str:
    """The hash of today's data; read once for each way in which trials read them."""
    config = trial.loaded.config
    key = repr((config.data, config.task))
    if key not in data_hashes:
        runtime.prepare(config.runtime, config.seed)
        from kerasdeep import data

        data_hashes[key] = data.load(config.data, config.task).hash
    return data_hashes[key]


def _result_line(run: RunDir) -> str:
    result = facts.read_result(run)
    name = headline(result.metrics)
    metric_text = f", {name.replace('_', ' ')} {significant(result.metrics[name])}" if name else ""
    return f"{result.status}{metric_text}, {result.seconds or 0:.1f} s of training"


def _command_line(study: Study, overrides: Overrides, seeds: int, out: Path) -> str:
    out_words = ["--out", str(out)] if out != Path("runs") else []
    words = ["kerasdeep", "compare", study.config_name, "--seeds", str(seeds)]
    return shlex.join([*words, *overrides.command_words(), *out_words])


def _write_comparison(
    out: Path, about: dict[str, str], runs_by_variant: RunsByVariant, claims: list[dict[str, Any]]
) -> ComparisonDir:
    folder = comparison_dir(out, about["name"])
    folder.write(
        {
            **about,
            "variants": [summary.summarize_variant(variant, runs) for variant, runs in runs_by_variant.items()],
            "paired": summary.paired_differences(runs_by_variant),
            "differences": config_diff.changed_settings(
                {variant: next(iter(runs.values())) for variant, runs in runs_by_variant.items()}
            ),
            "expect": claims,
            "less_is_better": list(filter(lower_is_better, summary.names_of_metrics(runs_by_variant))),
        }
    )
    report.write_comparison(folder)
    return folder
