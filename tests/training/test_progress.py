"""What the user sees, mode by mode."""

import io
import sys
from types import SimpleNamespace

import pytest

from kerasdeep.engine.checkpoint import Position
from kerasdeep.training.callbacks import progress

ROW = {
    "stage": "main",
    "epoch": 3,
    "loss": 0.43123,
    "data_loss": 0.43123,
    "val_loss": 0.5,
    "val_data_loss": 0.4,
    "learning_rate": 0.001,
    "momentum": None,
    "seconds": 0.42,
    "examples_per_second": 1000.0,
}


def test_a_line_an_epoch_names_each_figure_once():
    assert progress.format_epoch(ROW, 3, 20) == (
        "epoch  3/20  loss 0.4312  val_loss 0.5  val_data_loss 0.4  rate 0.001  0.4 s"
    )


def run(display):
    with display:
        display.on_phase_begin(SimpleNamespace(epochs=2, steps_per_epoch=10, engine=SimpleNamespace(batch_size=32)))
        display.say("a word")
        for step in (1, 10):
            display.on_steps_end(Position(0, 0, step), 0.5)
        display.on_epoch_end(0, ROW)


@pytest.mark.parametrize(("mode", "stream"), [("auto", "stdout"), ("json", "stderr"), ("quiet", None)])
def test_plain_lines_go_where_the_mode_says(mode, stream, capsys):
    run(progress.make_progress(mode))
    captured = capsys.readouterr()
    for name in ("stdout", "stderr"):
        text = captured.out if name == "stdout" else captured.err
        assert (text.splitlines() == ["a word", progress.format_epoch(ROW, 1, 2)]) == (name == stream)
        assert text or name != stream


class Terminal(io.StringIO):
    def isatty(self):
        return True


def test_a_terminal_gets_a_bar_with_rate_and_time_left(monkeypatch):
    terminal = Terminal()
    monkeypatch.setattr(sys, "stdout", terminal)
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("COLUMNS", "150")
    run(progress.make_progress("auto"))
    text = terminal.getvalue()
    assert "a word" in text and "epoch 1/2" in text and "10/10 steps" in text
    assert "examples/s" in text and "left" in text


@pytest.mark.parametrize(("seconds", "text"), [(0.4, "0:00"), (65, "1:05"), (3723, "1:02:03")])
def test_clock(seconds, text):
    assert progress.format_duration(seconds) == text
