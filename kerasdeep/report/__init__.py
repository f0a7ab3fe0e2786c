"""The report of a run or a comparison: one page to open and a Markdown twin, made of its files alone."""

from __future__ import annotations

from kerasdeep.report import comparison, page, reading
from kerasdeep.run_dir import ComparisonDir, RunDir, write_text

__all__ = ["write", "write_comparison"]


def write(run: RunDir) -> None:
    """Write `report.html` and `report.md`, from whatever the run has left so far."""
    facts = reading.read(run)
    write_text(run.report_html, page.html(facts))
    write_text(run.report_md, page.markdown(facts))


def write_comparison(folder: ComparisonDir) -> None:
    """Write `comparison.html` and `comparison.md` from `comparison.json`."""
    facts = folder.read()
    write_text(folder.html, comparison.html(facts, str(folder.path)))
    write_text(folder.markdown, comparison.markdown(facts, str(folder.path)))
