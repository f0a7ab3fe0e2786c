"""`kerasdeep validate`: every problem of every file, of its paths and CSV headers, without Keras or NumPy."""

from __future__ import annotations

from dataclasses import replace

from kerasdeep import spec
from kerasdeep.cli.ending import say_problems
from kerasdeep.cli.paths import config_path
from kerasdeep.data import sources
from kerasdeep.errors import InputError, Problem
from kerasdeep.spec.experiment import Spec
from kerasdeep.spec.pretraining import WITHOUT_LABELS


def validate(configs: list[str], sets: list[str], as_json: bool) -> int:
    """Says what is wrong and returns the exit code: 0 where there is no error, warnings or not."""
    problems: list[Problem] = []
    for config in configs:
        try:
            loaded = spec.load(config_path(config), sets)
            problems += [*loaded.warnings, *_of_data(loaded.spec)]
        except InputError as error:
            problems += error.problems
    errors = [problem for problem in problems if problem.severity == "error"]
    if problems or as_json:
        say_problems(problems, as_json)
    if not as_json and not errors:
        what = configs[0] if len(configs) == 1 else f"{len(configs)} files"
        print(f"{what}: valid" + (f", {len(problems)} warnings" if problems else ""))
    return InputError.exit_code if errors else 0


def _of_data(whole: Spec) -> list[Problem]:
    """What is wrong with the data of the run and of the stages that learn from data of their own."""
    found = sources.problems(whole.data)
    for stage in whole.stages:
        kind = stage.pretrain.kind if stage.pretrain else None
        section = getattr(kind, "data", None)
        if section is not None:
            if isinstance(kind, WITHOUT_LABELS) and section.source != whole.data.source:
                section = replace(section, target=None, features=None, drop=[])  # these are of the run's own table
            found += [problem for problem in sources.problems(section) if problem not in found]
    return found
