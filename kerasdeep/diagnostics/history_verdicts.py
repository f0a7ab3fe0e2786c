"""Verdicts from a run's history: divergence, overfitting, underfitting."""

import math
from typing import Any

from kerasdeep.config.root import Config
from kerasdeep.diagnostics import remedies
from kerasdeep.diagnostics.network_verdicts import NetworkVerdict

OVERFIT_RATIO = 1.05
"""Held-out loss at the end over its best, while the training loss still fell."""
STILL_FALLING_SHARE = 0.1
"""The share of the whole fall that happened in the last fifth of the epochs."""
MIN_GAIN_OVER_BASELINE = 0.02
"""Accuracy or R² above the baseline that counts as nothing."""


def verdicts_from_history(rows: list[dict[str, Any]], result: dict[str, Any], config: Config) -> list[NetworkVerdict]:
    """Verdicts on a run's epochs (`history.csv`'s rows) and its result."""
    rules = (_diverged(rows, config), _overfitting(rows, config), _underfitting(rows, result, config))
    return [verdict for verdict in rules if verdict]


def _diverged(rows: list[dict[str, Any]], config: Config) -> NetworkVerdict | None:
    losses = [row["loss"] for row in rows if row.get("loss") is not None]
    if not losses or (math.isfinite(losses[-1]) and losses[-1] <= 1.1 * losses[0] + 1e-9):
        return None
    if len(losses) == 1 and math.isfinite(losses[0]):
        return None
    evidence = f"The training loss went from {losses[0]:.3g} in the first epoch to {losses[-1]:.3g} in the last."
    return NetworkVerdict("rate_too_high", [], evidence, remedies.scale_rate(config, 0.1))


def _overfitting(rows: list[dict[str, Any]], config: Config) -> NetworkVerdict | None:
    train, held_out = _loss_series(rows)
    if len(held_out) < 3:
        return None
    best = min(range(len(held_out)), key=held_out.__getitem__)
    if (
        held_out[-1] <= held_out[best] * OVERFIT_RATIO
        or train[-1] >= 0.95 * train[best]
        or held_out[-1] < 1.2 * train[-1]
    ):
        return None
    evidence = (
        f"Since epoch {best + 1} the validation loss rose from {held_out[best]:.3g} to {held_out[-1]:.3g}, while "
    )
    evidence += f"the training loss fell from {train[best]:.3g} to {train[-1]:.3g}."
    return NetworkVerdict("overfitting", [], evidence, remedies.fix_overfitting(config))


def _underfitting(rows: list[dict[str, Any]], result: dict[str, Any], config: Config) -> NetworkVerdict | None:
    metrics, baseline = result.get("metrics") or {}, result.get("baseline") or {}
    for name in ("val_accuracy", "test_accuracy", "val_r2_score", "test_r2_score"):
        if metrics.get(name) is not None and baseline.get(name) is not None:
            if metrics[name] - baseline[name] < MIN_GAIN_OVER_BASELINE:
                evidence = f"{name} is {metrics[name]:.3g}; always giving the same answer has {baseline[name]:.3g}."
                return NetworkVerdict("underfitting", [], evidence, remedies.enlarge_network(config))
            break
    _, held_out = _loss_series(rows)
    last_epochs = max(1, len(held_out) // 5)
    if len(held_out) < 3 or min(held_out) < held_out[-1]:
        return None
    fall, late_fall = held_out[0] - held_out[-1], held_out[-1 - last_epochs] - held_out[-1]
    if late_fall < STILL_FALLING_SHARE * fall:
        return None
    evidence = f"In the last {last_epochs} of {len(held_out)} epochs the validation loss still fell from "
    evidence += f"{held_out[-1 - last_epochs]:.3g} to {held_out[-1]:.3g}."
    return NetworkVerdict("underfitting", [], evidence, remedies.train_longer(config))


def _loss_series(rows: list[dict[str, Any]]) -> tuple[list[float], list[float]]:
    """Training and validation loss by epoch, without penalties where they were recorded."""
    name = "data_loss" if rows and rows[-1].get("data_loss") is not None else "loss"
    pairs = [(row.get(name), row.get(f"val_{name}")) for row in rows]
    finite_pairs = [
        (train_loss, val_loss)
        for train_loss, val_loss in pairs
        if train_loss is not None and val_loss is not None and math.isfinite(train_loss) and math.isfinite(val_loss)
    ]
    return [train_loss for train_loss, _ in finite_pairs], [val_loss for _, val_loss in finite_pairs]
