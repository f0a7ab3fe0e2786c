"""Lines over a small base that a check must find wrong, each beside lines that it must let pass."""

from __future__ import annotations

SELU = "activation: selu\n"
RISING = "schedule: {piecewise: {boundaries: [%s], values: [0.1, 0.05, 0.01]}}\n"
GROUPS = "optimizer: {MultiOptimizer: {default_optimizer: %s}}\n"
DECAY = "regularization: {weight_decay: 0.1}"
SERIES = "data:\n  source: rows.csv\n  target: y\n  window: {%s}\n"
WINDOWS = SERIES % "length: 4" + "  time: t\n"
DEEP = "network: [Repeat: {times: %d, layers: [Dense: 10]}, Output]\n"

# (name, lines that fire it, lines that do not); "!" marks an error, the others are warnings that can be allowed.
CASES = [
    # data
    ("!split", "data: {validation: {first: 3, last: 3}}", "data: {validation: {first: 3}}"),
    ("!split", "data: {validation: {}}", "data: {validation: null}"),
    ("!split", "data: {validation: 0.0}", "data: {validation: 0.1}"),
    ("!split", "data: {validation: 0.5, test: 0.5}", "data: {validation: 0.5, test: 0.4}"),
    ("!one-class", "data: {classes: [setosa]}", "data: {classes: [setosa, virginica]}"),
    ("!conflict", "data: {classes: [a, b, a]}", "data: {classes: [a, b]}"),
    ("!conflict", "data: {target: a, features: [a, b]}", "data: {target: a, features: [b]}"),
    ("!conflict", "data: {target: a, drop: [a]}", "data: {target: a, drop: [b]}"),
    ("!conflict", "data: {drop: [a], features: [a, b]}", "data: {drop: [c], features: [a, b]}"),
    ("!missing-file", "data: {source: irs, format: builtin}", "data: {source: iris, format: builtin}"),
    ("!missing-key", "data: {source: rows.csv}", "data: {source: rows.csv, target: y}"),
    ("!missing-key", "data: {source: rows, format: parquet}", "data: {source: rows, format: parquet, target: y}"),
    ("no-effect", "data: {separator: ';'}", "data: {source: rows.csv, target: y, separator: ';'}"),
    ("no-effect", "data: {source: x.npz, encoding: latin-1}", "data: {source: x.csv, target: y, encoding: latin-1}"),
    ("no-effect", "data: {image: {size: [8, 8]}}", "data: {source: digits, image: {size: [8, 8]}}"),
    ("no-effect", "data: {image: {channels: 1}}", "data: {source: photos, image: {channels: 1}}"),
    ("no-effect", "data: {source: digits, features: [a]}", "data: {features: [a]}"),
    ("no-effect", "data: {source: digits, drop: [a]}", "data: {drop: [a]}"),
    ("no-effect", "data: {source: digits, columns: {a: date}}", "data: {columns: {a: date}}"),
    ("no-effect", "data: {source: digits, target: a}", "data: {target: a}"),
    ("!conflict", "data: {augmentation: [RandomFlip]}", "data: {source: digits, augmentation: [RandomFlip]}"),
    (
        "!conflict",
        "data: {source: digits, augmentation: [MixUp: 0.2]}",
        "data: {source: digits, augmentation: [RandomZoom: 0.2]}",
    ),
    (
        "!conflict",
        "data: {source: digits, augmentation: [{Pipeline: {layers: [MixUp: 0.2]}}]}",
        "data: {source: digits, augmentation: [{Pipeline: {layers: [RandomFlip: horizontal]}}]}",
    ),
    (
        "!conflict",
        "stages: [{pretrain: {rotation: {data: {source: digits, augmentation: [MixUp: 0.2]}}}}, {epochs: 2}]",
        "stages: [{pretrain: {rotation: {data: {source: digits, augmentation: [RandomZoom: 0.2]}}}}, {epochs: 2}]",
    ),
    (
        "!missing-key",
        "stages: [{pretrain: {supervised: {data: {source: b.csv, target: y, window: {length: 4}}}}}, {}]",
        "stages: [{pretrain: {supervised: {data: {source: b.csv, target: y, time: t, window: {length: 4}}}}}, {}]",
    ),
    (
        "!conflict",
        "data: {source: digits, augmentation: [Dense: 9]}",
        "data: {source: digits, augmentation: [RandomShift]}",
    ),
    (
        "ignored-order",
        "data: {source: rows.csv, target: y, group: g, validation: {fraction: 0.1, by: random}}",
        "data: {source: rows.csv, target: y, group: g, validation: {fraction: 0.1, by: group}}",
    ),
    ("no-effect", "runtime: {cache: false}", "runtime: {cache: false, backend: jax}"),
    ("no-effect", "task: regression\ndata: {class_weight: balanced}", "data: {class_weight: balanced}"),
    ("no-effect", "task: regression\ndata: {per_class: 5}", "task: multiclass\ndata: {per_class: 5}"),
    ("no-effect", "task: binary\ndata: {target_scaling: none}", "task: regression\ndata: {target_scaling: none}"),
    # windows
    ("!missing-key", SERIES % "length: 4", SERIES % "length: 4" + "  time: t\n"),
    ("!wrong-task", WINDOWS + "task: quantile", WINDOWS + "task: regression"),
    ("!conflict", WINDOWS + "  weight: w", WINDOWS + "  group: w"),
    ("!conflict", WINDOWS + "  labelled: 9", WINDOWS + "  limit: 9"),
    ("!split", WINDOWS + "  test: {last: 9}", WINDOWS + "  test: {count: 9}"),
    ("!split", WINDOWS + "  test: {fraction: 0.1, by: random}", WINDOWS + "  test: {fraction: 0.1, by: time}"),
    ("!wrong-value", SERIES % "length: 4, season: 5" + "  time: t", SERIES % "length: 4, season: 4" + "  time: t"),
    # task and threshold
    ("!wrong-value", "task: {quantile: {levels: [0.9, 0.1]}}", "task: {quantile: {levels: [0.1, 0.9]}}"),
    ("!wrong-value", "task: {quantil: {levels: [0.5]}}", "task: {quantile: {levels: [0.5]}}"),
    ("!unknown-key", "task: {quantile: {level: [0.5]}}", "task: quantile"),
    ("!conflict", "threshold: f1\ndata: {validation: null}", "threshold: 0.3\ndata: {validation: null}"),
    ("!conflict", "threshold: {by: f1, value: 0.3}", "threshold: {by: f1}"),
    ("no-effect", "task: regression\nthreshold: f1", "task: binary\nthreshold: f1"),
    ("no-effect", WINDOWS + "threshold: f1", WINDOWS + "  target_scaling: none"),
    ("no-effect", "threshold: {rate: 0.1}", "threshold: {by: rate, rate: 0.1}"),
    # network
    ("!too-many-layers", DEEP % 1000 + "# ", DEEP % 10),
    (
        "!misplaced-layer",
        "network: [TimeDistributed: {layer: Output}, Output]",
        "network: [TimeDistributed: {Dense: 3}, Output]",
    ),
    (
        "!misplaced-layer",
        "network: [Repeat: {times: 2, layers: [Output]}, Output]",
        "network: [Repeat: {times: 2, layers: [Dense: 3]}, Output]",
    ),
    (
        "!misplaced-layer",
        "network: [Residual: [Input: {name: a}], Output]",
        "network: [Residual: [Dense: 3, Dense: 4], Output]",
    ),
    (
        "!misplaced-layer",
        "network: [TimeDistributed: {layer: {Dense: {units: 3, inputs: [input]}}}, Output]",
        "network: [TimeDistributed: {layer: {Dense: 3}, inputs: [input]}, Output]",
    ),
    (
        "!duplicate-name",
        "network: [Dense: {units: 3, name: a}, Dense: {units: 3, name: a}, Output]",
        "network: [Dense: {units: 3, name: a}, Dense: {units: 3, name: b}, Output]",
    ),
    (
        "!unknown-input",
        "network: [Dense: {units: 3, name: deep}, Dense: {units: 3, inputs: [dep]}, Output]",
        "network: [Dense: {units: 3, name: deep}, Dense: {units: 3, inputs: [deep]}, Output]",
    ),
    (
        "!missing-inputs",
        "network: [Dense: 3, Add, Output]",
        "network: [Dense: 3, Dense: 3, Add: {inputs: [dense_1, dense_2]}, Output]",
    ),
    (
        "!unused-layer",
        "network: [Dense: {units: 3, name: a}, Dense: {units: 3, inputs: [input]}, Output]",
        "network: [Dense: {units: 3, name: a}, Dense: {units: 3, inputs: [a]}, Output]",
    ),
    ("!no-output", "network: [Dense: 3]", "network: [Dense: 3, Output]"),
    ("!duplicate-output", "network: [Output, Output]", "network: [Output: {name: a}, Output: {name: b}]"),
    ("!unknown-output", "loss: {outpt: mse}", "loss: {output: mse}"),
    ("!unknown-output", "metrics: {a: [mae]}", "network: [Output: {name: a}, Output: {name: b}]\nmetrics: {a: [mae]}"),
    (
        "no-effect",
        "network: [Conv2D: {filters: 3, kernel_size: 3}, Output]\nregularization: {dropout: 0.2}",
        "regularization: {dropout: 0.2}",
    ),
    (
        "no-effect",
        "network: [Output]\nregularization: {dropout: 0.2}",
        "network: [Output]\nregularization: {dropout: {rate: 0.2, input: true}}",
    ),
    ("no-effect", "network: [Output]\nregularization: {batch_norm: before}", "regularization: {batch_norm: before}"),
    (
        "no-effect",
        "network: [Output]\nregularization: {batch_norm: before}",
        "network: [Output]\nregularization: {batch_norm: {input: true}}",
    ),
    ("no-effect", "network: [Output]\nregularization: {max_norm: 1}", "regularization: {max_norm: 1}"),
    ("no-effect", "network: [Output]\nactivation: elu", "activation: elu"),
    (
        "no-effect",
        "network: [Dense: {units: 3, activation: relu}, Output]\nactivation: elu",
        "network: [Dense: {units: 3, activation: relu}, Dense: 3, Output]\nactivation: elu",
    ),
    (
        "no-effect",
        "network: [Output: {kernel_initializer: he_normal}]\ninitializer: he_normal",
        "network: [Output]\ninitializer: he_normal",
    ),
    (
        "biased-batch-norm",
        "network: [Dense: {units: 3, activation: null}, BatchNormalization, Output]",
        "network: [Dense: {units: 3, activation: null, use_bias: false}, BatchNormalization, Output]",
    ),
    (
        "biased-batch-norm",
        "network: [Dense: {units: 3, activation: linear}, BatchNormalization, Output]",
        "network: [Dense: 3, BatchNormalization, Output]",
    ),
    (
        "biased-batch-norm",
        "network: [Dense: {units: 3, use_bias: true}, Output]\nregularization: {batch_norm: before}",
        "network: [Dense: {units: 3, use_bias: true}, Output]\nregularization: {batch_norm: after}",
    ),
    (
        "double-batch-norm",
        "network: [Dense: 3, Dropout: 0.1, BatchNormalization, Output]\nregularization: {batch_norm: before}",
        "network: [Dense: 3, BatchNormalization, Output]\nregularization: {batch_norm: before}",
    ),
    ("equal-weights", "initializer: zeros", "initializer: he_normal"),
    ("equal-weights", "initializer: {HeNormal: {seed: 3}}", "initializer: {HeNormal: {seed: null}}"),
    (
        "equal-weights",
        "network: [Dense: {units: 3, kernel_initializer: ones}, Output]",
        "network: [Dense: {units: 3, bias_initializer: ones}, Output]",
    ),
    ("vanishing-activation", DEEP % 21 + "activation: swish", DEEP % 20 + "activation: swish"),
    (
        "vanishing-activation",
        DEEP % 30 + "activation: gelu",
        DEEP % 30 + "activation: gelu\nregularization: {batch_norm: before}",
    ),
    ("vanishing-activation", DEEP % 30 + "activation: mish", DEEP % 30 + "activation: relu"),
    # SELU
    ("selu-initializer", SELU + "initializer: he_normal", SELU + "initializer: lecun_uniform"),
    (
        "selu-initializer",
        SELU + "network: [Dense: {units: 3, kernel_initializer: he_normal}, Output]",
        "network: [Dense: {units: 3, kernel_initializer: he_normal}, Output]",
    ),
    (
        "selu-initializer",
        SELU + "initializer: {VarianceScaling: {scale: 2.0}}",
        SELU + "initializer: {VarianceScaling: {scale: 1.0, mode: fan_in}}",
    ),
    (
        "selu-initializer",
        "network: [Dense: {units: 3, activation: null}, Activation: selu, Output]\ninitializer: he_normal",
        "network: [Dense: {units: 3, activation: null}, Activation: elu, Output]\ninitializer: he_normal",
    ),
    ("selu-inputs", SELU + "data: {scaling: minmax}", SELU + "data: {scaling: standardize}"),
    ("selu-inputs", SELU + "data: {source: digits}", SELU + "data: {source: iris}"),
    (
        "selu-inputs",
        SELU + "data: {source: digits}",
        SELU + "data: {source: digits}\nregularization: {batch_norm: {input: true}}",
    ),
    (
        "selu-dropout",
        SELU + "network: [Dense: 3, Dropout: 0.2, Output]",
        SELU + "network: [Dense: 3, AlphaDropout: 0.2, Output]",
    ),
    (
        "selu-dropout",
        SELU + "network: [Dense: 3, GaussianDropout: 0.2, Output]",
        SELU + "regularization: {dropout: 0.2}",
    ),
    (
        "selu-batch-norm",
        SELU + "regularization: {batch_norm: after}",
        "activation: elu\nregularization: {batch_norm: after}",
    ),
    ("selu-batch-norm", SELU + "network: [Dense: 3, BatchNormalization, Output]", SELU + "network: [Dense: 3, Output]"),
    ("selu-penalty", SELU + "regularization: {l1: 0.1}", SELU + "regularization: {l1: 0.0}"),
    ("selu-penalty", SELU + "regularization: {weight_decay: 0.1}", "regularization: {weight_decay: 0.1}"),
    (
        "selu-penalty",
        SELU + "network: [Dense: {units: 3, kernel_regularizer: l2}, Output]",
        SELU + "network: [Dense: {units: 3, activation: elu, kernel_regularizer: l2}, Dense: 3, Output]",
    ),
    ("selu-max-norm", SELU + "regularization: {max_norm: 1}", "regularization: {max_norm: 1}"),
    (
        "selu-max-norm",
        SELU + "network: [Dense: {units: 3, kernel_constraint: max_norm}, Output]",
        SELU + "network: [Dense: {units: 3, bias_constraint: max_norm}, Output]",
    ),
    ("selu-topology", SELU + "network: [Residual: [Dense: 4], Output]", "network: [Residual: [Dense: 4], Output]"),
    ("selu-topology", "network: [LSTM: {units: 3, activation: selu}, Output]", "network: [LSTM: 3, Output]"),
    # optimizer, schedule, loss
    ("!conflict", "optimizer: {SGD: {clipnorm: 1, clipvalue: 1}}", "optimizer: {SGD: {clipnorm: 1}}"),
    ("!unknown-argument", "optimizer: {Adam: {momentum: 0.9}}", "optimizer: {SGD: {momentum: 0.9}}"),
    (
        "!conflict",
        "optimizer: {AdamW: {weight_decay: 0.1}}\nregularization: {weight_decay: 0.1}",
        "optimizer: AdamW\nregularization: {weight_decay: 0.1}",
    ),
    (
        "!conflict",
        GROUPS % "SGD, optimizer_map: {a: {AdamW: {weight_decay: 0.1}}}" + DECAY,
        GROUPS % "SGD, optimizer_map: {a: AdamW}" + DECAY,
    ),
    (
        "!conflict",
        "optimizer: {LossScaleOptimizer: {SGD: {weight_decay: 0.1}}}\n" + DECAY,
        "optimizer: {LossScaleOptimizer: SGD}\n" + DECAY,
    ),
    ("tiny-weight-decay", "optimizer: {AdamW: {weight_decay: 1e-5}}", "optimizer: {AdamW: {weight_decay: 1e-4}}"),
    ("tiny-weight-decay", "regularization: {weight_decay: 1e-6}", "regularization: {weight_decay: 0}"),
    ("no-momentum", "optimizer: {SGD: {nesterov: true}}", "optimizer: {SGD: {nesterov: true, momentum: 0.9}}"),
    (
        "no-momentum",
        "optimizer: {SGD: {nesterov: true}}",
        "optimizer: {SGD: {nesterov: true}}\nschedule: {one_cycle: {max_rate: 0.1, momentum: [0.95, 0.85]}}",
    ),
    (
        "!conflict",
        "optimizer: Lion\nschedule: {one_cycle: {max_rate: 0.1, momentum: [0.95, 0.85]}}",
        "optimizer: Lion\nschedule: {one_cycle: 0.1}",
    ),
    (
        "!conflict",
        "optimizer: {SGD: {momentum: 0.9}}\nschedule: {one_cycle: {max_rate: 0.1, momentum: [0.95, 0.85]}}",
        "optimizer: {SGD: {momentum: 0.9}}\nschedule: {one_cycle: 0.1}",
    ),
    ("no-effect", "optimizer: {Adam: {ema_momentum: 0.5}}", "optimizer: {Adam: {ema_momentum: 0.5, use_ema: true}}"),
    (
        "no-effect",
        "optimizer: {Adam: {use_ema: true}}\ntraining: {early_stopping: 5}",
        "optimizer: {Adam: {use_ema: true}}\ntraining: {early_stopping: {restore_best_weights: false}}",
    ),
    ("!wrong-type", "optimizer: {SGD: {learning_rate: {cosine: 50%}}}", "schedule: {cosine: 50%}"),
    (
        "!conflict",
        "schedule: {linear_warmup: {warmup: 5%, schedule: performance}}",
        "schedule: {linear_warmup: {warmup: 5%, schedule: {cosine: 50%}}}",
    ),
    (
        "unused-learning-rate",
        "optimizer: {SGD: 0.1}\nschedule: {one_cycle: 0.1}",
        "optimizer: SGD\nschedule: {one_cycle: 0.1}",
    ),
    (
        "unused-learning-rate",
        "optimizer: {SGD: 0.1}\nschedule: {power: {decay_steps: 5, initial_learning_rate: 1}}",
        "optimizer: {SGD: 0.1}\nschedule: {power: 5}",
    ),
    ("!conflict", "schedule: {piecewise: {boundaries: [1, 2], values: [1, 2]}}", RISING % "1, 2"),
    ("!conflict", RISING % "2 epochs, 1 epochs", RISING % "1 epochs, 2 epochs"),
    ("past-the-end", RISING % "5 epochs, 20 epochs", RISING % "5 epochs, 19 epochs"),
    ("past-the-end", RISING % "5%, 100%", RISING % "5%, 99%"),
    (
        "past-the-end",
        "schedule: {linear_warmup: 30 epochs}",
        "schedule: {linear_warmup: 30 epochs}\ntraining: {epochs: 40}",
    ),
    (
        "past-the-end",
        "schedule: {one_cycle: {max_rate: 1, steps: 21 epochs}}",
        "schedule: {one_cycle: {max_rate: 1, steps: 20 epochs}}",
    ),
    (
        "!conflict",
        "data: {validation: null}\ntraining: {early_stopping: 3}",
        "data: {validation: null}\ntraining: {early_stopping: {patience: 3, monitor: loss}}",
    ),
    (
        "!conflict",
        "data: {validation: null}\nschedule: performance",
        "data: {validation: null}\nschedule: {performance: {monitor: loss}}",
    ),
    ("!conflict", "regularization: {pruning: {share: 0.5, below: 0.1}}", "regularization: {pruning: {below: 0.1}}"),
    ("!conflict", "regularization: {pruning: {from: 90%}}", "regularization: {pruning: {from: 70%}}"),
    ("!conflict", "regularization: {pruning: {until: 3 minutes}}", "regularization: {pruning: {until: 300 steps}}"),
    (
        "!conflict",
        "regularization: {pruning: 0.5}\ntraining: {early_stopping: {start_from_epoch: 15}}",
        "regularization: {pruning: 0.5}\ntraining: {early_stopping: {start_from_epoch: 16}}",
    ),
    (
        "!conflict",
        "regularization: {pruning: 0.5}\noptimizer: {SGD: {use_ema: true}}",
        "regularization: {pruning: 0.5}\noptimizer: SGD",
    ),
    ("past-the-end", "regularization: {pruning: {until: 21 epochs}}", "regularization: {pruning: {until: 20 epochs}}"),
    (
        "no-effect",
        "training: {early_stopping: {start_from_epoch: 20}}",
        "training: {early_stopping: {start_from_epoch: 19}}",
    ),
    (
        "no-effect",
        "training: {early_stopping: {patience: 20, restore_best_weights: no}}",
        "training: {early_stopping: {patience: 20}}",
    ),
    ("no-effect", "task: regression\nregularization: {label_smoothing: 0.1}", "regularization: {label_smoothing: 0.1}"),
    (
        "!conflict",
        "loss: {CategoricalCrossentropy: {label_smoothing: 0.1}}\nregularization: {label_smoothing: 0.1}",
        "loss: {CategoricalCrossentropy: {label_smoothing: 0.1}}",
    ),
    (
        "!conflict",
        "loss: sparse_categorical_crossentropy\nnetwork: [Output: {activation: sigmoid}]",
        "loss: binary_crossentropy\nnetwork: [Output: {activation: sigmoid}]",
    ),
    (
        "!conflict",
        "loss: categorical_crossentropy\nnetwork: [Output: {activation: linear}]",
        "loss: {CategoricalCrossentropy: {from_logits: true}}\nnetwork: [Output: {activation: linear}]",
    ),
    ("!conflict", "loss: {BinaryCrossentropy: {from_logits: true}}", "loss: binary_crossentropy"),
    (
        "!conflict",
        "loss: {BinaryCrossentropy: {from_logits: true}}\nnetwork: [Output: {activation: sigmoid}]",
        "network: [Output: {activation: sigmoid}]",
    ),
    (
        "!conflict",
        "network: [Output: {units: 1, activation: softmax}]",
        "network: [Output: {units: 1, activation: sigmoid}]",
    ),
    ("!conflict", "task: regression\nloss: binary_crossentropy", "task: regression\nloss: mae"),
    ("no-effect", "runtime: {backend: jax, compile: none}", "runtime: {backend: jax, compile: xla}"),
    ("coarse-weights", "runtime: {precision: bfloat16}", "runtime: {precision: mixed_bfloat16}"),
    ("!conflict", "runtime: {distribution: data_parallel}", "runtime: {distribution: data_parallel, backend: jax}"),
    ("exact-accuracy", "metrics: [Accuracy]", "metrics: [accuracy]"),
    # what holds for the run holds for each of its stages
    (
        "!conflict",
        "stages: [{optimizer: Lion, schedule: {one_cycle: {max_rate: 0.1, momentum: [0.95, 0.85]}}}]",
        "stages: [{optimizer: SGD, schedule: {one_cycle: {max_rate: 0.1, momentum: [0.95, 0.85]}}}]",
    ),
    (
        "unused-learning-rate",
        "stages: [{train: head}, {optimizer: {SGD: 0.1}, schedule: {one_cycle: 0.1}}]",
        "stages: [{train: head}, {optimizer: SGD, schedule: {one_cycle: 0.1}}]",
    ),
    (
        "past-the-end",
        "stages: [{epochs: 2, schedule: {linear_warmup: 3 epochs}}]",
        "stages: [{epochs: 4, schedule: {linear_warmup: 3 epochs}}]",
    ),
    (
        "no-effect",
        "stages: [{epochs: 2, early_stopping: {start_from_epoch: 5}}]",
        "stages: [{epochs: 2}, {epochs: 9}]\ntraining: {early_stopping: {start_from_epoch: 5}}",
    ),
    ("!conflict", "stages: [{cache_features: true}]", "stages: [{train: head, cache_features: true}]"),
    (
        "no-effect",
        "data: {source: digits, augmentation: [RandomFlip]}\nstages: [{train: head, cache_features: true}]",
        "data: {source: digits, augmentation: [RandomFlip]}\nstages: [{train: head}]",
    ),
    # pretraining
    (
        "!conflict",
        "stages: [{pretrain: {autoencoder: tied, rotation: {}}}, {train: head}]",
        "stages: [{pretrain: {autoencoder: tied}}, {train: head}]",
    ),
    (
        "!conflict",
        "stages: [{pretrain: {autoencoder: stacked}}]",
        "stages: [{pretrain: {autoencoder: stacked}}, {train: head}]",
    ),
    (
        "!conflict",
        "stages: [{pretrain: {autoencoder: {style: tied, noise: {gaussian: 0.1}}}}, {train: head}]",
        "stages: [{pretrain: {autoencoder: {style: denoising, noise: {gaussian: 0.1}}}}, {train: head}]",
    ),
    (
        "!conflict",
        "stages: [{pretrain: {autoencoder: {style: denoising, noise: {gaussian: 0.1, dropout: 0.1}}}}, {}]",
        "stages: [{pretrain: {autoencoder: {style: denoising, noise: {dropout: 0.1}}}}, {train: head}]",
    ),
    (
        "!conflict",
        "stages: [{pretrain: {autoencoder: {rates: [0.1, 0.1]}}}, {train: head}]",
        "stages: [{pretrain: {autoencoder: {style: greedy, rates: [0.1, 0.1]}}}, {train: head}]",
    ),
    (
        "!conflict",
        "stages: [{pretrain: {autoencoder: {style: greedy, rates: [0.1, 0.0]}}}, {train: head}]",
        "stages: [{pretrain: {autoencoder: {style: greedy, rates: [0.1, 0.2]}}}, {train: head}]",
    ),
    (
        "!conflict",
        "stages: [{pretrain: {supervised: {}}}, {train: head}]",
        "stages: [{pretrain: {supervised: {data: {classes: [setosa, virginica]}}}}, {train: head}]",
    ),
    (
        "!conflict",
        "stages: [{pretrain: {masked: {}}, unfreeze: gradually}, {train: head}]",
        "stages: [{pretrain: {masked: {}}}, {train: head}]",
    ),
    (
        "!conflict",
        "stages: [{pretrain: {masked: {}}}, {optimizer_state: keep}]",
        "stages: [{pretrain: {masked: {}}}, {train: head}, {optimizer_state: keep}]",
    ),
    (
        "!no-picture",
        "stages: [{pretrain: {rotation: {}}}, {train: head}]",
        "data: {source: digits}\nstages: [{pretrain: {rotation: {}}}, {train: head}]",
    ),
    (
        "!no-table",
        "data: {source: digits}\nstages: [{pretrain: {masked: {}}}, {train: head}]",
        "stages: [{pretrain: {masked: {}}}, {train: head}]",
    ),
    (
        "!no-body",
        "network: [Output]\nstages: [{pretrain: {masked: {}}}, {train: head}]",
        "stages: [{pretrain: {masked: {}}}, {train: head}]",
    ),
    (
        "!unknown-layers",
        "stages: [{pretrain: {masked: {until: dense_3}}}, {train: head}]",
        "stages: [{pretrain: {masked: {until: dense_2}}}, {train: head}]",
    ),
    # pretrained
    (
        "!unknown-application",
        "data: {source: cifar10}\npretrained: {from: 'application:MobilNet'}\nnetwork: [Output]",
        "data: {source: cifar10, scaling: unit}\npretrained: {from: 'application:MobileNet'}\nnetwork: [Output]",
    ),
    # studies
    ("!name", "variants: {he-normal: {}}", "variants: {he_normal: {}}"),
    ("!name", "profiles: {1st: {}}", "profiles: {first: {}}"),
    ("!claim", "expect: [val_accuracy]", "expect: [val_accuracy > 0.5]"),
    ("!unknown-variant", "variants: {a: {}}\nexpect: [b.val_loss < 1]", "variants: {a: {}}\nexpect: [a.val_loss < 1]"),
    ("!unknown-variant", "variants: {a: {}}\nexpect: [val_loss < 1]", "expect: [val_loss < 1]"),
    ("!unknown-warning", "allow: [selu-input]", "allow: [selu-inputs]"),
]
