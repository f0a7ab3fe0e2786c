"""The table of tasks: each entry is whole, and the settings follow from it."""

import pytest

from kerasdeep import catalog, tasks
from kerasdeep.config.root import Config
from kerasdeep.config.schema import settings_of


@pytest.mark.parametrize("name", tasks.TASKS)
def test_what_a_task_names_exists(name):
    task = tasks.TASKS[name]
    assert catalog.find_entry("activation", task.activation)
    assert catalog.find_entry("loss", task.loss)
    assert all(catalog.find_entry("metric", metric) for metric in task.metrics)
    assert "units" in task.needs.format(units=3) or "one unit" in task.needs


def test_the_setting_offers_every_task():
    names = ["auto", "binary", "multiclass", "multilabel", "ordinal", "regression", "count", "quantile"]
    assert tasks.setting_type() == "|".join([*(f"'{name}'" for name in names), "map[map[list[float]]]"])
    assert "task" in settings_of(Config)


def test_what_predicts_numbers():
    numbers = [name for name in ("auto", *tasks.TASKS) if tasks.predicts_numbers(name)]
    assert numbers == ["regression", "count", "quantile", "forecast"]
    assert [tasks.task_of_classes(count) for count in (2, 3)] == ["binary", "multiclass"]


def test_a_task_may_be_told_options():
    assert tasks.parse_setting("quantile") == ("quantile", {"levels": [0.05, 0.5, 0.95]})
    assert tasks.parse_setting({"quantile": {"levels": [0.1]}}) == ("quantile", {"levels": [0.1]})
    assert tasks.parse_setting("auto") == ("auto", {})
