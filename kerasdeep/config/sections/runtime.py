"""`runtime:` and `report:` the machine that trains, and what is kept for people to look at."""

from dataclasses import dataclass

from kerasdeep.config.schema import Section, setting


@dataclass(frozen=True, kw_only=True)
class RuntimeConfig(Section):
    """What runs the training. Compilation and thread count are part of the numerics; both are kept with a run."""

    backend: str = setting("'tensorflow'|'jax'", "tensorflow", "Keras's backend.")
    device: str = setting("'auto'|'cpu'|'gpu'|'tpu'", "auto", "auto takes the best there is.")
    distribution: str = setting(
        "'none'|'data_parallel'",
        "none",
        "data_parallel: each batch is split over all devices of all processes; with backend jax.",
    )
    precision: str = setting(
        "'float32'|'mixed_bfloat16'|'mixed_float16'|'bfloat16'",
        "float32",
        "Type of the computation and of the weights.",
    )
    compile: str = setting(
        "'auto'|'xla'|'none'",
        "auto",
        "Whether XLA compiles; auto decides by the network, the device and the planned steps.",
    )
    chunk: str | int = setting(
        "'auto'|int",
        "auto",
        "Steps in one compiled call; changes no result, only how soon Ctrl-C acts.",
        minimum=1,
        affects="cost",
    )
    threads: str | int = setting(
        "'auto'|int", "auto", "CPU threads; auto takes every core.", minimum=1, affects="machine"
    )
    cache: bool = setting(
        "bool",
        True,
        "Keep compiled programs in the user's cache for the next process, with backend jax.",
        affects="cost",
    )


@dataclass(frozen=True, kw_only=True)
class ReportConfig(Section):
    """What a run keeps for its report."""

    examples: int = setting("int", 12, "Wrong predictions shown with their picture or row.", minimum=0)
    opponents: bool = setting(
        "bool", True, "For tables: also measure a linear model and gradient boosting on the same rows."
    )
    tensorboard: bool = setting("bool", True, "Also write TensorBoard logs into the run directory.")
