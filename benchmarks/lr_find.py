"""Does `lr-find --apply` help, and does it never harm?

`python benchmarks/lr_find.py [--seeds 3] [--rates 1e-3 …] [TABLE …]` writes what `init` would, with each of the
rates, lets `lr-find --apply` change the file, and trains both on the same split; a file that was left alone gains 0.
"""

import argparse
import contextlib
import io
import re
import tempfile
from pathlib import Path

import kerasdeep
from benchmarks import table_data
from kerasdeep.errors import RunFailed
from kerasdeep.scaffold import draft_config


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("tables", nargs="*", default=[*table_data.TABLES])
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--rates", type=float, nargs="*", default=[1e-5, 1e-3, 1e-1])
    arguments = parser.parse_args()
    print("| table | rate in the file | written | metric | gain, by seed |\n|---|---|---|---|---|")
    for name in arguments.tables:
        for rate in arguments.rates:
            with tempfile.TemporaryDirectory() as folder:
                print(row(name, rate, Path(folder), range(arguments.seeds)), flush=True)


def row(name: str, rate: float, folder: Path, seeds: range) -> str:
    source = table_data.write(name, folder)
    path, written, gains, metric = folder / f"{name}.yaml", [], [], ""
    for seed in seeds:
        draft_config(str(source), path, table_data.TARGET, force=True)
        path.write_text(re.sub(r"learning_rate: [^,}]+", f"learning_rate: {rate:g}", path.read_text()))
        overrides = {"seed": seed, "data.seed": seed, "report.tensorboard": False, "report.opponents": False}
        before = path.read_text()
        with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
            try:
                found = kerasdeep.lr_find(path, overrides={"seed": seed, "data.seed": seed}, apply=True)
            except RunFailed:
                found = None
            after = path.read_text()
            if after == before:
                written.append("–")
                gains.append(0.0)
                continue
            written.append(f"{found.suggestion:g}")
            scores = []
            for text in (before, after):
                path.write_text(text)
                result = kerasdeep.train(path, overrides=overrides, out=folder / "runs").result
                metric = next(key for key in ("test_accuracy", "test_r2_score") if key in result["metrics"])
                scores.append(result["metrics"][metric])
            gains.append(scores[1] - scores[0])
    return f"| {name} | {rate:g} | {', '.join(written)} | {metric} | {', '.join(f'{gain:+.4f}' for gain in gains)} |"


if __name__ == "__main__":
    main()
