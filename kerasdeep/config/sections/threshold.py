"""`threshold:` the probability above which a row is given the second of two classes, or a label."""

from dataclasses import dataclass

from kerasdeep.config.schema import Section, setting


@dataclass(frozen=True, kw_only=True)
class ThresholdConfig(Section):
    """Chosen on validation rows once the network is trained, and applied by `evaluate` and `predict`."""

    SHORTHAND = (("'f1'|'cost'|'rate'", "by"), ("float", "value"))

    by: str = setting(
        "'f1'|'cost'|'rate'",
        "f1",
        "What is best on validation rows: the highest F1, the least cost, or the most hits at a rate of false alarms.",
    )
    cost: float = setting("float", 1.0, "By cost: how many false alarms a missed row costs.", minimum=0.0)
    rate: float = setting(
        "float",
        0.05,
        "By rate: the share of the rows without the class that may be called so (the false positive rate).",
        minimum=0.0,
        maximum=1.0,
    )
    value: float | None = setting(
        "float|null", None, "The threshold itself, rather than a chosen one.", minimum=0.0, maximum=1.0
    )
