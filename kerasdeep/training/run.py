"""The story of a run, from top to bottom: data, network, stages, model, evaluation."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

from kerasdeep import modeling
from kerasdeep.backends import distributed, runtime
from kerasdeep.config import resolved
from kerasdeep.config.load import LoadedConfig
from kerasdeep.config.root import Config
from kerasdeep.engine import checkpoint
from kerasdeep.engine.checkpoint import Position, Snapshot
from kerasdeep.errors import Interrupted
from kerasdeep.experiment import prepare
from kerasdeep.runs import RunDir, create_run_dir, write_json, write_text
from kerasdeep.training import (
    failures,
    freeze_check,
    interrupt,
    layer_transfer,
    phase,
    progress,
    results,
    resume_check,
    run_setup,
)
from kerasdeep.training.layer_monitor import LayerMonitor
from kerasdeep.training.phase import CheckpointPolicy, PhaseState, RunContext
from kerasdeep.training.tensorboard import TensorBoard
from kerasdeep.training.trainer import Trainer


def train_run(
    loaded: LoadedConfig,
    out: str | Path,
    resume: RunDir | None,
    machine: runtime.RuntimeContext,
    progress_mode: str,
    on_run_created: Callable[[RunDir], None] | None = None,
) -> RunDir:
    """Train and evaluate; `kerasdeep.training.train` says what is raised."""
    config, display = loaded.config, progress.make_display(progress_mode)
    experiment = prepare(config, machine, display.say)
    dataset, model, pretrained_log = experiment.dataset, experiment.model, experiment.pretrained_log
    for warning in [*loaded.warnings, *experiment.warnings]:
        if warning.name not in config.allow:
            display.say(str(warning))
    for sentence in run_setup.pretrained_summary(pretrained_log):
        display.say(sentence)
    compile_decision = experiment.compile_decision
    network_summary = modeling.describe_network(model, experiment.planned_layers)
    trainer = Trainer(experiment)
    phases = trainer.phases
    data_hash = experiment.data_hash
    environment = {**runtime.describe_environment(machine), "data_hash": data_hash}
    resolved_config = replace(
        config, runtime=replace(config.runtime, compile=compile_decision.choice, threads=machine.threads)
    )

    # Everything was checked: from here on there is a run.
    run = resume or create_run_dir(out, config.name)
    if on_run_created:
        on_run_created(run)
    with ExitStack() as stack:
        stack.enter_context(run.lock())
        if resume is None:
            loaded.copy_to(run.config)
            write_json(run.environment, environment)
            run.write_fact("data", dataset.profile)
            run.write_fact("network", network_summary)
            if pretrained_log:
                run.write_fact("pretrained", pretrained_log)
            run.write_fact("engine", results.engine_fact(phases[0], machine, compile_decision))
            dataset.preprocessing.save(run.preprocessing_npz, run.preprocessing_json)
        else:
            run.remove_unfinished_files()
            resume_check.check_data_unchanged(run, data_hash)
            for change in resume_check.changed_versions(run, environment):
                display.say(f"Not as when the run began, so the last digits may differ: {change}.")
        write_text(run.resolved, resolved.resolved_yaml(resolved_config))
        history_rows, position = _start_or_resume(run, trainer, display, resume is not None)
        stack.enter_context(
            _record_status(run, resolved_config, phases, history_rows)
        )  # with result.json it is a run that can be resumed
        stop_request = stack.enter_context(interrupt.handle_signals(display.say))
        stack.enter_context(display)
        tensorboard = TensorBoard(run.logs, display.say) if config.report.tensorboard else None
        monitors_layers = config.training.watch and machine.devices == 1  # a reading would wait for the other devices
        layer_monitor = (
            LayerMonitor(run, config, dataset, model, len(history_rows), tensorboard) if monitors_layers else None
        )

        for current_phase in phases[position.stage :]:
            if current_phase.index > position.stage:
                trainer.begin_phase(current_phase, len(history_rows))
                position = Position(current_phase.index)
            context = RunContext(
                history=run.history,
                history_rows=history_rows,
                display=display,
                tensorboard=tensorboard,
                layer_monitor=layer_monitor,
                checkpoint_policy=CheckpointPolicy(
                    config.training.checkpoint.every,
                    current_phase.steps_per_epoch,
                    current_phase.steps_per_epoch * current_phase.epochs,
                ),
                stop_requested=lambda: distributed.any_process(stop_request()),
                save_checkpoint=lambda position, current_phase=current_phase: _save_checkpoint(
                    run, trainer, current_phase, position, history_rows
                ),
            )
            phase.fit_phase(current_phase, position, context)
            check_result = trainer.end_phase(current_phase)
            if len(phases) > 1 or check_result["frozen"] or check_result["groups"]:
                display.say(freeze_check.check_summary(current_phase.name, check_result))
            if current_phase.transfer_log:
                display.say(layer_transfer.transfer_summary(current_phase.name, current_phase.transfer_log))
            results.write_reconstructions(run, current_phase)
            run.write_fact("stages", results.stages_fact(phases, "running"))
        if tensorboard:
            tensorboard.close()

        trainer.restore_trainable()
        results.save_model(model, run)
        results.write_weights_fact(model, run, phases[-1].plan.objective.head_layers)
        evaluation = results.evaluate_run(run, config, dataset, trainer.evaluation_phase())
        run.write_fact("engine", results.engine_fact(phases[-1], machine, compile_decision))
        run.write_fact("stages", results.stages_fact(phases, "completed"))
        results.write_result(
            run, resolved_config, "completed", history_rows, phases, task=dataset.targets[0].kind, **evaluation
        )
    return run


def _start_or_resume(
    run: RunDir, trainer: Trainer, display: progress.NullProgress, is_resuming: bool
) -> tuple[list[dict[str, Any]], Position]:
    """The rows so far and where to go on; a resumed history forgets what came after the checkpoint.

    A run that was killed before its first checkpoint begins anew, which gives the same bits.
    """
    if not is_resuming:
        return [], Position()
    if not checkpoint.exists(run.checkpoints):
        run.history.replace([])
        display.say(f"{run.path} had not reached its first checkpoint; it starts from the beginning.")
        return [], Position()
    snapshot, arrays, skipped_messages = checkpoint.read(run.checkpoints)
    for sentence in skipped_messages:
        display.say(sentence)
    current_phase = trainer.phases[snapshot.position.stage]
    checkpoint.assign_other_models(trainer.other_models(current_phase), arrays)
    if current_phase.index:
        earlier_phases = trainer.phases[: current_phase.index]
        earlier_names = [stage.name for stage in earlier_phases]
        trainer.begin_phase(current_phase, sum(row["stage"] in earlier_names for row in snapshot.history))
        recorded_facts = {stage["name"]: stage for stage in run.read_fact("stages") or ()}
        for earlier_phase in earlier_phases:
            earlier_phase.resumed_fact = recorded_facts.get(earlier_phase.name)
    checkpoint.assign(current_phase.model, arrays)
    current_phase.frozen_digests = snapshot.facts.get("frozen", current_phase.frozen_digests)
    for name, callback in current_phase.callbacks.items():
        callback.load_state_dict(snapshot.callbacks[name])
    run.history.replace(snapshot.history)
    history_rows = list(snapshot.history)
    display.say(f"Resuming {run.path} after {len(history_rows)} epochs and {snapshot.position.step} steps.")
    return history_rows, snapshot.position


def _save_checkpoint(
    run: RunDir, trainer: Trainer, current_phase: PhaseState, position: Position, history_rows: list[dict[str, Any]]
) -> None:
    callback_states = {name: callback.state_dict() for name, callback in current_phase.callbacks.items()}
    facts = {"frozen": current_phase.frozen_digests} if current_phase.frozen_digests else {}
    snapshot = Snapshot(position, history_rows, callback_states, facts)
    checkpoint.save(run.checkpoints, current_phase.model, snapshot, trainer.other_models(current_phase))


@contextmanager
def _record_status(
    run: RunDir, config: Config, phases: list[PhaseState], history_rows: list[dict[str, Any]]
) -> Iterator[None]:
    """Write how the run stands: running while the block lasts, and what became of it when it ends badly."""

    def write(status: str, **more: Any) -> None:
        # A full disk must not hide the error that it caused; without a lock, `running` reads as interrupted.
        with suppress(OSError):
            run.write_fact("stages", results.stages_fact(phases, status))
            results.write_result(run, config, status, history_rows, phases, **more)

    write("running")
    try:
        yield
    except (Interrupted, KeyboardInterrupt):
        write("interrupted")
        raise Interrupted(f"Interrupted. Go on with: kerasdeep train {run.path} --resume") from None
    except Exception as error:
        failure = failures.classify_run_error(error, run, config)
        write("failed", error=str(failure or error))
        if failure is None:
            raise
        raise failure from error
