"""Bases of custom objects that hold another Keras object among their arguments."""

import inspect
from typing import ClassVar, Self

import keras

from kerasdeep.custom_objects.tensors import ObjectConfig, Tensor


class NestedObjectMixin:
    """Restores the argument `nested`, which is saved as a Keras object of its own (or is plain data)."""

    nested: ClassVar[str]

    @classmethod
    def from_config(cls, config: ObjectConfig) -> Self:
        return cls(**{**config, cls.nested: keras.saving.deserialize_keras_object(config[cls.nested])})


class CustomSchedule(keras.optimizers.schedules.LearningRateSchedule):
    """A schedule that is saved by its constructor's arguments, each kept in the attribute of that name.

    An argument named `schedule` may be a schedule itself.
    """

    def get_config(self) -> ObjectConfig:
        names = inspect.signature(type(self)).parameters
        return {name: keras.saving.serialize_keras_object(getattr(self, name)) for name in names}

    @classmethod
    def from_config(cls, config: ObjectConfig) -> Self:
        nested = {
            key: keras.saving.deserialize_keras_object(value) for key, value in config.items() if key == "schedule"
        }
        return cls(**(config | nested))


class WrappedMetric(NestedObjectMixin, keras.metrics.Metric):
    """A metric that passes changed targets and predictions on to another, and keeps its name and direction.

    Args:
        metric: The metric that is computed.
        name: The metric's own when None.
        dtype: Keras's default float type when None.
    """

    nested = "metric"

    def __init__(self, metric: keras.metrics.Metric, name: str | None = None, dtype: str | None = None) -> None:
        super().__init__(name=name or metric.name, dtype=dtype)
        self.metric = metric
        self._direction = getattr(metric, "_direction", None)

    def result(self) -> Tensor:
        return self.metric.result()

    def reset_state(self) -> None:
        self.metric.reset_state()

    def get_config(self) -> ObjectConfig:
        return {**super().get_config(), "metric": keras.saving.serialize_keras_object(self.metric)}
