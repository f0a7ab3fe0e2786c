"""How a comparison looks on the screen: a row a variant, then the claims."""

from __future__ import annotations

from typing import Any

from kerasdeep.run_dir import ComparisonDir

_LOSSES = ("test_loss", "val_loss")


def show(facts: dict[str, Any], folder: ComparisonDir) -> None:
    from rich.text import Text

    from kerasdeep.cli.screen import page

    with page() as console:
        console.print(_table(facts["variants"]))
        paired = [row for row in facts["paired"] if row["metric"] not in _LOSSES]
        if paired:
            console.print()
            console.print(_differences(paired))
        for row in facts["expect"]:
            mark, style = ("met   ", "green") if row["met"] else ("MISSED", "bold red")
            why = row["why"] or ", ".join(f"{name} {_spelled(value)}" for name, value in row["figures"].items())
            console.print(Text.assemble((mark, style), f" {row['claim']}  ", (f"({why})", "dim")), soft_wrap=True)
    print(f"Page: {folder.html}")


def _table(variants: list[dict[str, Any]]) -> Any:
    from rich.table import Table

    headline = next((variant["headline"] for variant in variants if variant["headline"]), None)
    there = {name for variant in variants for name in variant["metrics"]}
    losses = [name for name in _LOSSES if name in there]
    names = [name for name in dict.fromkeys([headline, *losses[:1]]) if name in there]
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    table.add_column("variant", no_wrap=True)
    for title in ("seeds", *(name.replace("_", " ") for name in names), "best", "seconds", "weights"):
        table.add_column(title, justify="right", no_wrap=True, min_width=len(title))
    for variant in variants:
        costs, failed = variant["costs"], variant["statuses"].count("failed")
        seeds = f"{len(variant['seeds'])}" + (f", {failed} failed" if failed else "")
        figures = [_spread(variant["metrics"].get(name)) for name in names]
        more = [_spelled(costs[name]["mean"]) for name in ("best_epoch", "seconds")]
        parameters = costs["parameters"]["mean"]
        table.add_row(variant["name"], seeds, *figures, *more, "–" if parameters is None else f"{parameters:,.0f}")
    return table


def _differences(rows: list[dict[str, Any]]) -> Any:
    from rich.table import Table

    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    table.add_column(f"against {rows[0]['against']}, seed by seed", no_wrap=True)
    for title in (rows[0]["metric"].replace("_", " "), "95 % interval"):
        table.add_column(title, justify="right", no_wrap=True)
    for row in rows:
        interval = "" if row["low"] is None else f"{row['low']:+.4f} … {row['high']:+.4f}"
        table.add_row(row["variant"], f"{row['difference']:+.4f}", interval)
    return table


def _spread(found: dict[str, Any] | None) -> str:
    if not found or found["mean"] is None:
        return "–"
    deviation = f" ± {found['std']:.3f}" if found["n"] > 1 else ""
    return f"{found['mean']:.4f}{deviation}"


def _spelled(value: float | None) -> str:
    return "–" if value is None else f"{value:.4g}"
