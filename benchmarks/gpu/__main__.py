"""kerasdeep on a GPU, beside `fit`, PyTorch and loops by hand; one table, resumed where it stopped.

    python -m benchmarks.gpu [--section NAME …] [--data FOLDER] [--out FOLDER] [--rows N] [--quick] [--device cpu]

Sections, most valuable first: dense, cnn, programs, seeds, resnet9, wide, kill, bits (`sections.py` describes
them). Each part of a section runs in a process of its own, a section for at most four minutes, with the JAX backend.
What is measured is kept in `OUT/<section>.json` at once, and not measured again. --data is a folder with
Fashion-MNIST's idx files or a CIFAR-10 `.npz` somewhere in it; what is missing is made up, in the same shapes. Needs
no network. Ctrl-C prints the table of what there is.
"""

from __future__ import annotations

import argparse
import importlib
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from benchmarks.gpu.record import Options, Record, print_table
from benchmarks.gpu.sections import SECTIONS

SECTION_SECONDS = 240
QUICK_SECONDS = 1200
"""With --quick, which is for machines that are slow or busy."""


def main() -> int:
    options, sections, part = _parse(sys.argv[1:])
    if part:
        section, name = part.split(":")
        module, function = SECTIONS[section][name].split(".")
        record = Record(options.out, section)
        getattr(importlib.import_module(f"benchmarks.gpu.{module}"), function)(options, record)
        record.finish(name)
        return 0
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    options.out.mkdir(parents=True, exist_ok=True)
    failed = 0
    try:
        for section in sections:
            failed += not _run_section(section, options)
    except KeyboardInterrupt:
        failed += 1
    print_table(options.out, sections)
    return min(failed, 1)


def _parse(arguments: list[str]) -> tuple[Options, list[str], str | None]:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.gpu", description=__doc__.split("\n")[0])
    parser.add_argument("--section", nargs="+", choices=SECTIONS, default=list(SECTIONS), metavar="NAME")
    parser.add_argument("--data", type=Path, help="folder with Fashion-MNIST's idx files or CIFAR-10 as .npz")
    parser.add_argument("--out", type=Path, default=Path("runs/gpu"), help="where results are kept (runs/gpu)")
    parser.add_argument("--rows", type=int, help="training rows of every net")
    parser.add_argument("--quick", action="store_true", help="one round, few and small: whether everything runs")
    parser.add_argument("--device", default="auto", choices=["auto", "cpu", "gpu"])
    parser.add_argument("--part", help=argparse.SUPPRESS)
    found = parser.parse_args(arguments)
    data = found.data.resolve() if found.data else None
    options = Options(data, found.out.resolve(), found.rows, found.quick, found.device)
    return options, found.section, found.part


def _run_section(section: str, options: Options) -> bool:
    """Run the parts that are not finished, each in a process of its own; False where one fails or runs out of time."""
    limit, good = QUICK_SECONDS if options.quick else SECTION_SECONDS, True
    deadline = time.monotonic() + limit
    for part in SECTIONS[section]:
        if Record(options.out, section).is_finished(part):
            continue
        print(f"{section}, {part} …", flush=True)
        command = [sys.executable, "-m", "benchmarks.gpu", *options.arguments(), "--part", f"{section}:{part}"]
        child = subprocess.Popen(command, env=_environment(options), cwd=Path(__file__).parents[2], process_group=0)
        try:
            code = child.wait(timeout=max(1.0, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            code = f"stopped after {limit} s; the same command goes on"
        finally:
            if child.poll() is None:
                os.killpg(child.pid, signal.SIGKILL)
                child.wait()
        if code:
            print(f"{section}, {part}: {code}", flush=True)
            good = False
    return good


def _environment(options: Options) -> dict[str, str]:
    environment = os.environ | {"KERAS_BACKEND": "jax", "PYTHONUNBUFFERED": "1"}
    if options.device == "cpu":
        environment |= {"JAX_PLATFORMS": "cpu", "CUDA_VISIBLE_DEVICES": ""}
    return environment


if __name__ == "__main__":
    sys.exit(main())
