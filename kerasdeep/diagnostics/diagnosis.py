"""Diagnoses a network: measures its layers, names what is wrong, suggests remedies."""

from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

import keras

from kerasdeep.advice import CAUSES_FIRST, Verdict, find_verdicts, read_evidence
from kerasdeep.backends.runtime import RuntimeContext
from kerasdeep.config.load import LoadedConfig
from kerasdeep.diagnostics import layer_probe, network_verdicts
from kerasdeep.diagnostics.layer_probe import LayerProbe
from kerasdeep.experiment import prepare
from kerasdeep.runs import RunDir, to_jsonable


@dataclass(frozen=True)
class Diagnosis:
    """`layers` has each layer's statistics by moment (initial, after, saved); `moments` the network's.

    `gradient_ratio` is the first hidden kernel's gradient over the last one's, of the network as it stands.
    """

    verdicts: list[Verdict]
    layers: list[dict[str, Any]]
    moments: dict[str, dict[str, float | None]]
    gradient_ratio: float | None
    notes: list[str]

    def as_dict(self) -> dict[str, Any]:
        """For JSON: what is not finite becomes null."""
        return to_jsonable({**asdict(self), "verdicts": [verdict.as_dict() for verdict in self.verdicts]})


def diagnose(
    loaded: LoadedConfig, runtime: RuntimeContext, run: RunDir | None, say: Callable[[str], None] | None
) -> Diagnosis:
    """See `kerasdeep.diagnostics.diagnose`."""
    experiment, notes = prepare(loaded.config, runtime, say, network_only=True), []
    if run is None:
        probe, history_verdicts = layer_probe.probe_new(experiment), []
    else:
        history_verdicts = find_verdicts(read_evidence(run, loaded.config))
        if run.model.is_file():
            experiment.model = keras.saving.load_model(run.model, compile=False)
            probe = layer_probe.probe_saved(experiment)
        else:
            notes.append("The run has no saved model, so the network is measured as it was when the run began.")
            probe = layer_probe.probe_new(experiment)
    verdicts = network_verdicts.verdicts_from_probe(probe)
    verdicts += [verdict for verdict in history_verdicts if verdict.name not in {other.name for other in verdicts}]
    verdicts.sort(key=lambda verdict: CAUSES_FIRST.index(verdict.name))
    moments = {
        moment: {"loss": stats.loss, "gradient_ratio": probe.gradient_ratio(moment)}
        for moment, stats in probe.stats_by_moment.items()
    }
    ratio = next(iter(moments.values()))["gradient_ratio"]
    return Diagnosis(verdicts, _layer_rows(probe), moments, ratio, notes)


def _layer_rows(probe: LayerProbe) -> list[dict[str, Any]]:
    return [
        {
            "name": tap.name,
            "class": type(tap.layer).__name__,
            "activation": tap.activation,
            "output": tap.is_output,
            **{moment: asdict(stats.layers[tap.name]) for moment, stats in probe.stats_by_moment.items()},
        }
        for tap in probe.taps
    ]
