"""How a page is put together: questions, each answered by parts that are filled from facts.

A part is one entry in a literal list: the facts it needs, the function that turns them into content, and the macro of
`parts.html` that renders the content. A part without content does not appear.
"""

import re
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, Generic, TypeVar

from jinja2 import ChainableUndefined, Environment, PackageLoader, Undefined
from markupsafe import Markup

from kerasdeep import formatting, metric_names

_MARKDOWN = re.compile(r"([\\`*_{}\[\]<>#|~])")
_FILTERS: dict[str, Callable[..., str]] = {
    "number": formatting.number,
    "short": formatting.compact_number,
    "percent": formatting.percent,
    "duration": formatting.duration,
    "label": metric_names.label,
}
F = TypeVar("F")


@dataclass(frozen=True)
class Part(Generic[F]):
    """`name` is the macro, and what the Markdown template calls the content that is made of the facts `needs`."""

    name: str
    needs: tuple[str, ...]
    content: Callable[[F], object]


@dataclass(frozen=True)
class Section(Generic[F]):
    """A question of the page. Without any part it says `empty`, or does not appear where that is empty."""

    key: str
    link: str
    question: str
    parts: tuple[Part[F], ...]
    empty: str = ""


@dataclass(frozen=True)
class FilledSection:
    """`parts` are (macro, content)."""

    section: Section[Any]
    parts: list[tuple[str, object]]


def fill(sections: Sequence[Section[F]], facts: F, absent: Collection[str] = ()) -> list[FilledSection]:
    """The sections with their content; parts that need an absent fact, or have no content, are left out."""
    filled = []
    for section in sections:
        ready = [part for part in section.parts if not set(part.needs) & set(absent)]
        contents = [(part.name, content) for part in ready if (content := part.content(facts))]
        if contents or section.empty:
            filled.append(FilledSection(section, contents))
    return filled


def render_html(template: str, sections: Sequence[FilledSection], **context: object) -> str:
    """One file that needs nothing else: styles, script and images are inside it."""
    environment = _environment(autoescape=True)
    return environment.get_template(template).render(sections=sections, **context)


def render_markdown(template: str, sections: Sequence[FilledSection], **context: object) -> str:
    """The short version; what comes from the run is escaped where it is inserted."""
    environment = _environment(autoescape=False, finalize=_escape_markdown)
    contents = {name: content for section in sections for name, content in section.parts}
    return re.sub(r"\n{3,}", "\n\n", environment.get_template(template).render(**contents, **context))


@cache
def _environment(**options: Any) -> Environment:
    """Kept for the process, since compiling the templates takes longer than filling them."""
    loader = PackageLoader("kerasdeep.report", "templates")
    environment = Environment(
        loader=loader, trim_blocks=True, lstrip_blocks=True, undefined=ChainableUndefined, **options
    )
    environment.filters |= {name: _undefined_as_none(function) for name, function in _FILTERS.items()}
    environment.globals |= {"count": formatting.pluralize}
    return environment


def _undefined_as_none(function: Callable[..., str]) -> Callable[[object], str]:
    """A value that is missing is written like one that is null."""
    return lambda value: function(None if isinstance(value, Undefined) else value)


def _escape_markdown(value: object) -> object:
    if isinstance(value, Markup) or not isinstance(value, str):
        return value
    return _MARKDOWN.sub(r"\\\1", " ".join(value.split()))
