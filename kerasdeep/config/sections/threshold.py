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
        "What is best on validation rows: the highest F1, the least cost, or the most true positives at a rate of "
        "false positives.",
    )
    cost: float = setting(
        "float", 1.0, "By cost: the cost of a false negative, where a false positive costs 1.", minimum=0.0
    )
    rate: float = setting(
        "float",
        0.05,
        "By rate: the largest false positive rate, the share of the rows without the class that is given it.",
        minimum=0.0,
        maximum=1.0,
    )
    value: float | None = setting(
        "float|null", None, "The threshold itself, rather than a chosen one.", minimum=0.0, maximum=1.0
    )
