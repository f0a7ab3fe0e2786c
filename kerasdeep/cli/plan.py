"""`kerasdeep plan`: the plan on the screen."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import yaml
from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from kerasdeep.cli.screen import page, print_pairs

_BARS = "▁▂▃▄▅▆▇█"
_SHARES = (0.0, 0.25, 0.5, 0.75, 1.0)
_WIDEST_VALUE = 60
_HELD = {
    "data": "data as read",
    "data_on_device": "data placed for training",
    "parameters": "parameters",
    "optimizer": "the optimizer's own variables",
    "gradients": "gradients",
    "activations": "activations of a batch",
    "evaluation": "activations of an evaluation batch",
    "best_weights": "the best epoch's weights",
}


def show(plan: dict[str, Any]) -> None:
    with page() as console:
        console.print(Text.assemble((plan["name"], "bold"), f"  {plan['config']}"))
        print_pairs(console, [(name, Text(text)) for name, text in _lines(plan)], "green", 12)
        _heading(console, "Layers")
        _layers(console, plan["layers"])
        _heading(console, f"Memory: {size(plan['memory_bytes'])} above the libraries' own, {_fullest(plan)}")
        held = [(name, plan["memory"]["parts"][key]) for key, name in _HELD.items()]
        print_pairs(console, [(name, Text(size(taken))) for name, taken in held if taken], "green")
        _heading(console, "Where the values come from")
        _origins(console, plan["origins"], plan["config"])
        for warning in plan["warnings"]:
            where = f"{warning['file']}:{warning['line']}: " if warning["line"] else ""
            console.print(Text(f"{where}warning [{warning['name']}]: {warning['message']}", "yellow"))


def _lines(plan: dict[str, Any]) -> list[tuple[str, str]]:
    rows = ", ".join(f"{count:,} {part}" for part, count in plan["rows"].items() if count)
    inputs = ", ".join(f"{name} {_shape(shape)}" for name, shape in plan["input_shapes"].items())
    lines = [
        ("data", f"{plan['source']}: {rows} rows; {inputs}"),
        ("predicts", "; ".join(_target(target) for target in plan["targets"])),
        ("parameters", f"{plan['parameters']:,}, of which {plan['trainable']:,} are trained"),
    ]
    for stage in plan["stages"]:
        named = f"{stage['name']} " if len(plan["stages"]) > 1 else ""
        if named:
            pretrains = f", as {stage['pretrain']}" if stage["pretrain"] else ""
            lines.append((f"{named}trains", f"{stage['train']}: {stage['trainable']:,} parameters{pretrains}"))
        steps = f"{stage['epochs']} epochs of {stage['steps_per_epoch']:,} steps: {stage['steps']:,} steps of "
        lines += [
            (f"{named}steps", f"{steps}{plan['batch_size']} rows"),
            (f"{named}optimizer", flow(stage["optimizer"])),
            (f"{named}schedule", flow(stage["schedule"]) if stage["schedule"] else "none"),
            (f"{named}rate", _curve(stage["rates"]["steps"], stage["rates"]["learning_rate"])),
        ]
        if stage["factors"]:
            factors = ", ".join(f"{factor:.3g} × for {layers}" for layers, factor in stage["factors"].items())
            lines.append((f"{named}rates", factors))
        if stage["rates"]["momentum"]:
            lines.append((f"{named}momentum", _curve(stage["rates"]["steps"], stage["rates"]["momentum"])))
    machine = f"{plan['backend']} on {plan['device']}, {plan['precision']}, {plan['threads']} threads"
    compiled, stream = plan["compile"], plan["stream"]
    held = f"{'streamed in chunks' if stream['streamed'] else 'in memory'}: {stream['reason']}"
    compiling = f"{compiled['choice']}: {compiled['reason']}"
    return [
        *lines,
        ("rows", held),
        ("compile", compiling),
        ("chunk", plan["chunk"]["reason"]),
        ("machine", machine),
    ]


def _target(target: dict[str, Any]) -> str:
    classes = f", {len(target['classes'])} classes" if target["classes"] else ""
    return f"{target['name']} ({target['kind']}{classes})"


def _curve(steps: Sequence[int], values: Sequence[float]) -> str:
    """A sparkline and the values at a few steps; one number where nothing moves."""
    if len(set(values)) == 1:
        return f"{values[0]:g} throughout"
    places = sorted({round(share * (len(values) - 1)) for share in _SHARES})
    said = ", ".join(f"{values[place]:.3g} at {steps[place]:,}" for place in places)
    return f"{sparkline(values)}  {said}"


def sparkline(values: Sequence[float]) -> str:
    """One block for each value, its height between the lowest and the highest."""
    low, high = min(values), max(values)
    span = (high - low) or 1.0
    return "".join(_BARS[round((value - low) / span * (len(_BARS) - 1))] for value in values)


def _layers(console: Console, layers: list[dict[str, Any]]) -> None:
    table = Table(box=None, pad_edge=False, header_style="dim", padding=(0, 2, 0, 0))
    for title, justify in (("layer", "left"), ("class", "left"), ("output", "left"), ("parameters", "right")):
        table.add_column(title, justify=justify, style="green" if title == "layer" else None)
    table.add_column("settings", overflow="fold")
    for layer in layers:
        shape, parameters = _shape(layer["output_shape"]), f"{layer['parameters']:,}"
        table.add_row(layer["name"], layer["class"], shape, parameters, Text(layer["settings"]))
    console.print(Padding(table, (0, 0, 0, 2)))


def _origins(console: Console, origins: dict[str, dict[str, Any]], config: str) -> None:
    """Written values with their place, by its line in the file itself; defaults in one paragraph."""
    written = {key: found for key, found in origins.items() if found["from"] != "default"}
    rows = []
    for key, found in written.items():
        value = flow(found["value"])
        value = value if len(value) <= _WIDEST_VALUE else f"{value[: _WIDEST_VALUE - 1]}…"
        place = found["from"].replace(f"{config}:", "line ")
        rows.append((key, Text.assemble(value, (f"  {place}", "dim"))))
    print_pairs(console, rows, "green")
    defaults = "  ".join(f"{key}={flow(found['value'])}" for key, found in origins.items() if key not in written)
    console.print(Padding(Text(f"Defaults: {defaults}", "dim"), (0, 0, 0, 2)))


def _fullest(plan: dict[str, Any]) -> str:
    return f"reached while {plan['memory']['fullest']}"


def _heading(console: Console, text: str) -> None:
    console.print()
    console.print(Text(text, "bold"))


def _shape(shape: Sequence[int | None]) -> str:
    return " × ".join("?" if size is None else str(size) for size in shape) or "1"


def flow(value: Any) -> str:
    """A value as YAML on one line."""
    text = yaml.safe_dump(value, default_flow_style=True, width=10**6, allow_unicode=True, sort_keys=False)
    return text.removesuffix("\n").removesuffix("\n...")


def size(count: float) -> str:
    """Bytes for people: 1.2 GB, decimal units."""
    for unit in ("bytes", "kB", "MB", "GB"):
        if count < 1000 or unit == "GB":
            return f"{count:.0f} {unit}" if unit == "bytes" or count >= 100 else f"{count:.1f} {unit}"
        count /= 1000
    return ""
