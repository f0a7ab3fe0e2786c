"""`lr-find --apply` changes one number in a file that a person wrote, and not one byte more."""

import pytest

from kerasdeep.config import Overrides, load_config
from kerasdeep.config.rate_setting import find_rate_setting
from kerasdeep.diagnostics import rate_writer
from kerasdeep.errors import InputError

HEAD = "version: 1  # one\ndata: {source: digits}\nnetwork: {layers: [Flatten, Dense: 10, Output]}\n"


def applied(tmp_path, text, rate=0.125, **options):
    """The text after `apply`, whose setting must then read as the rate."""
    path = tmp_path / "a.yaml"
    path.write_bytes(text.encode())
    rate_writer.apply_rate(load_config(path, Overrides(**options)), rate)
    found = find_rate_setting(load_config(path, Overrides(**{k: v for k, v in options.items() if k != "sets"})).config)
    assert found.value == rate
    return path.read_bytes().decode()


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("optimizer: {SGD: {learning_rate: 1e-2}} # why", "optimizer: {SGD: {learning_rate: 0.125}} # why"),
        (
            "optimizer: { sgd: { learning_rate:  0.01 , momentum: 0.9 } }",
            "optimizer: { sgd: { learning_rate:  0.125 , momentum: 0.9 } }",
        ),
        ("optimizer: {SGD: 0.01}", "optimizer: {SGD: 0.125}"),
        ("optimizer: SGD   # bare", "optimizer: {SGD: {learning_rate: 0.125}}   # bare"),
        ("optimizer: {SGD: {}}", "optimizer: {SGD: {learning_rate: 0.125}}"),
        ("optimizer: {SGD: null}", "optimizer: {SGD: {learning_rate: 0.125}}"),
        ("optimizer: {SGD: {momentum: 0.9}}", "optimizer: {SGD: {learning_rate: 0.125, momentum: 0.9}}"),
        (
            "optimizer:\n   SGD:\n      momentum: 0.9   # much\n      nesterov: true",
            "optimizer:\n   SGD:\n      learning_rate: 0.125\n      momentum: 0.9   # much\n      nesterov: true",
        ),
        (
            "optimizer:\n  SGD:\n    momentum: 0.9\n\n    learning_rate:   0.01   # is",
            "optimizer:\n  SGD:\n    momentum: 0.9\n\n    learning_rate:   0.125   # is",
        ),
        ("optimizer:\n  SGD:   # none yet", "optimizer:\n  SGD: {learning_rate: 0.125}   # none yet"),
        (
            "optimizer: {LossScaleOptimizer: {inner_optimizer: SGD}}",
            "optimizer: {LossScaleOptimizer: {inner_optimizer: {SGD: {learning_rate: 0.125}}}}",
        ),
        ("optimizer: SGD\nschedule: {one_cycle: 0.05}", "optimizer: SGD\nschedule: {one_cycle: 0.125}"),
        ("schedule: {OneCycle: {max_rate: 0.05}}", "schedule: {OneCycle: {max_rate: 0.125}}"),
        (
            "optimizer: {SGD: 0.01}\nschedule: {exponential: 10 epochs}",
            "optimizer: {SGD: 0.125}\nschedule: {exponential: 10 epochs}",
        ),
        (
            "schedule:\n  exponential:\n    decay_steps: 9\n    initial_learning_rate: 0.1",
            "schedule:\n  exponential:\n    decay_steps: 9\n    initial_learning_rate: 0.125",
        ),
        (
            "optimizer: SGD\nschedule: {linear_warmup: {warmup: 10, schedule: {exponential: 9}}}",
            "optimizer: {SGD: {learning_rate: 0.125}}\n"
            "schedule: {linear_warmup: {warmup: 10, schedule: {exponential: 9}}}",
        ),
    ],
)
def test_one_number_changes(tmp_path, before, after):
    assert applied(tmp_path, f"{HEAD}{before}\n# end\n") == f"{HEAD}{after}\n# end\n"


def test_without_a_section_one_is_put_where_people_look_for_it(tmp_path):
    line = "optimizer: {Nadam: {learning_rate: 0.125}}\n"
    rest = "# how long\ntraining: {epochs: 3}\n"
    assert applied(tmp_path, HEAD + rest) == HEAD + line + rest
    assert applied(tmp_path, HEAD) == HEAD + line
    assert applied(tmp_path, HEAD[:-1]) == HEAD + line
    flow = "{version: 1, data: {source: digits}, network: {layers: [Flatten, Output]}}"
    assert applied(tmp_path, flow) == "{" + line[:-1] + ", " + flow[1:]


def test_line_ends_and_wide_characters_stay(tmp_path):
    text = "# Größe 🙂\r\n" + HEAD.replace("\n", "\r\n") + "optimizer: SGD # 🙂\r\n"
    assert applied(tmp_path, text) == text.replace(": SGD", ": {SGD: {learning_rate: 0.125}}")
    text = HEAD.replace("\n", "\r\n") + "optimizer:\r\n  SGD:\r\n    momentum: 0.5\r\n"
    expected = text.replace("    momentum", "    learning_rate: 0.125\r\n    momentum")
    assert applied(tmp_path, text) == expected


def test_the_variant_that_was_tested_is_the_one_that_changes(tmp_path):
    text = HEAD + "optimizer: {SGD: 0.01}\nvariants:\n  fast: {optimizer: {SGD: {learning_rate: 0.2}}}\n"
    assert applied(tmp_path, text, variant="fast") == text.replace("0.2", "0.125")
    assert applied(tmp_path, text) == text.replace("0.01", "0.125")


def test_a_file_that_extends_another_gets_an_override_and_the_other_stays(tmp_path):
    base = tmp_path / "base.yaml"
    base.write_text(HEAD + "optimizer: {SGD: {learning_rate: 0.01, momentum: 0.9}}\n")
    text = "version: 1\nextends: base.yaml\n"
    after = applied(tmp_path, text)
    assert after == text + "optimizer: {SGD: {learning_rate: 0.125}}\n"
    assert load_config(tmp_path / "a.yaml").config.optimizer.arguments["momentum"] == 0.9
    assert "0.01" in base.read_text()


def test_a_rate_given_by_set_is_written_over_the_files_own(tmp_path):
    text = HEAD + "optimizer: {SGD: {momentum: 0.9, learning_rate: 0.01}}\n"
    sets = ["optimizer.SGD.learning_rate=0.5"]
    assert applied(tmp_path, text, sets=sets) == text.replace("0.01", "0.125")


@pytest.mark.parametrize(
    ("text", "sets", "message"),
    [
        ("optimizer: SGD\n", ["optimizer=Adam"], r"Write: optimizer: \{Adam: \{learning_rate"),
        ("schedule: {piecewise: {boundaries: [2 epochs], values: [0.1, 0.01]}}\n", [], "no single rate"),
        ("schedule: {noam: {model_dimension: 64, warmup: 10}}\n", [], "no single rate"),
    ],
)
def test_what_one_number_cannot_say_is_refused_before_any_work(tmp_path, text, sets, message):
    path = tmp_path / "a.yaml"
    path.write_text(HEAD + text)
    with pytest.raises(InputError, match=message):
        rate_writer.check_applicable(load_config(path, Overrides(sets)))
    assert path.read_text() == HEAD + text


def test_links_and_permissions_stay(tmp_path):
    real = tmp_path / "real.yaml"
    real.write_text(HEAD)
    real.chmod(0o600)
    (tmp_path / "link.yaml").symlink_to(real)
    rate_writer.apply_rate(load_config(tmp_path / "link.yaml"), 3.2e-5)
    assert (tmp_path / "link.yaml").is_symlink() and real.stat().st_mode & 0o777 == 0o600
    assert real.read_text().endswith("{Nadam: {learning_rate: 3.2e-5}}\n")
