"""`kerasdeep plan`: the plan on the screen."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rich.console import Console
from rich.padding import Padding
from rich.text import Text

from kerasdeep.cli.console import captured_console, plain_table, print_pairs
from kerasdeep.formatting import byte_size
from kerasdeep.help.yaml_format import to_flow

_SPARK_BLOCKS = "▁▂▃▄▅▆▇█"
_CURVE_POSITIONS = (0.0, 0.25, 0.5, 0.75, 1.0)
_MAX_VALUE_WIDTH = 60
_MEMORY_TITLES = {
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
    with captured_console() as console:
        console.print(Text.assemble((plan["name"], "bold"), f"  {plan['config']}"))
        print_pairs(console, [(name, Text(text)) for name, text in _summary_rows(plan)], "green", 12)
        _print_heading(console, "Layers")
        _print_layers(console, plan["layers"])
        _print_heading(
            console, f"Memory: {byte_size(plan['memory_bytes'])} above the libraries' own, {_peak_phase(plan)}"
        )
        memory_parts = [(name, plan["memory"]["parts"][key]) for key, name in _MEMORY_TITLES.items()]
        print_pairs(
            console, [(name, Text(byte_size(byte_count))) for name, byte_count in memory_parts if byte_count], "green"
        )
        _print_heading(console, "Where the values come from")
        _print_provenance(console, plan["origins"], plan["config"])
        for warning in plan["warnings"]:
            location = f"{warning['file']}:{warning['line']}: " if warning["line"] else ""
            console.print(Text(f"{location}warning [{warning['name']}]: {warning['message']}", "yellow"))


def _summary_rows(plan: dict[str, Any]) -> list[tuple[str, str]]:
    rows = ", ".join(f"{count:,} {part}" for part, count in plan["rows"].items() if count)
    inputs = ", ".join(f"{name} {_format_shape(shape)}" for name, shape in plan["input_shapes"].items())
    kinds: dict[str, list[str]] = {}
    for name, kind in plan["columns"].items():
        kinds.setdefault(kind, []).append(name)
    lines = [
        ("data", f"{plan['source']}: {rows} rows; {inputs}"),
        *([("columns", "; ".join(f"{kind}: {', '.join(kinds[kind])}" for kind in kinds))] if kinds else []),
        ("predicts", "; ".join(_format_target(target) for target in plan["targets"])),
        ("parameters", f"{plan['parameters']:,}, of which {plan['trainable']:,} are trained"),
    ]
    for stage in plan["stages"]:
        prefix = f"{stage['name']} " if len(plan["stages"]) > 1 else ""
        if prefix:
            pretrains = f", as {stage['pretrain']}" if stage["pretrain"] else ""
            lines.append((f"{prefix}trains", f"{stage['train']}: {stage['trainable']:,} parameters{pretrains}"))
        steps = f"{stage['epochs']} epochs of {stage['steps_per_epoch']:,} steps: {stage['steps']:,} steps of "
        lines += [
            (f"{prefix}steps", f"{steps}{plan['batch_size']} rows"),
            (f"{prefix}optimizer", to_flow(stage["optimizer"])),
            (f"{prefix}schedule", to_flow(stage["schedule"]) if stage["schedule"] else "none"),
            (f"{prefix}rate", _format_curve(stage["rates"]["steps"], stage["rates"]["learning_rate"])),
        ]
        if stage["factors"]:
            factors = ", ".join(f"{factor:.3g} × for {layers}" for layers, factor in stage["factors"].items())
            lines.append((f"{prefix}rates", factors))
        if stage["rates"]["momentum"]:
            lines.append((f"{prefix}momentum", _format_curve(stage["rates"]["steps"], stage["rates"]["momentum"])))
    machine_text = f"{plan['backend']} on {plan['device']}, {plan['precision']}, {plan['threads']} threads"
    compiled, stream = plan["compile"], plan["stream"]
    stream_text = f"{'streamed in chunks' if stream['streamed'] else 'in memory'}: {stream['reason']}"
    compile_text = f"{compiled['choice']}: {compiled['reason']}"
    return [
        *lines,
        ("rows", stream_text),
        ("compile", compile_text),
        ("chunk", plan["chunk"]["reason"]),
        ("machine", machine_text),
    ]


def _format_target(target: dict[str, Any]) -> str:
    classes = f", {len(target['classes'])} classes" if target["classes"] else ""
    return f"{target['name']} ({target['kind']}{classes})"


def _format_curve(steps: Sequence[int], values: Sequence[float]) -> str:
    """A sparkline and the values at a few steps; one number where nothing moves."""
    if len(set(values)) == 1:
        return f"{values[0]:g} throughout"
    indices = sorted({round(fraction * (len(values) - 1)) for fraction in _CURVE_POSITIONS})
    samples = ", ".join(f"{values[index]:.3g} at {steps[index]:,}" for index in indices)
    return f"{sparkline(values)}  {samples}"


def sparkline(values: Sequence[float]) -> str:
    """One block for each value, its height between the lowest and the highest."""
    low, high = min(values), max(values)
    span = (high - low) or 1.0
    return "".join(_SPARK_BLOCKS[round((value - low) / span * (len(_SPARK_BLOCKS) - 1))] for value in values)


def _print_layers(console: Console, layers: list[dict[str, Any]]) -> None:
    table = plain_table(["layer", "class", "output"], ["parameters"])
    table.header_style, table.columns[0].style = "dim", "green"
    table.add_column("settings", overflow="fold")
    for layer in layers:
        shape, parameters = _format_shape(layer["output_shape"]), f"{layer['parameters']:,}"
        table.add_row(layer["name"], layer["class"], shape, parameters, Text(layer["settings"]))
    console.print(Padding(table, (0, 0, 0, 2)))


def _print_provenance(console: Console, origins: dict[str, dict[str, Any]], config: str) -> None:
    """Written values with their place, by its line in the file itself; defaults in one paragraph."""
    written = {key: origin for key, origin in origins.items() if origin["from"] != "default"}
    rows = []
    for key, origin in written.items():
        value = to_flow(origin["value"])
        value = value if len(value) <= _MAX_VALUE_WIDTH else f"{value[: _MAX_VALUE_WIDTH - 1]}…"
        location = origin["from"].replace(f"{config}:", "line ")
        rows.append((key, Text.assemble(value, (f"  {location}", "dim"))))
    print_pairs(console, rows, "green")
    defaults = "  ".join(f"{key}={to_flow(origin['value'])}" for key, origin in origins.items() if key not in written)
    console.print(Padding(Text(f"Defaults: {defaults}", "dim"), (0, 0, 0, 2)))


def _peak_phase(plan: dict[str, Any]) -> str:
    return f"reached while {plan['memory']['fullest']}"


def _print_heading(console: Console, text: str) -> None:
    console.print()
    console.print(Text(text, "bold"))


def _format_shape(shape: Sequence[int | None]) -> str:
    return " × ".join("?" if size is None else str(size) for size in shape) or "1"
