"""Optimizers whose momentum moves inside the compiled loop.

Keras keeps momentum and beta_1 as Python numbers, which tracing freezes: a callback that changes them later
changes nothing. Here the number is a schedule of `optimizer.iterations`, evaluated in the graph like a learning
rate, so it moves in compiled loops of any length and a resumed run continues it exactly.
"""

import keras
from keras import ops

register = keras.saving.register_keras_serializable("kerasdeep")


class MomentumScheduleMixin:
    """What the six optimizers share: a `momentum_schedule` (any schedule object), and how it is saved."""

    def __init__(self, *args, momentum_schedule, **kwargs):
        super().__init__(*args, **kwargs)
        self.momentum_schedule = momentum_schedule

    def current_momentum(self):
        """The momentum of the update that is being computed; a tensor.

        `iterations` counts updates, also under gradient accumulation, where learning rates count batches.
        """
        return self.momentum_schedule(self.iterations)

    def get_config(self):
        schedule = keras.saving.serialize_keras_object(self.momentum_schedule)
        return {**super().get_config(), "momentum_schedule": schedule}

    @classmethod
    def from_config(cls, config, custom_objects=None):
        schedule = keras.saving.deserialize_keras_object(config["momentum_schedule"], custom_objects)
        return super().from_config({**config, "momentum_schedule": schedule}, custom_objects)


@register
class MovingSGD(MomentumScheduleMixin, keras.optimizers.SGD):
    """SGD with v <- m(t) v - rate g; the variable moves by v, or with `nesterov` by m(t) v - rate g."""

    def __init__(self, learning_rate=0.01, *, momentum_schedule, **kwargs):
        # Keras makes the velocity slots only for a momentum above 0; the number itself is never used.
        kwargs["momentum"] = kwargs.get("momentum") or 0.9
        super().__init__(learning_rate, momentum_schedule=momentum_schedule, **kwargs)

    def update_step(self, gradient, variable, learning_rate):
        rate = ops.cast(learning_rate, variable.dtype)
        momentum = ops.cast(self.current_momentum(), variable.dtype)
        step = rate * ops.cast(gradient, variable.dtype)
        velocity = self.momentums[self._get_variable_index(variable)]
        self.assign(velocity, momentum * velocity - step)
        self.assign_add(variable, momentum * velocity - step if self.nesterov else velocity)


@register
class MovingRMSprop(MomentumScheduleMixin, keras.optimizers.RMSprop):
    """RMSprop whose momentum buffer decays by m(t)."""

    def __init__(self, learning_rate=0.001, *, momentum_schedule, **kwargs):
        kwargs["momentum"] = kwargs.get("momentum") or 0.9
        super().__init__(learning_rate, momentum_schedule=momentum_schedule, **kwargs)

    def update_step(self, gradient, variable, learning_rate):
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
    def beta_1(self):
        return self.current_momentum()

    @beta_1.setter
    def beta_1(self, value):
        self.initial_beta_1 = value

    def get_config(self):
        return {**super().get_config(), "beta_1": self.initial_beta_1}


class CorrectedBeta1Mixin(Beta1ScheduleMixin):
    """The bias correction that fits a moving beta_1.

    The first moment's weights add up to 1 - beta_1(1) ... beta_1(t), one minus the product of the betas that were
    used, where Keras divides by 1 - beta_1 ** t. The update is linear in the rate, so the rate carries the
    quotient of the two.
    """

    def build(self, variables):
        if self.built:
            return
        super().build(variables)
        self._beta_1_product = self.add_variable(shape=(), initializer="ones", name="beta_1_product")

    def _backend_update_step(self, grads, trainable_variables, learning_rate):
        product = self._beta_1_product * self.beta_1
        self.assign(self._beta_1_product, product)
        step = ops.cast(self.iterations + 1, product.dtype)
        learning_rate = learning_rate * (1 - ops.power(self.beta_1, step)) / (1 - product)
        super()._backend_update_step(grads, trainable_variables, learning_rate)


@register
class MovingAdam(CorrectedBeta1Mixin, keras.optimizers.Adam):
    """Adam with beta_1(t)."""


@register
class MovingAdamW(CorrectedBeta1Mixin, keras.optimizers.AdamW):
    """AdamW with beta_1(t)."""


@register
class MovingAdamax(CorrectedBeta1Mixin, keras.optimizers.Adamax):
    """AdaMax with beta_1(t)."""


@register
class MovingNadam(Beta1ScheduleMixin, keras.optimizers.Nadam):
    """Nadam with beta_1(t).

    Nadam keeps the product of its momenta itself; its look-ahead to the next step takes the present beta_1.
    """
