"""`kerasdeep validate`: every problem of every file, of its paths and CSV headers, without Keras or NumPy."""

from __future__ import annotations

from dataclasses import replace

from kerasdeep.cli.exit_codes import print_problems
from kerasdeep.collection import config_path
from kerasdeep.config import load_config
from kerasdeep.config.root import Config
from kerasdeep.config.sections.pretraining import LABEL_FREE_PRETEXTS
from kerasdeep.data import sources
from kerasdeep.errors import InputError, Problem


def validate(configs: list[str], sets: list[str], as_json: bool) -> int:
    """Says what is wrong and returns the exit code: 0 where there is no error, warnings or not."""
    problems: list[Problem] = []
    for config_name in configs:
        try:
            loaded = load_config(config_path(config_name), sets)
            problems += [*loaded.warnings, *_data_problems(loaded.config)]
        except InputError as error:
            problems += error.problems
    errors = [problem for problem in problems if problem.severity == "error"]
    if problems or as_json:
        print_problems(problems, as_json)
    if not as_json and not errors:
        checked = configs[0] if len(configs) == 1 else f"{len(configs)} files"
        print(f"{checked}: valid" + (f", {len(problems)} warnings" if problems else ""))
    return InputError.exit_code if errors else 0


def _data_problems(experiment: Config) -> list[Problem]:
    """What is wrong with the data of the run and of the stages that learn from data of their own."""
    problems = sources.check_sources(experiment.data)
    for stage in experiment.stages:
        pretext = stage.pretrain.kind if stage.pretrain else None
        section = getattr(pretext, "data", None)
        if section is not None:
            if isinstance(pretext, LABEL_FREE_PRETEXTS) and section.source != experiment.data.source:
                section = replace(section, target=None, features=None, drop=[])  # these are of the run's own table
            problems += [problem for problem in sources.check_sources(section) if problem not in problems]
    return problems
