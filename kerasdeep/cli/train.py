"""`kerasdeep train` and `finetune`: three lines about the run, or its result as JSON."""

from __future__ import annotations

from collections.abc import Iterator

from kerasdeep.cli.exit_codes import print_json
from kerasdeep.results import Run

_SPLIT_TITLES = {"test_": "test rows", "val_": "validation rows"}


def show(run: Run | None, mode: str) -> None:
    """Print the result of a run; nothing in a process whose run another process writes."""
    if run is not None and mode == "json":
        print_json(run.result)
    elif run is not None and mode != "quiet":
        for line in summary_lines(run):
            print(line)


def summary_lines(run: Run) -> Iterator[str]:
    """How good it is, also beside its opponents, what it took, where the report is."""
    result = run.result
    baseline = result["baseline"]
    prefix = next((prefix for prefix in _SPLIT_TITLES if any(name.startswith(prefix) for name in baseline)), "")
    metric_texts = [
        f"{name.removeprefix(prefix).replace('_', ' ')} {result['metrics'][name]:.4g} (baseline {value:.4g})"
        for name, value in baseline.items()
        if name.startswith(prefix) and value is not None and result["metrics"].get(name) is not None
    ]
    best = f", the best is {result['best_epoch']}" if result["best_epoch"] not in (None, result["epochs"]) else ""
    yield f"On {_SPLIT_TITLES.get(prefix, 'training rows')}: {', '.join(metric_texts)}"
    yield from (verdict["sentence"] for verdict in result.get("verdict") or ())
    yield (
        f"{result['epochs']} epochs{best}; {result['parameters']:,} parameters; {result['seconds']:.1f} s of training"
    )
    yield f"Report: {run.report}"
