"""The main path of a run: prepare, open or resume, train phase after phase, evaluate, finish."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any

from kerasdeep.backends import distributed
from kerasdeep.backends.runtime import RuntimeContext
from kerasdeep.config.load import LoadedConfig
from kerasdeep.engine import checkpoint
from kerasdeep.engine.checkpoint import Position, Snapshot
from kerasdeep.errors import InputError
from kerasdeep.experiment import Experiment, prepare
from kerasdeep.runs import RunDir, create_run_dir, death, facts
from kerasdeep.training import RunListener, failures, interrupt, layer_transfer, results, resume_check, run_record
from kerasdeep.training.callbacks import RunContext, build_callbacks, load_states
from kerasdeep.training.callbacks.freeze_check import FreezeCheck, check_summary
from kerasdeep.training.callbacks.progress import NullProgress, make_progress
from kerasdeep.training.callbacks.tensorboard import TensorBoard
from kerasdeep.training.phase import PhaseState
from kerasdeep.training.phase_plan import PhasePlan
from kerasdeep.training.run_record import RunRecord
from kerasdeep.training.trainer import Trainer


def train_run(
    loaded: LoadedConfig,
    out: str | Path,
    resume: RunDir | None,
    runtime: RuntimeContext,
    progress_mode: str,
    listener: RunListener | None = None,
) -> RunDir:
    """Train and evaluate, in the runtime that is prepared; `kerasdeep.training.train` has arguments and errors."""
    progress = make_progress(progress_mode, listener)
    experiment = prepare(loaded.config, runtime, progress.say)
    _announce(loaded, experiment, progress)
    trainer = Trainer(experiment)
    # Everything was checked: from here on there is a run.
    run = resume or create_run_dir(out, str(experiment.config.name))
    if resume is not None and (error := facts.read_result(resume).error):
        progress.say(f"{resume.path}: {error}")
    with _attached(run), run.lock(), death.record_crash(run.crash_log):
        rows, position = _start(run, loaded, trainer) if resume is None else _resume(run, trainer, progress)
        record = RunRecord(run, trainer, rows)
        with (
            record.status(),
            interrupt.handle_signals(progress.say) as stop,
            progress,
            _tensorboard(run, experiment, progress) as tensorboard,
        ):
            context = RunContext(run, experiment, rows, progress, tensorboard, listener)
            for plan in trainer.plans[position.stage :]:
                phase = trainer.phase if plan.index == trainer.phase.index else trainer.begin_phase(plan, len(rows))
                callbacks = build_callbacks(phase, context, trainer.other_models(plan))
                trainer.fit(callbacks, position, lambda: distributed.any_process(stop()))
                _finish_phase(phase, record, progress)
                position = Position(plan.index + 1)
            phase = trainer.evaluation_phase()
            results.save_model(experiment.model, run)
            results.write_weights_fact(experiment.model, run, phase.plan.objective.head_layers)
            results.write_augmentation(run, experiment)
            evaluation = results.evaluate_run(run, experiment, phase, len(rows))
            run.write_fact("engine", results.engine_fact(trainer.phase, experiment))
            record.write("completed", task=experiment.dataset.targets[0].kind, **evaluation)
    return run


def _announce(loaded: LoadedConfig, experiment: Experiment, progress: NullProgress) -> None:
    """Warnings, and what became of pretrained layers: one line in all, one for each that was skipped or mended."""
    for warning in [*loaded.warnings, *experiment.warnings]:
        if warning.name not in experiment.config.allow:
            progress.say(str(warning))
    log = experiment.pretrained_log
    if not log:
        return
    counts = {kind: sum(row["became"] == kind for row in log) for kind in ("loaded", "skipped", "new")}
    progress.say(f"Pretrained layers: {', '.join(f'{count} {kind}' for kind, count in counts.items())}.")
    unusual = [row for row in log if row["became"] == "mended" or row["why"] not in ("", "not kept")]
    for row in unusual[:20]:
        progress.say(f"  {row['became']:8} {row['layer']}: {row['why']}")


def _start(run: RunDir, loaded: LoadedConfig, trainer: Trainer) -> tuple[list[dict[str, Any]], Position]:
    run_record.write_start(run, loaded, trainer)
    run_record.write_resolved(run, trainer.experiment)
    return [], Position()


def _resume(run: RunDir, trainer: Trainer, progress: NullProgress) -> tuple[list[dict[str, Any]], Position]:
    """The history so far and where to go on; what came after the checkpoint is removed from the history.

    A run that was killed before its first checkpoint starts again, which gives the same bits.
    """
    run.remove_unfinished_files()
    resume_check.check_data_unchanged(run, trainer.experiment.data_hash)
    for change in resume_check.changed_versions(run, run_record.environment(trainer.experiment)):
        progress.say(f"Changed since the run started, so results may differ in the last digits: {change}.")
    run_record.write_resolved(run, trainer.experiment)
    if not checkpoint.exists(run.checkpoints):
        run.history.replace([])
        progress.say(f"{run.path} has no checkpoint yet; starting from the beginning.")
        return [], Position()
    snapshot, arrays, skipped_messages = checkpoint.read(run.checkpoints)
    for message in skipped_messages:
        progress.say(message)
    plan = _plan_at(snapshot, trainer, run)
    checkpoint.assign_other_models(trainer.other_models(plan), arrays)
    if plan.index:
        earlier_names = [earlier_plan.name for earlier_plan in trainer.plans[: plan.index]]
        trainer.begin_phase(plan, sum(row["stage"] in earlier_names for row in snapshot.history))
    checkpoint.assign(trainer.phase.model, arrays)
    load_states(trainer.phase.callbacks, snapshot)
    run.history.replace(snapshot.history)
    rows = list(snapshot.history)
    progress.say(f"Resuming {run.path} after {len(rows)} epochs and {snapshot.position.step} steps.")
    return rows, snapshot.position


def _plan_at(snapshot: Snapshot, trainer: Trainer, run: RunDir) -> PhasePlan:
    """The phase that the checkpoint was saved in. Raises InputError for a place or a history that this run has not."""
    position = snapshot.position
    plan = trainer.plans[position.stage] if position.stage < len(trainer.plans) else None
    names = {plan.name for plan in trainer.plans}
    sound_rows = all(
        row.get("stage") in names and isinstance(row.get("epoch"), int) and isinstance(row.get("seconds"), int | float)
        for row in snapshot.history
    )
    no_loss = position.logs is not None and "loss" not in position.logs
    if plan is None or position.step > plan.steps_per_epoch or no_loss or not sound_rows:
        message = f"The newest checkpoint in {run.checkpoints} is of another run. Start a new run."
        raise InputError(message, "checkpoint")
    return plan


def _finish_phase(phase: PhaseState, record: RunRecord, progress: NullProgress) -> None:
    """Says what was checked and transferred, and writes the facts of the phase."""
    freeze_check = phase.callbacks["freeze_check"]
    assert isinstance(freeze_check, FreezeCheck) and freeze_check.result
    if not (phase.index == 0 and phase.plan.is_last) or freeze_check.result["frozen"] or freeze_check.result["groups"]:
        progress.say(check_summary(phase.name, freeze_check.result))
    if phase.transfer_log:
        progress.say(layer_transfer.transfer_summary(phase.name, phase.transfer_log))
    results.write_reconstructions(record.run, phase)
    record.write_stages()


@contextmanager
def _attached(run: RunDir) -> Iterator[None]:
    """An error inside knows the run that it ended."""
    try:
        yield
    except BaseException as error:
        failures.attach_run(error, run)
        raise


def _tensorboard(run: RunDir, experiment: Experiment, progress: NullProgress) -> TensorBoard | nullcontext[None]:
    return TensorBoard(run.logs, progress.say) if experiment.config.report.tensorboard else nullcontext()
