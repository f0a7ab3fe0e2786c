"""What names of Keras mean to kerasdeep beyond their arguments: one table a question, read by every room."""

PLATEAU_SCHEDULE = "Performance"
"""The schedule that follows a metric: training changes the rate between epochs, and no step or end is planned."""
RATE_STATING_SCHEDULES = ("OneCycle", "Piecewise", "PiecewiseConstantDecay", "Noam")
"""Schedules that state every rate themselves."""
DURATION_ARGUMENTS = {
    "OneCycle": "steps",
    **dict.fromkeys(("Piecewise", "PiecewiseConstantDecay"), "boundaries"),
    **dict.fromkeys(("LinearWarmup", "Cosine", "Noam"), "warmup"),
}
"""The argument by which a schedule says when something happens that a shorter training never sees."""
MOMENTUM_ARGUMENTS = {
    **dict.fromkeys(("SGD", "RMSprop"), "momentum"),
    **dict.fromkeys(("Adam", "AdamW", "Nadam", "Adamax"), "beta_1"),
}
"""The argument that 1cycle's momentum half moves, by optimizer."""

LABEL_MIXING_LAYERS = ("CutMix", "MixUp")
MERGE_LAYERS = ("Add", "Average", "Concatenate", "Dot", "Maximum", "Minimum", "Multiply", "Subtract")
PLAIN_DROPOUT_LAYERS = ("Dropout", "GaussianDropout", "SpatialDropout1D", "SpatialDropout2D", "SpatialDropout3D")
DROPOUT_LAYERS = ("AlphaDropout", *PLAIN_DROPOUT_LAYERS)
RECURRENT_LAYERS = ("SimpleRNN", "LSTM", "GRU")
ACTIVATION_BY_LAYER = {
    "ReLU": "relu",
    "LeakyReLU": "leaky_relu",
    "PReLU": "prelu",
    "RReLU": "rrelu",
    "ELU": "elu",
    "LearnedSwish": "learned_swish",
    "ParametricActivation": "parametric",
    "Softmax": "softmax",
}
"""Layers that are nothing but an activation."""

CATEGORICAL_LOSSES = ("CategoricalCrossentropy", "SparseCategoricalCrossentropy", "CategoricalFocalCrossentropy")
BINARY_LOSSES = ("BinaryCrossentropy", "BinaryFocalCrossentropy")
_LOWER_IS_BETTER = (
    "loss",
    "error",
    "crossentropy",
    "divergence",
    "hinge",
    "false_",
    "brier",
    "poisson_deviance",
    "width_",
)


def lower_is_better(metric: str) -> bool:
    """Whether a metric improves by falling, as far as its name tells."""
    return any(word in metric for word in _LOWER_IS_BETTER)
