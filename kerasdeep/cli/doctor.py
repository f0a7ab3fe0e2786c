"""`kerasdeep doctor`: the examination on the screen."""

from __future__ import annotations

from typing import Any

from rich.text import Text

from kerasdeep.cli.screen import page, print_pairs


def show(found: dict[str, Any]) -> None:
    width = max(len(name) for name in found["packages"])
    with page() as console:
        console.print(Text("this machine", "bold"))
        print_pairs(console, [(name, Text(value)) for name, value in _machine(found)], "green", width)
        console.print(Text("\nbackends", "bold"))
        print_pairs(console, [(name, _backend(one)) for name, one in found["backends"].items()], "green", width)
        console.print(Text("\npackages", "bold"))
        packages = [
            (name, Text(version or "not installed", "" if version else "red"))
            for name, version in found["packages"].items()
        ]
        print_pairs(console, packages, "green", width)
        if found["missing"]:
            console.print(Text("\nnot installed, or not used", "bold"))
            rows = [(one["name"], Text(f"{one['why']}\n{one['install']}")) for one in found["missing"]]
            print_pairs(console, rows, "yellow", width)
        console.print()
        if found["ready"]:
            option = "" if found["backends"]["tensorflow"]["devices"] else " --backend jax"
            console.print(Text(f"Ready. Try: kerasdeep train quickstart{option}", "green"))
        else:
            console.print(Text("Nothing can be trained here yet: no backend works.", "red"))


def _machine(found: dict[str, Any]) -> list[tuple[str, str]]:
    memory = f", {found['memory_gib']:g} GiB of memory" if found["memory_gib"] else ""
    return [
        ("kerasdeep", found["kerasdeep"]),
        ("python", f"{found['python']}, {found['executable']}"),
        ("platform", found["platform"]),
        ("processor", f"{found['cores']} usable cores{memory}"),
        ("graphics card", found["graphics_card"] or "none that an NVIDIA driver reports"),
        ("Keras's folder", _folder(found["folders"]["keras"])),
        ("working folder", _folder(found["folders"]["here"])),
        ("downloaded", ", ".join(found["datasets"]) or "no data set yet"),
    ]


def _folder(folder: dict[str, Any]) -> str:
    writable = "" if folder["writable"] else ", cannot be written to"
    return f"{folder['path']}{writable}, {folder['free_gib']:g} GiB free"


def _backend(backend: dict[str, Any]) -> Text:
    if backend["error"]:
        return Text(f"{backend['version'] or ''} {backend['error']}".strip(), "yellow")
    return Text(f"{backend['version']} on {', '.join(backend['devices'])}")
