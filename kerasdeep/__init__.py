"""kerasdeep: deep networks from YAML, on Keras 3.

    import kerasdeep

    run = kerasdeep.train("mine.yaml", overrides={"training.epochs": 5})
    run.metrics["test_accuracy"], run.history, run.predict(frame)

Importing it costs nothing: Keras, NumPy and pandas are imported by the first call that needs them.
"""

__version__ = "0.2.0.dev0"

TYPE_CHECKING = False  # type checkers take the name as true; importing it costs more than all the rest
if TYPE_CHECKING:
    from kerasdeep.api import (
        compare,
        diagnose,
        evaluate,
        export,
        finetune,
        load_run,
        lr_find,
        plan,
        predict,
        sweep,
        train,
        validate,
    )
    from kerasdeep.config.finetuning import FinetuneOptions
    from kerasdeep.config.overrides import Overrides
    from kerasdeep.errors import InputError, Interrupted, RunFailed
    from kerasdeep.results import Comparison, Run, Sweep

__all__ = [
    "Comparison",
    "FinetuneOptions",
    "InputError",
    "Interrupted",
    "Overrides",
    "Run",
    "RunFailed",
    "Sweep",
    "compare",
    "diagnose",
    "evaluate",
    "export",
    "finetune",
    "load_run",
    "lr_find",
    "plan",
    "predict",
    "sweep",
    "train",
    "validate",
]
_MODULES = {
    "FinetuneOptions": "config.finetuning",
    "Overrides": "config.overrides",
    **dict.fromkeys(["InputError", "Interrupted", "RunFailed"], "errors"),
    **dict.fromkeys(["Comparison", "Run", "Sweep"], "results"),
}


def __getattr__(name: str) -> object:
    if name not in __all__:
        raise AttributeError(f"module 'kerasdeep' has no attribute {name!r}")
    from importlib import import_module

    value = globals()[name] = getattr(import_module(f"kerasdeep.{_MODULES.get(name, 'api')}"), name)
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
