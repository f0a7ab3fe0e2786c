"""How a comparison looks on the screen: a row a variant, then the claims."""

from __future__ import annotations

from typing import Any

from kerasdeep.formatting import significant
from kerasdeep.runs import ComparisonDir

_LOSS_METRICS = ("test_loss", "val_loss")


def show(facts: dict[str, Any], folder: ComparisonDir) -> None:
    from rich.text import Text

    from kerasdeep.cli.console import captured_console

    with captured_console() as console:
        console.print(_variants_table(facts["variants"]))
        paired = [row for row in facts["paired"] if row["metric"] not in _LOSS_METRICS]
        if paired:
            console.print()
            console.print(_paired_table(paired))
        for row in facts["expect"]:
            status, style = ("met   ", "green") if row["met"] else ("MISSED", "bold red")
            reason = row["why"] or ", ".join(f"{name} {significant(value)}" for name, value in row["figures"].items())
            console.print(Text.assemble((status, style), f" {row['claim']}  ", (f"({reason})", "dim")), soft_wrap=True)
    print(f"Page: {folder.html}")


def _variants_table(variants: list[dict[str, Any]]) -> Any:
    from rich.table import Table

    headline = next((variant["headline"] for variant in variants if variant["headline"]), None)
    available = {name for variant in variants for name in variant["metrics"]}
    losses = [name for name in _LOSS_METRICS if name in available]
    names = [name for name in dict.fromkeys([headline, *losses[:1]]) if name in available]
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    table.add_column("variant", no_wrap=True)
    for title in ("seeds", *(name.replace("_", " ") for name in names), "best", "seconds", "weights"):
        table.add_column(title, justify="right", no_wrap=True, min_width=len(title))
    for variant in variants:
        costs, failed = variant["costs"], variant["statuses"].count("failed")
        seeds = f"{len(variant['seeds'])}" + (f", {failed} failed" if failed else "")
        metric_cells = [_format_mean_std(variant["metrics"].get(name)) for name in names]
        cost_cells = [significant(costs[name]["mean"]) for name in ("best_epoch", "seconds")]
        parameters = costs["parameters"]["mean"]
        table.add_row(
            variant["name"], seeds, *metric_cells, *cost_cells, "–" if parameters is None else f"{parameters:,.0f}"
        )
    return table


def _paired_table(rows: list[dict[str, Any]]) -> Any:
    from rich.table import Table

    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    table.add_column(f"against {rows[0]['against']}, seed by seed", no_wrap=True)
    for title in (rows[0]["metric"].replace("_", " "), "95 % interval"):
        table.add_column(title, justify="right", no_wrap=True)
    for row in rows:
        interval = "" if row["low"] is None else f"{row['low']:+.4f} … {row['high']:+.4f}"
        table.add_row(row["variant"], f"{row['difference']:+.4f}", interval)
    return table


def _format_mean_std(mean_std: dict[str, Any] | None) -> str:
    if not mean_std or mean_std["mean"] is None:
        return "–"
    deviation = f" ± {mean_std['std']:.3f}" if mean_std["n"] > 1 else ""
    return f"{mean_std['mean']:.4f}{deviation}"
