"""`kerasdeep compare`: a row for each variant, then the claims."""

from __future__ import annotations

import sys
from typing import Any

from rich.table import Table
from rich.text import Text

from kerasdeep.cli.console import captured_console, plain_table
from kerasdeep.cli.exit_codes import print_json
from kerasdeep.errors import RunFailed
from kerasdeep.formatting import significant
from kerasdeep.metric_names import on_test_rows
from kerasdeep.results import Comparison

_LOSS_METRICS = ("val_loss", "test_loss")


def show(comparison: Comparison, mode: str) -> int:
    """Show the comparison; the exit code says whether every claim of the file was met."""
    result, missed = comparison.result, comparison.missed_claims
    error = f"{len(missed)} of {len(result['expect'])} claims missed: {'; '.join(missed)}" if missed else None
    if mode == "json":
        print_json(result | ({"status": "failed", "error": error} if error else {}))
    elif mode != "quiet":
        _print_tables(result)
    if error:
        print(error, file=sys.stderr)
    return RunFailed.exit_code if error else 0


def _print_tables(result: dict[str, Any]) -> None:
    with captured_console() as console:
        console.print(_variants_table(result["variants"]))
        verdict = result["verdict"]
        paired = [row for row in result["paired"] if verdict and row["metric"] == verdict["metric"]]
        if paired:
            console.print()
            console.print(_paired_table(paired))
        if verdict:
            console.print()
            console.print(verdict_line(verdict), soft_wrap=True)
        for row in result["expect"]:
            status, style = ("met   ", "green") if row["met"] else ("MISSED", "bold red")
            values = ", ".join(f"{name} {significant(value)}" for name, value in row["figures"].items())
            reason = f"({row['why'] or values})"
            console.print(Text.assemble((status, style), f" {row['claim']}  ", (reason, "dim")), soft_wrap=True)
    print(f"Page: {result['page']}")


def verdict_line(verdict: dict[str, Any]) -> str:
    """`wide is best: val accuracy +0.021 (+0.012 … +0.030) ahead of plain.`, or that this cannot be said."""
    metric, difference = verdict["metric"].replace("_", " "), verdict.get("difference")
    if verdict["verdict"] == "better":
        ahead = f"{difference:+.4f} ({verdict['low']:+.4f} … {verdict['high']:+.4f}) against {verdict['second']}"
        return f"{verdict['best']} is best: {metric} {ahead}."
    named = [verdict["best"], *verdict["tied"]]
    names = f"{', '.join(named[:-1])} and {named[-1]}"
    reason = "one pair has no interval" if verdict.get("low") is None else "the interval contains zero"
    return f"No clear difference in {metric} between {names}: {reason}."


def _variants_table(variants: list[dict[str, Any]]) -> Table:
    headline = next((variant["headline"] for variant in variants if variant["headline"]), None)
    available = {name for variant in variants for name in variant["metrics"]}
    wanted = [headline, on_test_rows(headline)] if headline else _LOSS_METRICS
    names = [name for name in dict.fromkeys(wanted) if name in available]
    metric_titles = [name.replace("_", " ") for name in names]
    table = plain_table(["variant"], ["seeds", *metric_titles, "best", "seconds", "weights"])
    for variant in variants:
        costs, failed = variant["costs"], variant["statuses"].count("failed")
        seeds = f"{len(set(variant['seeds']))}" + (f", {failed} failed" if failed else "")
        metric_cells = [_format_mean_std(variant["metrics"].get(name)) for name in names]
        cost_cells = [significant(costs[name]["mean"]) for name in ("best_epoch", "seconds")]
        parameters = costs["parameters"]["mean"]
        table.add_row(
            variant["name"], seeds, *metric_cells, *cost_cells, "–" if parameters is None else f"{parameters:,.0f}"
        )
    return table


def _paired_table(rows: list[dict[str, Any]]) -> Table:
    title = f"against {rows[0]['against']}, pair by pair"
    table = plain_table([title], [rows[0]["metric"].replace("_", " "), "95 % interval"])
    for row in rows:
        interval = "" if row["low"] is None else f"{row['low']:+.4f} … {row['high']:+.4f}"
        table.add_row(row["variant"], f"{row['difference']:+.4f}", interval)
    return table


def _format_mean_std(mean_std: dict[str, Any] | None) -> str:
    if not mean_std or mean_std["mean"] is None:
        return "–"
    deviation = f" ± {mean_std['std']:.3f}" if mean_std["n"] > 1 else ""
    return f"{mean_std['mean']:.4f}{deviation}"
