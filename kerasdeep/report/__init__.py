"""The report of a run: one page to open and a Markdown twin, made of the files in its directory alone."""

from __future__ import annotations

from kerasdeep.report import page, reading
from kerasdeep.run_dir import RunDir, write_text

__all__ = ["write"]


def write(run: RunDir) -> None:
    """Write `report.html` and `report.md`, from whatever the run has left so far."""
    facts = reading.read(run)
    write_text(run.report_html, page.html(facts))
    write_text(run.report_md, page.markdown(facts))
