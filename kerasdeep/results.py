"""What the Python API returns: a run, a comparison or a sweep, as pandas and notebooks take them."""

from __future__ import annotations

import sys
from abc import ABC, abstractmethod
from dataclasses import dataclass
from functools import cached_property
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from kerasdeep.runs import ComparisonDir, RunDir, SweepDir, facts

if TYPE_CHECKING:
    import pandas as pd

    from kerasdeep.data.prediction_input import Rows
    from kerasdeep.inference.predictor import Predictor


D = TypeVar("D", RunDir, ComparisonDir, SweepDir)


@dataclass(frozen=True)
class _WithPage(ABC, Generic[D]):
    """A directory and the page in it, which a notebook shows in its cell, apart from its own styles."""

    directory: D

    @property
    def path(self) -> Path:
        """The directory."""
        return self.directory.path

    @property
    @abstractmethod
    def report(self) -> Path:
        """The page."""

    def _repr_html_(self) -> str:
        text = escape(self.report.read_text(encoding="utf-8"))
        return f'<iframe srcdoc="{text}" style="width: 100%; height: 40em; border: 0"></iframe>'


@dataclass(frozen=True)
class Run(_WithPage[RunDir]):
    """A run directory: its results and its model. A notebook shows its report."""

    model_file: Path | None = None
    """The model file that the directory, a temporary one, was made for."""

    @property
    def result(self) -> dict[str, Any]:
        """The content of `result.json`: status, metrics, baseline, intervals and more."""
        return self.directory.read_result()

    @property
    def metrics(self) -> dict[str, float | None]:
        """The metrics of the saved model by name, such as `test_accuracy`; empty for a run that did not finish."""
        return facts.read_result(self.directory).metrics

    @property
    def history(self) -> pd.DataFrame:
        """One row per epoch: losses, metrics, learning rate and momentum as applied, seconds."""
        import pandas as pd

        return pd.DataFrame(self.directory.history.rows())

    @property
    def report(self) -> Path:
        """The page about the run, `report.html`."""
        return self.directory.report_html

    @cached_property
    def _predictor(self) -> Predictor:
        from kerasdeep.inference.predictor import Predictor

        return Predictor.load(self.directory)

    def predict(self, rows: Rows, mc: int | None = None) -> pd.DataFrame:
        """Predictions for new rows; `kerasdeep.predict` describes arguments and table. The model is loaded once."""
        return self._predictor.predict(rows, mc, print_status)

    def evaluate(self, rows: Rows | None = None, mc: int | None = None) -> dict[str, Any]:
        """Measure the model; `kerasdeep.evaluate` describes arguments and result. The model is loaded once."""
        return self._predictor.evaluate(rows, mc, print_status)


@dataclass(frozen=True)
class Comparison(_WithPage[ComparisonDir]):
    """What `compare` wrote. A notebook shows its page."""

    @property
    def result(self) -> dict[str, Any]:
        """Variants with metrics and costs over seeds, paired differences, and claims under `expect`."""
        facts = self.directory.read()
        variants = [{key: value for key, value in row.items() if key != "curves"} for row in facts["variants"]]
        return {**facts, "variants": variants, "page": str(self.report)}

    @property
    def runs(self) -> pd.DataFrame:
        """One row per run: variant, seed, status, path and metrics."""
        import pandas as pd

        return pd.DataFrame(
            {"variant": row["name"], "seed": seed, **({"fold": row["folds"][index]} if row.get("folds") else {})}
            | {"status": row["statuses"][index], "path": row["runs"][index]}
            | {name: values[index] for name, values in row["values"].items()}
            for row in self.result["variants"]
            for index, seed in enumerate(row["seeds"])
        )

    @property
    def missed_claims(self) -> list[str]:
        """The claims under `expect` that were not met, as written."""
        return [row["claim"] for row in self.result["expect"] if not row["met"]]

    @property
    def report(self) -> Path:
        """The page, `comparison.html`."""
        return self.directory.html


@dataclass(frozen=True)
class Sweep(_WithPage[SweepDir]):
    """What `sweep` wrote. A notebook shows its page."""

    @property
    def result(self) -> dict[str, Any]:
        """`study`, `trials`, `best`, `confirm`, `config` (the file of the best) and more."""
        return {**self.directory.read(), "page": str(self.report)}

    @property
    def trials(self) -> pd.DataFrame:
        """One row per trial: number, status, goal, epochs, run, and each parameter."""
        import pandas as pd

        rows = self.result["trials"]
        return pd.DataFrame([{k: v for k, v in row.items() if k != "parameters"} | row["parameters"] for row in rows])

    @property
    def report(self) -> Path:
        """The page, `sweep.html`."""
        return self.directory.html


def print_status(text: str) -> None:
    """Messages of the API go to standard error."""
    print(text, file=sys.stderr, flush=True)
