"""The story of a comparison: read the study, train what is missing, gather the figures, judge, write the page."""

from __future__ import annotations

import gc
import shlex
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from kerasdeep import report, run_dir, runtime, shipped, training
from kerasdeep.comparing import differences, figures, gathering, judging, matching, study
from kerasdeep.comparing.study import Arm, Study, Wishes
from kerasdeep.errors import Interrupted, RunFailed
from kerasdeep.run_dir import ComparisonDir, RunDir
from kerasdeep.spec import resolved

Runs = dict[str, dict[int, RunDir]]
"""By variant and seed."""


def of_study(path: Path, wishes: Wishes, out: Path, mode: str, say: Callable[[str], None]) -> ComparisonDir:
    """`kerasdeep.comparing.compare_study` says what is done and raised."""
    planned = study.read(path, wishes)
    runs: Runs = {}
    hashes: dict[str, str] = {}
    for number, arm in enumerate(planned.arms, 1):
        run = matching.find(out, arm.loaded.spec, lambda arm=arm: _data_hash(arm, hashes))
        done = run is not None and run.read_result()["status"] in ("completed", "failed")
        where = f"[{number}/{len(planned.arms)}] {arm.variant}, seed {arm.seed}"
        if done:
            say(f"{where}: {run.path} is there already")
        else:
            say(f"{where}: {'goes on' if run else 'training'}")
            try:
                run = _train(arm, out, run, mode)
            except Interrupted:
                raise Interrupted(f"Interrupted. Go on with: {_command(planned, wishes, out)}") from None
            say(f"{where}: {_said(run)}")
        runs.setdefault(arm.variant, {})[arm.seed] = run
    claims = judging.judge(planned.expect, runs, planned.named) if planned.judged else []
    return _write(out, planned.name, _command(planned, wishes, out), planned.description, runs, claims)


def of_runs(runs: Sequence[RunDir], name: str, out: Path) -> ComparisonDir:
    """`kerasdeep.comparing.compare_runs` says what is done and raised."""
    grouped: Runs = {}
    signatures: dict[str, dict[str, str]] = {}
    for run in runs:
        result, leaves = run.read_result(), resolved.leaves(run.resolved.read_text(encoding="utf-8"))
        own = matching.signature(leaves, "seed", "runtime.compile")
        variant = next((known for known, other in signatures.items() if other == own), None)
        seed = int(result["seed"])
        if variant is None or seed in grouped[variant]:
            variant = run.path.name
            signatures[variant] = own
        grouped.setdefault(variant, {})[seed] = run
    command = f"kerasdeep compare {' '.join(str(run.path) for run in runs)}"
    return _write(out, name, command, "", grouped, [])


def _train(arm: Arm, out: Path, begun: RunDir | None, mode: str) -> RunDir:
    """A run of its own with its report; one that fails is told of as failed."""
    runs: list[RunDir] = []
    try:
        training.train(arm.loaded, out, begun, mode, runs.append)
    except RunFailed:
        if not runs:
            raise
    finally:
        for run in runs:
            report.write(run)
        _forget_models()
    return runs[0]


def _forget_models() -> None:
    """Dozens of networks in one process: what nobody needs any more must not stay in memory."""
    import keras

    keras.backend.clear_session(free_memory=False)
    gc.collect()


def _data_hash(arm: Arm, known: dict[str, str]) -> str:
    """What the data are today; read once for every way in which the arms look at them."""
    section = arm.loaded.spec.data
    key = repr((section, arm.loaded.spec.task))
    if key not in known:
        runtime.prepare(arm.loaded.spec.runtime, arm.loaded.spec.seed)
        from kerasdeep import data

        known[key] = data.load(section, arm.loaded.spec.task).hash
    return known[key]


def _said(run: RunDir) -> str:
    result = run.read_result()
    headline = gathering.headline(result)
    figure = f", {headline.replace('_', ' ')} {result['metrics'][headline]:.4g}" if headline else ""
    return f"{result['status']}{figure}, {result['seconds']:.1f} s of training"


def _command(planned: Study, wishes: Wishes, out: Path) -> str:
    options = [f"--seeds {wishes.seeds}", *(f"--set {shlex.quote(text)}" for text in wishes.sets)]
    options += [f"--profile {wishes.profile}"] if wishes.profile else []
    options += [f"{option} {text}" for option, text in wishes.flags.values()]
    options += [f"--out {shlex.quote(str(out))}"] if out != Path("runs") else []
    is_shipped = shipped.all_files().get(planned.path.stem) == planned.path
    named = planned.path.stem if is_shipped else shlex.quote(str(planned.path))
    return f"kerasdeep compare {named} {' '.join(options)}"


def _write(
    out: Path,
    name: str,
    command: str,
    description: str,
    runs: Mapping[str, Mapping[int, RunDir]],
    claims: list[dict[str, Any]],
) -> ComparisonDir:
    folder = run_dir.comparison(out, name)
    folder.write(
        {
            "name": name,
            "description": description,
            "command": command,
            "variants": [gathering.variant(variant, found) for variant, found in runs.items()],
            "paired": gathering.paired(runs),
            "differences": differences.between({variant: next(iter(of.values())) for variant, of in runs.items()}),
            "expect": claims,
            "less_is_better": [name for name in gathering.metric_names(runs) if figures.less_is_better(name)],
        }
    )
    report.write_comparison(folder)
    return folder
