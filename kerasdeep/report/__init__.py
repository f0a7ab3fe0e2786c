"""The report of a run or a comparison: one page to open and a Markdown twin, made of its files alone."""

from __future__ import annotations

from kerasdeep.report import comparison, page, run_facts
from kerasdeep.runs import ComparisonDir, RunDir, write_text

__all__ = ["write", "write_comparison"]


def write(run: RunDir) -> None:
    """Write `report.html` and `report.md`, from whatever the run has left so far."""
    facts = run_facts.read(run)
    write_text(run.report_html, page.render_html(facts))
    write_text(run.report_md, page.render_markdown(facts))


def write_comparison(folder: ComparisonDir) -> None:
    """Write `comparison.html` and `comparison.md` from `comparison.json`."""
    facts = folder.read()
    write_text(folder.html, comparison.render_html(facts, str(folder.path)))
    write_text(folder.markdown, comparison.render_markdown(facts, str(folder.path)))
