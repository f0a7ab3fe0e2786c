"""A curve on the terminal, in Braille dots: two columns and four rows of them to a character."""

from __future__ import annotations

import math
from collections.abc import Sequence

from rich.text import Text

WIDTH, HEIGHT = 64, 10
_DOTS = ((0x01, 0x08), (0x02, 0x10), (0x04, 0x20), (0x40, 0x80))  # by row and column inside a character


def plot_curve(rates: Sequence[float], losses: Sequence[float], marked_rate: float) -> list[Text]:
    """The losses over the (rising, logarithmic) rates: the losses' bounds at the left, a mark below `marked`.

    Losses above one and a half times the first count as that much, so that a divergence leaves room for the rest.
    """
    ceiling = losses[0] + 0.5 * abs(losses[0])
    clipped = [min(loss, ceiling) for loss in losses]
    low, high = min(clipped), max(clipped)
    dot_rows, previous_row = 4 * HEIGHT, None
    cells = [[0] * WIDTH for _ in range(HEIGHT)]
    for column in range(2 * WIDTH):
        loss = _interpolate(clipped, column / (2 * WIDTH - 1))
        row = round((high - loss) / ((high - low) or 1.0) * (dot_rows - 1))
        for dot in _connected_rows(previous_row, row):
            cells[dot // 4][column // 2] |= _DOTS[dot % 4][column % 2]
        previous_row = row
    marker_column = round(_log_fraction(marked_rate, rates[0], rates[-1]) * (WIDTH - 1))
    labels = {0: f"{high:.3g}", HEIGHT - 1: f"{low:.3g}"}
    lines = []
    for line_index, line_cells in enumerate(cells):
        text = Text(f"{labels.get(line_index, ''):>8} ", "dim")
        for column, cell in enumerate(line_cells):
            text.append(chr(0x2800 + cell) if cell or column != marker_column else "┊", "" if cell else "dim")
        lines.append(text)
    return [*lines, _axis(rates[0], rates[-1], marker_column)]


def _interpolate(values: Sequence[float], fraction: float) -> float:
    """The value at that share of the way, on straight lines between the values."""
    position = fraction * (len(values) - 1)
    left = min(int(position), len(values) - 2) if len(values) > 1 else 0
    right = min(left + 1, len(values) - 1)
    return values[left] + (position - left) * (values[right] - values[left])


def _connected_rows(previous_row: int | None, row: int) -> range:
    """The rows to dot in a column so that a steep curve stays one line."""
    if previous_row is None or abs(row - previous_row) < 2:
        return range(row, row + 1)
    return range(previous_row + 1, row + 1) if row > previous_row else range(row, previous_row)


def _log_fraction(rate: float, low: float, high: float) -> float:
    """Where the rate lies between the two, 0 to 1, on a logarithmic axis."""
    return min(1.0, max(0.0, math.log(rate / low) / (math.log(high / low) or 1.0)))


def _axis(low: float, high: float, marker_column: int) -> Text:
    """The powers of ten below the curve, and the mark."""
    line = [" "] * (WIDTH + 6)
    for power in range(math.ceil(math.log10(low) - 1e-9), math.floor(math.log10(high) + 1e-9) + 1):
        label, start = f"1e{power}", round(_log_fraction(10.0**power, low, high) * (WIDTH - 1))
        line[start : start + len(label)] = label
    if line[marker_column] == " ":
        line[marker_column] = "▲"
    return Text(f"{'':>9}{''.join(line)}", "dim")
