"""The story of `diagnose`: read the network, name what is wrong, say what helps."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

import keras

from kerasdeep.probes import examining, verdicts
from kerasdeep.probes.examining import Examination
from kerasdeep.probes.history_verdicts import of_history
from kerasdeep.probes.subject import look_at
from kerasdeep.probes.verdicts import Verdict
from kerasdeep.run_dir import RunDir, plain
from kerasdeep.spec.load import Loaded


@dataclass(frozen=True)
class Diagnosis:
    """`layers` has each layer's figures by moment (initial, after, saved); `moments` the network's.

    `gradient_ratio` is the first hidden kernel's gradient over the last one's, of the network as it stands.
    """

    verdicts: list[Verdict]
    layers: list[dict[str, Any]]
    moments: dict[str, dict[str, float | None]]
    gradient_ratio: float | None
    notes: list[str]

    def as_dict(self) -> dict[str, Any]:
        """For JSON: what is not finite becomes null."""
        return plain({**asdict(self), "verdicts": [asdict(verdict) for verdict in self.verdicts]})


def diagnose(loaded: Loaded, run: RunDir | None, say: Callable[[str], None] | None) -> Diagnosis:
    """`kerasdeep.probes.diagnose` says what is done and raised."""
    subject, notes = look_at(loaded.spec, say), []
    if run is None:
        found, more = examining.of_new(subject), []
    else:
        more = of_history(run.history.rows(), run.read_result(), loaded.spec)
        if run.model.is_file():
            subject.model = keras.saving.load_model(run.model, compile=False)
            found = examining.of_saved(subject)
        else:
            notes.append("The run left no model, so the network is read as it was when the run began.")
            found = examining.of_new(subject)
    given = verdicts.of(found)
    given += [verdict for verdict in more if verdict.name not in {other.name for other in given}]
    moments = {
        moment: {"loss": reading.loss, "gradient_ratio": found.gradient_ratio(moment)}
        for moment, reading in found.readings.items()
    }
    ratio = next(iter(moments.values()))["gradient_ratio"]
    return Diagnosis(given, _layers(found), moments, ratio, notes)


def _layers(found: Examination) -> list[dict[str, Any]]:
    return [
        {
            "name": site.name,
            "class": type(site.layer).__name__,
            "activation": site.activation,
            "output": site.is_output,
            **{moment: asdict(reading.signals[site.name]) for moment, reading in found.readings.items()},
        }
        for site in found.sites
    ]
