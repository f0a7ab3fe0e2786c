"""A comparison from top to bottom: run the trials, summarize them, judge the claims, write the page."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from kerasdeep import report
from kerasdeep.catalog.traits import lower_is_better
from kerasdeep.config import Overrides
from kerasdeep.config.load import ConfigSource, recorded_settings
from kerasdeep.errors import Interrupted
from kerasdeep.runs import ComparisonDir, RunDir, comparison_dir, facts
from kerasdeep.studies import claim_results, config_diff, out_of_fold, reuse, summary
from kerasdeep.studies.board import Board
from kerasdeep.studies.executors import EXECUTORS, choose_executor
from kerasdeep.studies.run_trial import TrialEnd
from kerasdeep.studies.study import RunKey, RunsByVariant, Study, command_words, load_study
from kerasdeep.studies.trial import Trial


def run_study(
    config: ConfigSource,
    overrides: Overrides,
    seeds: int,
    out: Path,
    progress: str,
    jobs: int | None,
    folds: int | None,
) -> ComparisonDir:
    """`kerasdeep.studies.compare_study` says what is done and raised."""
    study = load_study(config, overrides, seeds, folds)
    command = _command_line(study, overrides, seeds, out)
    host = _ComparedTrials(study, out)
    executor, count = choose_executor(study.trials, jobs)
    try:
        with Board(progress) as board:
            EXECUTORS[executor](host, count, board)
    except Interrupted:
        raise Interrupted(f"Interrupted. Continue with: {command}") from None
    claims = claim_results.evaluate_claims(study.claims, host.runs, study.claims_name_variant)
    about = {"name": study.name, "description": study.description, "command": command, "folds": folds}
    folder = _write_comparison(out, about, host.runs, claims)
    if folds:
        out_of_fold.merge_tables(folder, host.runs)
    return folder


class _ComparedTrials:
    """The `TrialHost` of a comparison: every trial once, none ended early."""

    def __init__(self, study: Study, out: Path) -> None:
        self.out = out
        self._left = list(study.trials)
        self._runs: dict[str, RunDir] = {}
        self._trials = study.trials

    def next_trial(self) -> Trial | None:
        return self._left.pop(0) if self._left else None

    def on_epoch(self, trial: Trial, row: dict[str, Any]) -> bool:
        return True

    def on_end(self, trial: Trial, end: TrialEnd) -> None:
        self._runs[trial.label] = end.run

    @property
    def runs(self) -> RunsByVariant:
        """In the order of the study, whatever ended first."""
        runs: RunsByVariant = {}
        for trial in self._trials:
            runs.setdefault(trial.variant, {})[RunKey(trial.seed, trial.fold)] = self._runs[trial.label]
        return runs


def compare_runs(run_dirs: Sequence[RunDir], name: str, out: Path) -> ComparisonDir:
    """`kerasdeep.studies.compare_runs` says what is done and raised."""
    runs_by_variant: RunsByVariant = {}
    signatures: dict[str, dict[str, str]] = {}
    for run in run_dirs:
        result, leaves = facts.read_result(run), recorded_settings(run.read_resolved())
        signature = reuse.run_signature(leaves, *reuse.SETTLED_PER_RUN)
        variant = next((other for other, other_signature in signatures.items() if other_signature == signature), None)
        key = RunKey(result.seed or 0)
        if variant is None or key in runs_by_variant[variant]:
            variant = run.path.name
            signatures[variant] = signature
        runs_by_variant.setdefault(variant, {})[key] = run
    command = f"kerasdeep compare {' '.join(str(run.path) for run in run_dirs)}"
    about = {"name": name, "description": "", "command": command, "folds": None}
    return _write_comparison(out, about, runs_by_variant, [])


def _command_line(study: Study, overrides: Overrides, seeds: int, out: Path) -> str:
    out_words = ["--out", str(out)] if out != Path("runs") else []
    words = [*command_words("compare", study.loaded), "--seeds", str(seeds)]
    words += ["--folds", str(study.folds)] if study.folds else []
    return shlex.join([*words, *overrides.command_words(), *out_words])


def _write_comparison(
    out: Path, about: dict[str, Any], runs_by_variant: RunsByVariant, claims: list[dict[str, Any]]
) -> ComparisonDir:
    folder = comparison_dir(out, about["name"])
    folder.write(
        {
            **about,
            "variants": [summary.summarize_variant(variant, runs) for variant, runs in runs_by_variant.items()],
            "verdict": summary.judge(runs_by_variant),
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
