"""The same nets trained by loops written by hand in JAX: one compiled `lax.scan` over an epoch's batches."""

from __future__ import annotations

import itertools
import statistics
from collections.abc import Callable
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
from jax import lax

from benchmarks.gpu import epochs, rows
from benchmarks.gpu.record import Options, Record, stopwatch

Params = Any
RESNET_BATCH = 512


def dense(options: Options, record: Record) -> None:
    x, y = rows.batches("fashion", options, 55_000)
    for unroll in (1, 4):
        epoch = _sgd_epoch(jnp.asarray(x), jnp.asarray(y), 32, unroll)
        way = "by hand in JAX" + (f", {unroll} steps unrolled" if unroll > 1 else "")
        record.measure("batch 32", way, _repeat(jax.jit(epoch), _dense_net(0)), options.rounds)


def seeds(options: Options, record: Record) -> None:
    """Eight nets by `vmap` over the whole epoch, each with its own weights and order of the rows."""
    x, y = rows.batches("fashion", options, 55_000)
    epoch = _sgd_epoch(jnp.asarray(x), jnp.asarray(y), 32, 1)
    record.measure("one seed", "by hand in JAX", _repeat(jax.jit(epoch), _dense_net(0)), options.rounds)
    many = jax.tree.map(lambda *leaves: jnp.stack(leaves), *[_dense_net(seed) for seed in range(8)])
    together = jax.jit(jax.vmap(epoch))
    keys = [jax.random.split(jax.random.key(number), 8) for number in range(16)]
    record.measure("eight seeds", "by hand in JAX, vmap", _repeat(together, many, keys), options.rounds)
    one, eight = (
        next(row["value"] for row in record.rows if row["case"] == case) for case in ("one seed", "eight seeds")
    )
    record.add("eight seeds", "throughput", 8 * one / eight, "× one seed's")


def cnn(options: Options, record: Record) -> None:
    pixels, labels = rows.batches("cifar", options, 50_000)
    x, y = jnp.asarray(pixels), jnp.asarray(labels)
    for batch in (64, 512):
        for pooling, name in ((pool_windows, "windows"), (pool_reshaped, "reshape and max")):
            epoch = jax.jit(_adam_epoch(partial(_cnn_loss, pooling), x, y, min(batch, len(x))))
            params = _cnn_net(jax.random.key(0))
            zeros = jax.tree.map(jnp.zeros_like, params)
            run = _repeat(epoch, (params, zeros, zeros, jnp.float32(0)))
            record.measure(f"batch {batch}", f"by hand in JAX, pooling by {name}", run, options.rounds)


def wide(options: Options, record: Record) -> None:
    """The matrix product's own pace, then the net by hand, then which share of that pace each way reaches."""
    side, products = (256, 2) if options.quick else (8192, 32)
    a, b = (jax.random.normal(jax.random.key(seed), (side, side), jnp.bfloat16) for seed in (0, 1))

    @jax.jit
    def multiply(a: jax.Array, b: jax.Array) -> jax.Array:
        return lax.fori_loop(0, products, lambda _, c: c @ b * jnp.bfloat16(0.01), a)

    _ready(multiply(a, b))
    seconds = statistics.median(stopwatch(lambda: _ready(multiply(a, b))) for _ in range(5))
    peak = products * 2 * side**3 / seconds / 1e12
    if not record.has(f"matrix product, {side}", "JAX, bfloat16"):
        record.add(f"matrix product, {side}", "JAX, bfloat16", peak, "TFLOP/s")
    x, y, batch = epochs.wide_data(options)
    sizes = [784, *[epochs.wide_units(options)] * 4, 10]
    loop = jax.jit(_sgd_epoch(jnp.asarray(x), jnp.asarray(y), batch, 1, jnp.bfloat16))
    record.measure(f"batch {batch}", "by hand in JAX", _repeat(loop, _dense_net(0, sizes)), options.rounds)
    weights = [fan_in * fan_out for fan_in, fan_out in itertools.pairwise(sizes)]
    work = (6 * sum(weights) - 2 * weights[0]) * len(x) / 1e12
    for way in ("kerasdeep", "by hand in JAX"):
        taken = next((row["value"] for row in record.rows if row["way"] == way and row["unit"] == "s an epoch"), None)
        if taken:
            note = f"{work / taken / peak:.0%} of the matrix product's"
            record.add(f"batch {batch}, arithmetic", way, work / taken, "TFLOP/s", note=note)


def resnet9(options: Options, record: Record) -> None:
    """bfloat16, mirrored and shifted by up to four pixels: the net of `commands.RESNET9`, batch norm in float32."""
    pixels, labels = rows.batches("cifar", options, 45_000)
    x = jnp.pad(jnp.asarray(pixels), ((0, 0), (4, 4), (4, 4), (0, 0)), "reflect").astype(jnp.bfloat16)
    y, count, batch = jnp.asarray(labels), len(labels), min(RESNET_BATCH, len(labels))

    def augment(pictures: jax.Array, key: jax.Array) -> jax.Array:
        where, mirror = jax.random.split(key)
        offsets = jax.random.randint(where, (batch, 2), 0, 9)
        cut = jax.vmap(lambda picture, at: lax.dynamic_slice(picture, (at[0], at[1], 0), (32, 32, 3)))(
            pictures, offsets
        )
        return jnp.where(jax.random.bernoulli(mirror, 0.5, (batch, 1, 1, 1)), cut[:, :, ::-1], cut)

    @jax.jit
    def epoch(state: Params, key: jax.Array) -> tuple[Params, jax.Array]:
        order_key, *step_keys = jax.random.split(key, count // batch + 1)
        order = _order(order_key, count, batch)

        def step(state: Params, turn: tuple[jax.Array, jax.Array]) -> tuple[Params, jax.Array]:
            (params, momentum), (chosen, step_key) = state, turn
            loss, slope = jax.value_and_grad(_resnet_loss)(params, augment(x[chosen], step_key), y[chosen])
            momentum = jax.tree.map(lambda m, g: 0.9 * m + g, momentum, slope)
            params = jax.tree.map(lambda p, m, g: p - 0.002 * (0.9 * m + g), params, momentum, slope)
            return (params, momentum), loss

        return lax.scan(step, state, (order, jnp.stack(step_keys)))

    params = _resnet_net(jax.random.key(0), 8 if options.quick else 1)
    run = _repeat(epoch, (params, jax.tree.map(jnp.zeros_like, params)))
    record.measure("steady pace", "by hand in JAX", run, options.rounds)


def _repeat(epoch: Callable[..., Any], state: Params, keys: Any = None) -> Callable[[], object]:
    """Calls that each go on where the last one ended, with another key."""
    box, numbers = [state], iter(range(10**6))
    keys = keys or [jax.random.key(number) for number in range(16)]

    def run() -> None:
        box[0], losses = epoch(box[0], keys[next(numbers) % len(keys)])
        _ready(losses)

    return run


def _ready(value: Any) -> Any:
    return jax.block_until_ready(value)


def _order(key: jax.Array, count: int, batch: int) -> jax.Array:
    return jax.random.permutation(key, count)[: count // batch * batch].reshape(-1, batch)


def _cross_entropy(logits: jax.Array, labels: jax.Array) -> jax.Array:
    return -jnp.take_along_axis(jax.nn.log_softmax(logits), labels[:, None], 1).mean()


def _he(key: jax.Array, *shape: int) -> jax.Array:
    fan_in = 1
    for size in shape[:-1]:
        fan_in *= size
    return jax.random.normal(key, shape) * (2 / fan_in) ** 0.5


def _dense_net(seed: int, sizes: Any = (784, 300, 100, 10)) -> Params:
    keys = jax.random.split(jax.random.key(seed), len(sizes) - 1)
    return [(_he(key, i, o), jnp.zeros(o)) for key, (i, o) in zip(keys, itertools.pairwise(sizes), strict=True)]


def _dense_loss(dtype: Any, params: Params, x: jax.Array, y: jax.Array) -> jax.Array:
    *hidden, (last, offset) = params
    x = x.astype(dtype)
    for kernel, bias in hidden:
        x = jax.nn.relu(x @ kernel.astype(dtype) + bias.astype(dtype))
    return _cross_entropy(x.astype(jnp.float32) @ last + offset, y)


def _sgd_epoch(x: jax.Array, y: jax.Array, batch: int, unroll: int, dtype: Any = jnp.float32) -> Callable[..., Any]:
    def epoch(params: Params, key: jax.Array) -> tuple[Params, jax.Array]:
        def step(params: Params, chosen: jax.Array) -> tuple[Params, jax.Array]:
            loss, slope = jax.value_and_grad(partial(_dense_loss, dtype))(params, x[chosen], y[chosen])
            return jax.tree.map(lambda p, g: p - 0.01 * g, params, slope), loss

        return lax.scan(step, params, _order(key, len(x), batch), unroll=unroll)

    return epoch


def _adam_epoch(loss: Callable[..., Any], x: jax.Array, y: jax.Array, batch: int) -> Callable[..., Any]:
    def step(state: Params, chosen: jax.Array) -> tuple[Params, jax.Array]:
        params, first, second, count = state
        value, slope = jax.value_and_grad(loss)(params, x[chosen], y[chosen])
        count = count + 1
        rate = 1e-3 * jnp.sqrt(1 - 0.999**count) / (1 - 0.9**count)
        first = jax.tree.map(lambda m, g: 0.9 * m + 0.1 * g, first, slope)
        second = jax.tree.map(lambda v, g: 0.999 * v + 0.001 * g * g, second, slope)
        params = jax.tree.map(lambda p, m, v: p - rate * m / (jnp.sqrt(v) + 1e-7), params, first, second)
        return (params, first, second, count), value

    return lambda state, key: lax.scan(step, state, _order(key, len(x), batch))


def _convolve(x: jax.Array, kernel: jax.Array, padding: str) -> jax.Array:
    order = ("NHWC", "HWIO", "NHWC")
    return lax.conv_general_dilated(x, kernel.astype(x.dtype), (1, 1), padding, dimension_numbers=order)


def pool_windows(x: jax.Array) -> jax.Array:
    return lax.reduce_window(x, -jnp.inf, lax.max, (1, 2, 2, 1), (1, 2, 2, 1), "VALID")


def pool_reshaped(x: jax.Array) -> jax.Array:
    rows, height, width, channels = x.shape
    x = x[:, : height // 2 * 2, : width // 2 * 2]
    return x.reshape(rows, height // 2, 2, width // 2, 2, channels).max((2, 4))


def _cnn_net(key: jax.Array) -> Params:
    shapes = [(3, 3, 3, 32), (3, 3, 32, 64), (3, 3, 64, 64), (1024, 64), (64, 10)]
    keys = jax.random.split(key, len(shapes))
    return [(_he(k, *shape), jnp.zeros(shape[-1])) for k, shape in zip(keys, shapes, strict=True)]


def _cnn_loss(pooling: Callable[[jax.Array], jax.Array], params: Params, x: jax.Array, y: jax.Array) -> jax.Array:
    for number, (kernel, bias) in enumerate(params[:3]):
        x = jax.nn.relu(_convolve(x, kernel, "VALID") + bias)
        x = pooling(x) if number < 2 else x
    (hidden, bias), (last, offset) = params[3:]
    return _cross_entropy(jax.nn.relu(x.reshape(len(x), -1) @ hidden + bias) @ last + offset, y)


RESNET_WIDTHS = (3, 64, 128, 128, 128, 256, 512, 512, 512)
"""Channels before each convolution, and behind the last."""


def _resnet_net(key: jax.Array, divisor: int) -> Params:
    widths = [3, *(width // divisor for width in RESNET_WIDTHS[1:])]
    keys = jax.random.split(key, len(widths))
    blocks = [
        (_he(k, 3, 3, i, o), jnp.ones(o), jnp.zeros(o))
        for k, (i, o) in zip(keys[1:], itertools.pairwise(widths), strict=True)
    ]
    return blocks, _he(keys[0], widths[-1], 10) * 0.1, jnp.zeros(10)


def _resnet_loss(params: Params, x: jax.Array, y: jax.Array) -> jax.Array:
    blocks, last, offset = params

    def block(number: int, x: jax.Array) -> jax.Array:
        kernel, scale, bias = blocks[number]
        x = _convolve(x, kernel, "SAME").astype(jnp.float32)
        mean, variance = x.mean((0, 1, 2)), x.var((0, 1, 2))
        return jax.nn.relu((x - mean) * lax.rsqrt(variance + 1e-3) * scale + bias).astype(jnp.bfloat16)

    x = pool_reshaped(block(1, block(0, x)))
    x = x + block(3, block(2, x))
    x = pool_reshaped(block(5, pool_reshaped(block(4, x))))
    x = x + block(7, block(6, x))
    return _cross_entropy(x.max((1, 2)).astype(jnp.float32) @ last + offset, y)
