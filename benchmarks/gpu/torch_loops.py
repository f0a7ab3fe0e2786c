"""The same epochs in PyTorch: the plain loop, and one step captured in a CUDA graph; nothing where it is missing."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from typing import Any

import numpy as np

from benchmarks.gpu import rows
from benchmarks.gpu.record import Options, Record


def dense(options: Options, record: Record) -> None:
    if importlib.util.find_spec("torch") is None:
        return
    from torch import nn, optim

    x, y = rows.batches("fashion", options, 55_000)

    def make() -> Any:
        return nn.Sequential(nn.Linear(784, 300), nn.ReLU(), nn.Linear(300, 100), nn.ReLU(), nn.Linear(100, 10))

    def sgd(weights: Any, **more: Any) -> Any:
        return optim.SGD(weights, 0.01, **more)

    for captured in (False, True):
        _measure("batch 32", make, sgd, (x, y, 32), captured, options, record)


def cnn(options: Options, record: Record) -> None:
    if importlib.util.find_spec("torch") is None:
        return
    from torch import nn, optim

    x, y = rows.batches("cifar", options, 50_000)

    def make() -> Any:
        body = [nn.Conv2d(3, 32, 3), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(32, 64, 3), nn.ReLU(), nn.MaxPool2d(2)]
        body += [nn.Conv2d(64, 64, 3), nn.ReLU(), nn.Flatten(), nn.Linear(1024, 64), nn.ReLU(), nn.Linear(64, 10)]
        return nn.Sequential(*body)

    def adam(weights: Any, **more: Any) -> Any:
        return optim.Adam(weights, 1e-3, capturable=more.get("fused", False), **more)

    x = np.ascontiguousarray(x.transpose(0, 3, 1, 2))
    for captured in (False, True):
        for batch in (64, 512):
            _measure(f"batch {batch}", make, adam, (x, y, min(batch, len(x))), captured, options, record)


def _measure(
    case: str,
    make: Callable[[], Any],
    optimizer: Callable[..., Any],
    rows_and_batch: tuple[np.ndarray, np.ndarray, int],
    captured: bool,
    options: Options,
    record: Record,
) -> None:
    """TF32 in matrix products, as JAX has it; the data lie on the device; gradients and updates fused."""
    import torch

    torch.set_float32_matmul_precision("high")
    cuda = torch.cuda.is_available() and options.device != "cpu"
    if captured and not cuda:
        return
    device, (x, y, batch) = "cuda" if cuda else "cpu", rows_and_batch
    data, targets = torch.from_numpy(x).to(device), torch.from_numpy(y).long().to(device)
    steps, loss_of = len(x) // batch, torch.nn.CrossEntropyLoss()

    def make_step() -> Callable[[Any], None]:
        model = make().to(device)
        update = optimizer(model.parameters(), **({"fused": True} if cuda else {}))

        def step(chosen: Any) -> None:
            update.zero_grad(set_to_none=True)
            loss_of(model(data[chosen]), targets[chosen]).backward()
            update.step()

        return step

    def epoch_of(step: Callable[[Any], None]) -> Callable[[], None]:
        def epoch() -> None:
            order = torch.randperm(len(data), device=device)
            for number in range(steps):
                step(order[number * batch : (number + 1) * batch])
            if cuda:
                torch.cuda.synchronize()

        return epoch

    if captured:
        record.measure(case, "PyTorch, CUDA graph", epoch_of(_captured(make_step(), batch)), options.rounds)
    else:
        record.measure(case, "PyTorch eager", epoch_of(make_step()), min(2, options.rounds))


def _captured(step: Callable[[Any], None], batch: int) -> Callable[[Any], None]:
    """`step` recorded once in a graph that reads its row numbers from one buffer."""
    import torch

    rows_buffer = torch.arange(batch, device="cuda")
    side = torch.cuda.Stream()
    side.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(side):
        for _ in range(3):
            step(rows_buffer)
    torch.cuda.current_stream().wait_stream(side)
    graph = torch.cuda.CUDAGraph()
    kept = graph, step  # the graph uses the memory of the step's weights, and does not hold it
    with torch.cuda.graph(graph):
        step(rows_buffer)

    def replay(chosen: Any) -> None:
        rows_buffer.copy_(chosen)
        kept[0].replay()

    return replay
