"""What batch normalization costs an epoch of plain `model.fit`: twenty dense layers with it and without, in turns.

    python benchmarks/batch_norm_price.py [ROUNDS]

The nets of recipes/ex8_cifar_bn.yaml on made-up rows of CIFAR-10's size: 45,000, batch 32. The first epoch of each
compiles and is not counted.
"""

import statistics
import sys
import time

import keras
import numpy as np

ROWS, BATCH = 45_000, 32


def make_model(normalized: bool) -> keras.Model:
    layers = [keras.Input((32, 32, 3)), keras.layers.Flatten()]
    for _ in range(20):
        layers.append(keras.layers.Dense(100, use_bias=not normalized, kernel_initializer="he_normal"))
        layers += [keras.layers.BatchNormalization()] if normalized else []
        layers.append(keras.layers.Activation("swish"))
    model = keras.Sequential([*layers, keras.layers.Dense(10, "softmax")])
    model.compile(keras.optimizers.Nadam(5e-5), "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


def main() -> None:
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 3
    rng = np.random.default_rng(0)
    x = rng.integers(0, 256, (ROWS, 32, 32, 3)).astype("float32")
    y = rng.integers(0, 10, ROWS)
    models = {"without": make_model(False), "with": make_model(True)}
    seconds: dict[str, list[float]] = {name: [] for name in models}
    for _ in range(rounds + 1):
        for name, model in models.items():
            start = time.perf_counter()
            model.fit(x, y, batch_size=BATCH, epochs=1, verbose=0)
            seconds[name].append(time.perf_counter() - start)
    medians = {name: statistics.median(times[1:]) for name, times in seconds.items()}
    for name, median in medians.items():
        print(f"{name}: {median:.1f} s an epoch, {median / medians['without']:.2f}")


if __name__ == "__main__":
    main()
