"""The report of a run, a comparison or a sweep: an HTML page and a Markdown version, built only from its files."""

from kerasdeep.report import comparison, page, run_facts, sweep
from kerasdeep.runs import ComparisonDir, RunDir, SweepDir, study_facts, write_text

__all__ = ["write", "write_comparison", "write_sweep"]


def write(run: RunDir) -> None:
    """Write `report.html` and `report.md` from whatever the run has left so far."""
    read_run = run_facts.read(run)
    write_text(run.report_html, page.render_html(read_run))
    write_text(run.report_md, page.render_markdown(read_run))


def write_comparison(folder: ComparisonDir) -> None:
    """Write `comparison.html` and `comparison.md` from `comparison.json`. Raises InputError when that is not sound."""
    comparison_fact = study_facts.read_comparison(folder)
    write_text(folder.html, comparison.render_html(comparison_fact, str(folder.path)))
    write_text(folder.markdown, comparison.render_markdown(comparison_fact, str(folder.path)))


def write_sweep(folder: SweepDir) -> None:
    """Write `sweep.html` and `sweep.md` from `study.json`. Raises InputError when that is not sound."""
    sweep_fact = study_facts.read_sweep(folder)
    write_text(folder.html, sweep.render_html(sweep_fact, str(folder.path)))
    write_text(folder.markdown, sweep.render_markdown(sweep_fact, str(folder.path)))
