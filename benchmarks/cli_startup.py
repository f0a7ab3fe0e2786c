"""What the command line costs before any work: CPU seconds and memory of `--help` and of `validate` on every file.

    python benchmarks/cli_startup.py [FILE ...]

Each command is a fresh process with bytecode cached, run several times; the least CPU time counts, because other
jobs on the machine only ever add to it. `validate` may take at most 2.5 times `--help` and 80 MB, and
`import kerasdeep`, which imports no standard module, 1.2 times a bare Python; the script ends with 1 where one takes
more. It also says which modules that nobody needs here were imported.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from dataclasses import dataclass

from kerasdeep import collection

RUNS = 5
MAX_RATIO, MAX_MEGABYTES, MAX_IMPORT_RATIO = 2.5, 80, 1.2
FORBIDDEN_MODULES = ("keras", "tensorflow", "jax", "numpy", "pandas", "sklearn", "pydantic")


@dataclass(frozen=True)
class Cost:
    """CPU seconds, and megabytes at the highest."""

    seconds: float
    megabytes: float


def measure_cost(*command: str, runs: int = RUNS) -> Cost:
    """The least of several fresh processes of `python ...`."""
    costs = [_run_once(command) for _ in range(runs)]
    return Cost(min(run_cost.seconds for run_cost in costs), min(run_cost.megabytes for run_cost in costs))


def _run_once(command: tuple[str, ...]) -> Cost:
    # wait4 gives this child's own usage; the children's sum would keep the largest peak of all.
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONDONTWRITEBYTECODE"}
    environment["PYTHONPYCACHEPREFIX"] = BYTECODE_CACHE.name
    child = subprocess.Popen(
        [sys.executable, *command], env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    _, status, usage = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode not in (0, 2):
        raise SystemExit(f"{' '.join(command)} ended with {child.returncode}")
    scale = 1 if sys.platform == "darwin" else 1024
    return Cost(usage.ru_utime + usage.ru_stime, usage.ru_maxrss * scale / 1e6)


def forbidden_imports(*arguments: str) -> list[str]:
    """Which of the forbidden modules the command imports."""
    code = "import sys; from kerasdeep.cli import exit_codes, app\n"
    code += f"exit_codes.run_app(app.app, {list(arguments)!r})\n"
    code += f"print(*(name for name in {FORBIDDEN_MODULES!r} if name in sys.modules), file=sys.stderr)"
    completed = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return completed.stderr.splitlines()[-1].split()


BYTECODE_CACHE = tempfile.TemporaryDirectory(prefix="kerasdeep-bytecode-")


def main(files: list[str]) -> int:
    """Prints the table and returns the exit code."""
    files = files or [str(path) for path in collection.collection_files().values()]
    measure_cost("-m", "kerasdeep", "validate", files[0], runs=1)
    rows = {
        "python alone": measure_cost("-c", "pass", runs=15),
        "import kerasdeep": measure_cost("-c", "import kerasdeep", runs=15),
        "import typer, rich": measure_cost("-c", "import typer, rich"),
        "kerasdeep --help": measure_cost("-m", "kerasdeep", "--help"),
    }
    base = rows["kerasdeep --help"].seconds
    rows |= {f"validate {os.path.relpath(file)}": measure_cost("-m", "kerasdeep", "validate", file) for file in files}
    width = max(map(len, rows))
    print(f"{'':{width}}  CPU seconds  times --help      MB")
    import_ratio = rows["import kerasdeep"].seconds / rows["python alone"].seconds
    too_expensive = ["import kerasdeep"] if import_ratio > MAX_IMPORT_RATIO else []
    for name, row_cost in rows.items():
        print(f"{name:{width}}  {row_cost.seconds:11.3f}  {row_cost.seconds / base:12.2f}  {row_cost.megabytes:6.1f}")
        if name.startswith("validate") and (row_cost.seconds > MAX_RATIO * base or row_cost.megabytes > MAX_MEGABYTES):
            too_expensive.append(name)
    print(f"import kerasdeep takes {import_ratio:.2f} times python alone; at most {MAX_IMPORT_RATIO} is wanted")
    forbidden = forbidden_imports("validate", files[0])
    print(f"imported without need: {', '.join(forbidden) or 'nothing'}")
    return 1 if too_expensive or forbidden else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
