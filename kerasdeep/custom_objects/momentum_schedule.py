"""Optimizers whose momentum moves inside the compiled loop.

Keras keeps momentum and beta_1 as Python numbers, which tracing freezes: a callback that changes them later
changes nothing. Here the number is a schedule of `optimizer.iterations`, evaluated in the graph like a learning
rate, so it moves in compiled loops of any length and a resumed run continues it exactly.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Self, TypeAlias

import keras
from keras import ops

from kerasdeep.custom_objects.tensors import ObjectConfig, OptimizerBase, Tensor

Rate: TypeAlias = float | keras.optimizers.schedules.LearningRateSchedule

register = keras.saving.register_keras_serializable("kerasdeep")


class MomentumScheduleMixin(OptimizerBase):
    """What the six optimizers share: momentum(t) = momentum_schedule(t), t counting updates, and how it is saved.

    Args:
        *args: Those of the Keras optimizer.
        momentum_schedule: A schedule, or any function of the update's number that Keras can serialize; its values
            lie in [0, 1).
        **kwargs: Those of the Keras optimizer.
    """

    def __init__(self, *args: Any, momentum_schedule: Callable[[Tensor], Tensor], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.momentum_schedule = momentum_schedule

    def current_momentum(self) -> Tensor:
        """The momentum of the update that is being computed, a scalar.

        `iterations` counts updates, also under gradient accumulation, where learning rates count batches.
        """
        return self.momentum_schedule(self.iterations)

    def get_config(self) -> ObjectConfig:
        schedule = keras.saving.serialize_keras_object(self.momentum_schedule)
        return {**super().get_config(), "momentum_schedule": schedule}

    @classmethod
    def from_config(cls, config: ObjectConfig, custom_objects: Mapping[str, Any] | None = None) -> Self:
        schedule = keras.saving.deserialize_keras_object(config["momentum_schedule"], custom_objects)
        return super().from_config({**config, "momentum_schedule": schedule}, custom_objects)


@register
class MovingSGD(MomentumScheduleMixin, keras.optimizers.SGD):
    """SGD: v <- m(t) v - rate g; w <- w + v, or with `nesterov` w + m(t) v - rate g.

    Args:
        learning_rate: A rate or a schedule.
        momentum_schedule: m; see `MomentumScheduleMixin`.
        **kwargs: Those of `keras.optimizers.SGD`.

    References:
        Polyak 1964; Nesterov 1983; Sutskever et al. 2013, "On the importance of initialization and momentum".
    """

    def __init__(
        self, learning_rate: Rate = 0.01, *, momentum_schedule: Callable[[Tensor], Tensor], **kwargs: Any
    ) -> None:
        # Keras makes the velocity slots only for a momentum above 0; the number itself is never used.
        kwargs["momentum"] = kwargs.get("momentum") or 0.9
        super().__init__(learning_rate, momentum_schedule=momentum_schedule, **kwargs)

    def update_step(self, gradient: Tensor, variable: keras.Variable, learning_rate: Tensor) -> None:
        rate = ops.cast(learning_rate, variable.dtype)
        momentum = ops.cast(self.current_momentum(), variable.dtype)
        step = rate * ops.cast(gradient, variable.dtype)
        velocity = self.momentums[self._get_variable_index(variable)]
        self.assign(velocity, momentum * velocity - step)
        self.assign_add(variable, momentum * velocity - step if self.nesterov else velocity)


@register
class MovingRMSprop(MomentumScheduleMixin, keras.optimizers.RMSprop):
    """RMSprop: s <- rho s + (1 - rho) g**2; b <- m(t) b + rate g / sqrt(s + epsilon); w <- w - b.

    With `centered`, s is reduced by the square of the gradient's moving mean.

    Args:
        learning_rate: A rate or a schedule.
        momentum_schedule: m; see `MomentumScheduleMixin`.
        **kwargs: Those of `keras.optimizers.RMSprop`.

    References:
        Tieleman and Hinton 2012, lecture 6.5; Graves 2013, arXiv:1308.0850, for the centered form.
    """

    def __init__(
        self, learning_rate: Rate = 0.001, *, momentum_schedule: Callable[[Tensor], Tensor], **kwargs: Any
    ) -> None:
        kwargs["momentum"] = kwargs.get("momentum") or 0.9
        super().__init__(learning_rate, momentum_schedule=momentum_schedule, **kwargs)

    def update_step(self, gradient: Tensor, variable: keras.Variable, learning_rate: Tensor) -> None:
        index = self._get_variable_index(variable)
        rate = ops.cast(learning_rate, variable.dtype)
        momentum = ops.cast(self.current_momentum(), variable.dtype)
        gradient = ops.cast(gradient, variable.dtype)
        velocity, buffer = self._velocities[index], self._momentums[index]
        self.assign(velocity, self.rho * velocity + (1 - self.rho) * ops.square(gradient))
        spread = velocity + self.epsilon
        if self.centered:
            average = self._average_gradients[index]
            self.assign(average, self.rho * average + (1 - self.rho) * gradient)
            spread = spread - ops.square(average)
        self.assign(buffer, momentum * buffer + rate * gradient / ops.sqrt(spread))
        self.assign_sub(variable, buffer)


class Beta1ScheduleMixin(MomentumScheduleMixin):
    """beta_1 as a schedule: Keras's own update reads it as a tensor."""

    @property
    def beta_1(self) -> Tensor:
        return self.current_momentum()

    @beta_1.setter
    def beta_1(self, value: float) -> None:
        self.initial_beta_1 = value

    def get_config(self) -> ObjectConfig:
        return {**super().get_config(), "beta_1": self.initial_beta_1}


class CorrectedBeta1Mixin(Beta1ScheduleMixin):
    """The bias correction that fits a moving beta_1: 1 - beta_1(1) * … * beta_1(t) instead of 1 - beta_1 ** t.

    The weights of the first moment's mean add up to one minus the product of the betas that were used. The update
    is linear in the rate, so the rate carries the quotient of the two.
    """

    def build(self, variables: Sequence[keras.Variable]) -> None:
        if self.built:
            return
        super().build(variables)
        self._beta_1_product = self.add_variable(shape=(), initializer="ones", name="beta_1_product")

    def _backend_update_step(
        self, grads: Sequence[Tensor], trainable_variables: Sequence[keras.Variable], learning_rate: Tensor
    ) -> None:
        product = self._beta_1_product * self.beta_1
        self.assign(self._beta_1_product, product)
        step = ops.cast(self.iterations + 1, product.dtype)
        learning_rate = learning_rate * (1 - ops.power(self.beta_1, step)) / (1 - product)
        super()._backend_update_step(grads, trainable_variables, learning_rate)


@register
class MovingAdam(CorrectedBeta1Mixin, keras.optimizers.Adam):
    """Adam with beta_1(t); takes the arguments of `keras.optimizers.Adam` and a `momentum_schedule`.

    References:
        Kingma and Ba 2014, "Adam: a method for stochastic optimization", arXiv:1412.6980.
    """


@register
class MovingAdamW(CorrectedBeta1Mixin, keras.optimizers.AdamW):
    """AdamW with beta_1(t); takes the arguments of `keras.optimizers.AdamW` and a `momentum_schedule`.

    References:
        Loshchilov and Hutter 2017, "Decoupled weight decay regularization", arXiv:1711.05101.
    """


@register
class MovingAdamax(CorrectedBeta1Mixin, keras.optimizers.Adamax):
    """AdaMax with beta_1(t); takes the arguments of `keras.optimizers.Adamax` and a `momentum_schedule`.

    References:
        Kingma and Ba 2014, section 7, as for `MovingAdam`.
    """


@register
class MovingNadam(Beta1ScheduleMixin, keras.optimizers.Nadam):
    """Nadam with beta_1(t); takes the arguments of `keras.optimizers.Nadam` and a `momentum_schedule`.

    Nadam keeps the product of its momenta itself; its look-ahead to the next step takes the present beta_1.

    References:
        Dozat 2016, "Incorporating Nesterov momentum into Adam".
    """
