"""`kerasdeep doctor`: the examination on the screen."""

from __future__ import annotations

from typing import Any

from rich.text import Text

from kerasdeep.cli.console import captured_console, print_pairs


def show(facts: dict[str, Any]) -> None:
    width = max((len(name) for name in facts["packages"]), default=len("graphics card"))
    with captured_console() as console:
        console.print(Text("this machine", "bold"))
        print_pairs(console, [(name, Text(value)) for name, value in _machine_rows(facts)], "green", width)
        console.print(Text("\nbackends", "bold"))
        print_pairs(console, [(name, _backend_text(item)) for name, item in facts["backends"].items()], "green", width)
        console.print(Text("\npackages", "bold"))
        packages = [
            (name, Text(version or "not installed", "" if version else "red"))
            for name, version in facts["packages"].items()
        ]
        print_pairs(console, packages, "green", width)
        if facts["missing"]:
            console.print(Text("\nnot installed, or not used", "bold"))
            rows = [(item["name"], Text(f"{item['why']}\n{item['install']}")) for item in facts["missing"]]
            print_pairs(console, rows, "yellow", width)
        console.print()
        if facts["ready"]:
            option = "" if facts["backends"]["tensorflow"]["devices"] else " --backend jax"
            console.print(Text(f"Ready. Try: kerasdeep train quickstart{option}", "green"))
        else:
            console.print(Text("Nothing can be trained here yet: no backend works.", "red"))


def _machine_rows(facts: dict[str, Any]) -> list[tuple[str, str]]:
    memory = f", {facts['memory_gib']:g} GiB of memory" if facts["memory_gib"] else ""
    return [
        ("kerasdeep", facts["kerasdeep"]),
        ("python", f"{facts['python']}, {facts['executable']}"),
        ("platform", facts["platform"]),
        ("processor", f"{facts['cores']} usable cores{memory}"),
        ("graphics card", facts["graphics_card"] or "none that an NVIDIA driver reports"),
        ("Keras's folder", _folder_text(facts["folders"]["keras"])),
        ("working folder", _folder_text(facts["folders"]["here"])),
        ("downloaded", ", ".join(facts["datasets"]) or "no data set yet"),
    ]


def _folder_text(folder: dict[str, Any]) -> str:
    writable = "" if folder["writable"] else ", cannot be written to"
    return f"{folder['path']}{writable}, {folder['free_gib']:g} GiB free"


def _backend_text(backend: dict[str, Any]) -> Text:
    if backend["error"]:
        return Text(f"{backend['version'] or ''} {backend['error']}".strip(), "yellow")
    return Text(f"{backend['version']} on {', '.join(backend['devices'])}")
