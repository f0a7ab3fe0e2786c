"""The story of a run, from top to bottom: data, network, stages, model, evaluation."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

from kerasdeep import build, run_dir, runtime
from kerasdeep.errors import Interrupted
from kerasdeep.run_dir import RunDir
from kerasdeep.spec import resolved
from kerasdeep.spec.experiment import Spec
from kerasdeep.spec.load import Loaded
from kerasdeep.spec.lowering import lower
from kerasdeep.training import (
    checkpoint,
    failures,
    finishing,
    handing,
    interrupt,
    lessons,
    preparing,
    progress,
    proof,
    resuming,
    stage,
    together,
)
from kerasdeep.training.checkpoint import Position, Snapshot
from kerasdeep.training.course import Course
from kerasdeep.training.health import Health
from kerasdeep.training.stage import Saving, Stage, Surroundings
from kerasdeep.training.tensorboard import TensorBoard


def tell(
    loaded: Loaded,
    out: str | Path,
    resume: RunDir | None,
    machine: runtime.Runtime,
    mode: str,
    begun: Callable[[RunDir], None] | None = None,
) -> RunDir:
    """Train and evaluate; `kerasdeep.training.train` says what is raised."""
    spec, screen = loaded.spec, progress.choose(mode)
    preparing.check_devices(spec, machine)
    dataset = preparing.data_of(spec, machine, screen.say)
    planned = lower(spec, build.heads_of(dataset), dataset.input_shapes, build.features_of(dataset))
    reused: list[dict[str, Any]] = []
    model = build.network_of(spec, planned, dataset, reused)
    taught = lessons.of(spec, planned, model, dataset, screen.say)
    for warning in [*loaded.warnings, *lessons.warnings(taught, dataset), *lessons.step_problems(spec, taught)]:
        if warning.name not in spec.allow:
            screen.say(str(warning))
    for sentence in preparing.said_of(reused):
        screen.say(sentence)
    choice = preparing.compile_rule(spec, model, lessons.steps(spec, taught), machine)
    network = build.describe(model, planned)
    course = Course(spec, taught, choice.xla)
    stages = course.stages
    digest = lessons.digest(taught, dataset)
    environment = {**runtime.environment(machine), "data_hash": digest}
    settled = replace(spec, runtime=replace(spec.runtime, compile=choice.choice, threads=machine.threads))

    # Everything was checked: from here on there is a run.
    run = resume or run_dir.create(out, spec.name)
    if begun:
        begun(run)
    with ExitStack() as stack:
        stack.enter_context(run.lock())
        if resume is None:
            shutil.copyfile(loaded.path, run.config)
            run_dir.write_json(run.environment, environment)
            run.write_fact("data", dataset.profile)
            run.write_fact("network", network)
            if reused:
                run.write_fact("pretrained", reused)
            run.write_fact("engine", finishing.engine_fact(stages[0], machine, choice))
            dataset.preprocessing.save(run.preprocessing_npz, run.preprocessing_json)
        else:
            run.sweep()
            resuming.check_data(run, digest)
            for change in resuming.other_versions(run, environment):
                screen.say(f"Not as when the run began, so the last digits may differ: {change}.")
        run_dir.write_text(run.resolved, resolved.text(settled))
        rows, position = _begin_or_resume(run, course, screen, resume is not None)
        stack.enter_context(
            _outcome(run, settled, stages, rows)
        )  # with result.json it is a run that can be resumed
        stop = stack.enter_context(interrupt.listening(screen.say))
        stack.enter_context(screen)
        tensorboard = TensorBoard(run.logs, screen.say) if spec.report.tensorboard else None
        watched = spec.training.watch and machine.devices == 1  # a reading would wait for the other devices
        health = Health(run, spec, dataset, model, len(rows), tensorboard) if watched else None

        for current in stages[position.stage :]:
            if current.number > position.stage:
                course.enter(current, len(rows))
                position = Position(current.number)
            around = Surroundings(
                history=run.history,
                rows=rows,
                screen=screen,
                tensorboard=tensorboard,
                health=health,
                saving=Saving(
                    spec.training.checkpoint.every,
                    current.steps_per_epoch,
                    current.steps_per_epoch * current.epochs,
                ),
                stop=lambda: together.anyone(stop()),
                save=lambda position, current=current: _save(run, course, current, position, rows),
            )
            stage.run(current, position, around)
            shown = course.leave(current)
            if len(stages) > 1 or shown["frozen"] or shown["groups"]:
                screen.say(proof.sentence(current.name, shown))
            if current.handed:
                screen.say(handing.sentence(current.name, current.handed))
            finishing.write_reconstructions(run, current)
            run.write_fact("stages", finishing.stages_fact(stages, "running"))
        if tensorboard:
            tensorboard.close()

        course.thaw()
        finishing.save_model(model, run)
        finishing.write_weights(model, run, stages[-1].part.lesson.heads)
        figures = finishing.evaluate_run(run, spec, dataset, course.whole())
        run.write_fact("engine", finishing.engine_fact(stages[-1], machine, choice))
        run.write_fact("stages", finishing.stages_fact(stages, "completed"))
        finishing.write_result(run, settled, "completed", rows, stages, task=dataset.targets[0].kind, **figures)
    return run


def _begin_or_resume(
    run: RunDir, course: Course, screen: progress.Silent, resuming_run: bool
) -> tuple[list[dict[str, Any]], Position]:
    """The rows so far and where to go on; a resumed history forgets what came after the checkpoint.

    A run that was killed before its first checkpoint begins anew, which gives the same bits.
    """
    if not resuming_run:
        return [], Position()
    if not checkpoint.exists(run.checkpoints):
        run.history.replace([])
        screen.say(f"{run.path} had not reached its first checkpoint; it starts from the beginning.")
        return [], Position()
    snapshot, arrays, passed = checkpoint.read(run.checkpoints)
    for sentence in passed:
        screen.say(sentence)
    current = course.stages[snapshot.position.stage]
    checkpoint.assign_others(course.others(current), arrays)
    if current.number:
        before = course.stages[: current.number]
        names = [stage.name for stage in before]
        course.enter(current, sum(row["stage"] in names for row in snapshot.history))
        told = {stage["name"]: stage for stage in run.read_fact("stages") or ()}
        for ended in before:
            ended.told = told.get(ended.name)
    checkpoint.assign(current.model, arrays)
    current.frozen = snapshot.facts.get("frozen", current.frozen)
    for name, watcher in current.watchers.items():
        watcher.load_state_dict(snapshot.watchers[name])
    run.history.replace(snapshot.history)
    rows = list(snapshot.history)
    screen.say(f"Resuming {run.path} after {len(rows)} epochs and {snapshot.position.step} steps.")
    return rows, snapshot.position


def _save(run: RunDir, course: Course, current: Stage, position: Position, rows: list[dict[str, Any]]) -> None:
    watchers = {name: watcher.state_dict() for name, watcher in current.watchers.items()}
    facts = {"frozen": current.frozen} if current.frozen else {}
    snapshot = Snapshot(position, rows, watchers, facts)
    checkpoint.save(run.checkpoints, current.model, snapshot, course.others(current))


@contextmanager
def _outcome(run: RunDir, spec: Spec, stages: list[Stage], rows: list[dict[str, Any]]) -> Iterator[None]:
    """Write how the run stands: running while the block lasts, and what became of it when it ends badly."""

    def write(status: str, **more: Any) -> None:
        # A full disk must not hide the error that it caused; without a lock, `running` reads as interrupted.
        with suppress(OSError):
            run.write_fact("stages", finishing.stages_fact(stages, status))
            finishing.write_result(run, spec, status, rows, stages, **more)

    write("running")
    try:
        yield
    except (Interrupted, KeyboardInterrupt):
        write("interrupted")
        raise Interrupted(f"Interrupted. Go on with: kerasdeep train {run.path} --resume") from None
    except Exception as error:
        failure = failures.of_run(error, run, spec)
        write("failed", error=str(failure or error))
        if failure is None:
            raise
        raise failure from error
