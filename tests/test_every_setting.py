"""Every setting of the language has an effect: changed alone, it changes something that can be named.

The list of settings is derived from the declarations; each states a context to act in, another value, and what
that value changes. A setting that is added without a case here fails the first test.
"""

import hashlib
import json
from dataclasses import replace
from types import SimpleNamespace

import keras
import numpy as np
import pytest
from helpers.marks import sampled
from PIL import Image

from kerasdeep import data, modeling, report, training
from kerasdeep.backends import runtime
from kerasdeep.config import Overrides, claims, load_config
from kerasdeep.config.root import Config
from kerasdeep.config.schema import MapOf, settings_of
from kerasdeep.config.sections.pretraining import PretrainDataConfig
from kerasdeep.data import image_decoding
from kerasdeep.data.lazy_rows import LazyRows
from kerasdeep.errors import InputError
from kerasdeep.evaluation.calibration import calibrated
from kerasdeep.evaluation.opponents import persistence_opponent
from kerasdeep.experiment import prepare
from kerasdeep.runs import list_runs
from kerasdeep.training.trainer import Trainer

TABLE = """
data: {source: iris, validation: 30}
network: {layers: [Dense: 8, {Dense: {units: 6, name: upper}}, Output]}
training: {epochs: 2, batch_size: 30}
report: {tensorboard: false}
"""
PLAIN = TABLE + "optimizer: SGD\n"
QUICK = PLAIN.replace("epochs: 2", "epochs: 2, watch: null").replace("false", "false, opponents: false")
PRETRAINING = PLAIN + "stages: [{train: all}, {pretrain: {%s}}, {train: head}]\n"
"""The second of three stages pretrains."""
APPLIED = "application: MobileNetV2, arguments: {alpha: 0.35}"
CONTEXTS = {
    "table": TABLE,
    "trained": QUICK,
    "watched": QUICK.replace("null", "2 epochs"),
    "numbers": TABLE.replace("iris", "diabetes"),
    "csv": TABLE.replace("iris", "table.csv, target: label"),
    "tokens": TABLE.replace("iris", "table.csv, target: label, columns: {colour: {as: tokens}}"),
    "timed": TABLE.replace("iris", "table.csv, target: label, time: a, test: 0.2"),
    "windowed": TABLE.replace("iris", "series.csv, target: y, time: day, window: {length: 6, horizon: 3}")
    .replace("validation: 30", "validation: 0.2")
    .replace("[Dense: 8", "[Flatten, Dense: 8"),
    "unlabelled": TABLE.replace("iris", "gaps.csv, target: label"),
    "weighted": TABLE.replace("iris", "gaps.csv, target: label, drop_unlabelled: true"),
    "unknown suffix": TABLE.replace("iris", "table.dat, target: label"),
    "headless": TABLE.replace("iris", "rows.csv, target: column_3"),
    "npz": TABLE.replace("iris", "arrays.npz"),
    "digits": TABLE.replace("iris", "digits").replace("[Dense: 8", "[Flatten, Dense: 8"),
    "folder": TABLE.replace("iris", "pets, image: {size: [8, 8]}")
    .replace("validation: 30", "validation: 0.2")
    .replace("[Dense: 8", "[Flatten, Dense: 8"),
    "body": TABLE.replace("iris", "digits").replace(
        "layers: [Dense: 8, {Dense: {units: 6, name: upper}}, Output]", APPLIED
    ),
    "dropout": TABLE + "regularization: {dropout: 0.2}\n",
    "pruned": TABLE.replace("epochs: 2", "epochs: 4") + "regularization: {pruning: {share: 0.5}}\n",
    "thresholded": TABLE + "regularization: {pruning: {below: 0.1}}\n",
    "batch norm": TABLE + "regularization: {batch_norm: before}\n",
    "stopping": PLAIN.replace("epochs: 2", "epochs: 9, early_stopping: {patience: 2}"),
    "scheduled": TABLE
    + "optimizer: {SGD: {momentum: 0.9}}\nschedule: {one_cycle: {max_rate: 0.1}}\nallow: [unused-learning-rate]\n",
    "table of two": TABLE.replace("iris", "breast_cancer"),
    "cut": TABLE.replace("iris", "breast_cancer") + "threshold: f1\n",
    "cut by cost": TABLE.replace("iris", "breast_cancer") + "threshold: cost\n",
    "cut by rate": TABLE.replace("iris", "breast_cancer") + "threshold: rate\n",
    "two stages": TABLE + "optimizer: Adam\nstages: [{train: head}, {epochs: 3, early_stopping: {patience: 2}}]\n",
    "caching": PLAIN + "stages: [{train: all}, {train: head}]\n",
    "thawing": PLAIN + "stages: [{train: head}, {epochs: 6, unfreeze: {every: 1}}]\n",
    "autoencoder": PRETRAINING % "autoencoder: {style: stacked}",
    "denoising": PRETRAINING % "autoencoder: {style: denoising, noise: {dropout: 0.5}}",
    "greedy": PRETRAINING % "autoencoder: {style: greedy}",
    "pairs": PRETRAINING % "pairs: {}",
    "rotation": PRETRAINING.replace("iris", "digits").replace("[Dense: 8", "[Flatten, Dense: 8") % "rotation: {}",
    "masked": PRETRAINING % "masked: {}",
    "supervised": PRETRAINING.replace("iris", "digits").replace("[Dense: 8", "[Flatten, Dense: 8")
    % "supervised: {data: {limit: 500}}",
    "reusing": TABLE.replace("iris", "digits").replace("[Dense: 8, {Dense: {units: 6, name: upper}}, ", "[")
    + "pretrained: reused.keras\n",
    "new head": TABLE.replace("iris", "digits").replace("[Dense: 8, {Dense: {units: 6, name: upper}}, ", "[")
    + "pretrained: {from: reused.keras, head: new}\n",
    "application": TABLE.replace("iris", "digits").replace("[Dense: 8, {Dense: {units: 6, name: upper}}, ", "[")
    + "pretrained: {from: application:MobileNet, arguments: {alpha: 0.25}, weights: null}\n",
    "warned": TABLE + "optimizer: {SGD: {nesterov: true}}\n",
    "overlaid": TABLE + "profiles: {given: {seed: 1}}\nvariants: {given: {seed: 1}}\n",
}


def case(context, value, changes):
    return context, value, changes


CASES = {
    "name": case("trained", "other", "run directory"),
    "description": case("trained", "a sentence for people", "report"),
    "seed": case("table", "1", "initial weights"),
    "task": case("table", "regression", "data"),
    "data.source": case("table", "wine", "data"),
    "data.format": case("unknown suffix", "csv", "data"),
    "data.separator": case("csv", "';'", "data"),
    "data.header": case("headless", "first", "data"),
    "data.encoding": case("csv", "cp437", "data"),
    "data.target": case("csv", "colour", "data"),
    "data.features": case("csv", "[a]", "data"),
    "data.drop": case("csv", "[a]", "data"),
    "data.columns.colour.kind": case("csv", "text", "data"),
    "data.columns.colour.as": case("csv", "tokens", "data"),
    "data.columns.colour.words": case("tokens", "3", "data"),
    "data.columns.colour.length": case("tokens", "2", "data"),
    "data.classes": case("table", "[virginica, setosa]", "data"),
    "data.per_class": case("table", "10", "data"),
    "data.limit": case("table", "60", "data"),
    "data.labelled": case("table", "60", "data"),
    "data.validation.fraction": case("table", "0.4", "data"),
    "data.validation.count": case("table", "45", "data"),
    "data.validation.first": case("numbers", "45", "data"),
    "data.validation.last": case("numbers", "45", "data"),
    "data.validation.path": case("npz", "held_out.npz", "data"),
    "data.validation.fold": case("table", "[2, 5]", "data"),
    "data.test.fold": case("table", "[2, 5]", "data"),
    "data.test.fraction": case("table", "0.2", "data"),
    "data.test.count": case("table", "15", "data"),
    "data.test.first": case("numbers", "15", "data"),
    "data.test.last": case("numbers", "15", "data"),
    "data.test.path": case("npz", "held_out.npz", "data"),
    "data.scaling": case("table", "minmax", "data"),
    "data.target_scaling": case("numbers", "none", "data"),
    "data.image.size": case("folder", "[4, 4]", "data"),
    "data.image.channels": case("folder", "3", "data"),
    "data.image.resize": case("folder", "pad", "data"),
    "data.augmentation": case("digits", "[{RandomRotation: 0.1}]", "model"),
    "data.class_weight": case("table", "{setosa: 2, versicolor: 1, virginica: 1}", "data"),
    "data.cache": case("folder", "false", "kept pictures"),
    "data.stream": case("npz", "true", "stream"),
    "data.validation.by": case("timed", "random", "data"),
    "data.test.by": case("timed", "random", "data"),
    "data.group": case("csv", "colour", "data"),
    "data.time": case("csv", "a", "data"),
    "data.weight": case("weighted", "w", "data"),
    "data.window.length": case("windowed", "5", "data"),
    "data.window.horizon": case("windowed", "2", "data"),
    "data.window.stride": case("windowed", "2", "data"),
    "data.window.season": case("windowed", "2", "season"),
    "data.drop_unlabelled": case("unlabelled", "true", "data"),
    "data.seed": case("table", "1", "data"),
    "network.layers": case("table", "[Dense: 9, Output]", "model"),
    "pretrained.from": case("reusing", "other.keras", "model"),
    "pretrained.keep": case("reusing", "'first:1'", "model"),
    "pretrained.arguments": case("application", "{alpha: 0.5}", "model"),
    "pretrained.weights": case("application", "body.weights.h5", "initial weights"),
    "pretrained.head": case("new head", "keep", "initial weights"),
    "pretrained.size": case("application", "[40, 40]", "model"),
    "network.application": case("body", "MobileNet", "model"),
    "network.arguments": case("body", "{alpha: 0.5}", "model"),
    "activation": case("table", "tanh", "model"),
    "initializer": case("table", "zeros", "initial weights"),
    "regularization.l1": case("table", "0.1", "model"),
    "regularization.l2": case("table", "0.1", "model"),
    "regularization.dropout.rate": case("dropout", "0.4", "model"),
    "regularization.dropout.input": case("dropout", "true", "model"),
    "regularization.max_norm": case("table", "1.0", "model"),
    "regularization.batch_norm.placement": case("batch norm", "after", "model"),
    "regularization.batch_norm.input": case("batch norm", "true", "model"),
    "regularization.batch_norm.momentum": case("batch norm", "0.9", "model"),
    "regularization.batch_norm.epsilon": case("batch norm", "0.01", "model"),
    "regularization.pruning.share": case("pruned", "0.9", "zeros"),
    "regularization.pruning.below": case("thresholded", "0.5", "zeros"),
    "regularization.pruning.from": case("pruned", "60%", "zeros"),
    "regularization.pruning.until": case("pruned", "100%", "zeros"),
    "regularization.weight_decay": case("table", "0.01", "optimizer"),
    "regularization.input_noise": case("table", "0.1", "model"),
    "regularization.label_smoothing": case("table", "0.1", "loss"),
    "optimizer": case("table", "SGD", "optimizer"),
    "schedule": case("table", "{power: 20 steps}", "optimizer"),
    "loss": case("table", "{sparse_categorical_crossentropy: {ignore_class: 0}}", "loss"),
    "metrics": case("table", "[sparse_top_k_categorical_accuracy]", "metrics"),
    "threshold.by": case("cut", "rate", "thresholds"),
    "threshold.cost": case("cut by cost", "0.05", "thresholds"),
    "threshold.rate": case("cut by rate", "0.5", "thresholds"),
    "threshold.value": case("table of two", "0.3", "thresholds"),
    "training.epochs": case("trained", "3", "run directory"),
    "training.batch_size": case("table", "40", "steps"),
    "training.shuffle": case("table", "false", "row order"),
    "training.early_stopping.monitor": case("stopping", "val_accuracy", "stopping"),
    "training.early_stopping.patience": case("stopping", "3", "stopping"),
    "training.early_stopping.min_delta": case("stopping", "0.2", "stopping"),
    "training.early_stopping.mode": case("stopping", "max", "stopping"),
    "training.early_stopping.start_from_epoch": case("stopping", "4", "stopping"),
    "training.early_stopping.restore_best_weights": case("stopping", "false", "stopping"),
    "training.schedule_epochs": case("scheduled", "1", "optimizer"),
    "training.when_extended": case("scheduled", "stretch", "extended rates"),
    "training.checkpoint.every": case("trained", "1 step", "run directory"),
    "training.watch": case("watched", "1 epoch", "health"),
    "stages.name": case("two stages", "other", "stages"),
    "stages.train": case("two stages", "'last:1'", "stages"),
    "stages.epochs": case("two stages", "4", "stages"),
    "stages.optimizer": case("two stages", "SGD", "stages"),
    "stages.schedule": case("two stages", "{power: 20 steps}", "stages"),
    "stages.rates": case("two stages", "{upper: 0.1}", "stages"),
    "training.early_stopping.include_start": case("stopping", "true", "stopping"),
    "stages.early_stopping.include_start": case("two stages", "true", "stopping"),
    "stages.early_stopping.monitor": case("two stages", "val_accuracy", "stopping"),
    "stages.early_stopping.patience": case("two stages", "3", "stopping"),
    "stages.early_stopping.min_delta": case("two stages", "0.2", "stopping"),
    "stages.early_stopping.mode": case("two stages", "max", "stopping"),
    "stages.early_stopping.start_from_epoch": case("two stages", "2", "stopping"),
    "stages.early_stopping.restore_best_weights": case("two stages", "false", "stopping"),
    "stages.cache_features": case("caching", "true", "stages"),
    "stages.optimizer_state": case("two stages", "keep", "stages"),
    "stages.unfreeze.every": case("thawing", "2", "stages"),
    "stages.unfreeze.factor": case("thawing", "2.0", "stages"),
    "stages.pretrain.autoencoder.style": case("autoencoder", "tied", "pretraining"),
    "stages.pretrain.autoencoder.noise.gaussian": case("denoising", "0.3", "pretraining"),
    "stages.pretrain.autoencoder.noise.dropout": case("denoising", "0.3", "pretraining"),
    "stages.pretrain.autoencoder.loss": case("autoencoder", "mean_absolute_error", "pretraining"),
    "stages.pretrain.autoencoder.output_activation": case("autoencoder", "sigmoid", "pretraining"),
    "stages.pretrain.autoencoder.rates": case("greedy", "[0.01, 0.02]", "pretraining"),
    "stages.pretrain.autoencoder.until": case("autoencoder", "dense_1", "pretraining"),
    "stages.pretrain.autoencoder.data": case("autoencoder", "{limit: 60}", "pretraining"),
    "stages.pretrain.pairs.shared": case("pairs", "true", "pretraining"),
    "stages.pretrain.pairs.units": case("pairs", "7", "pretraining"),
    "stages.pretrain.pairs.until": case("pairs", "dense_1", "pretraining"),
    "stages.pretrain.pairs.data": case("pairs", "{limit: 60}", "pretraining"),
    "stages.pretrain.rotation.until": case("rotation", "dense_1", "pretraining"),
    "stages.pretrain.rotation.data": case("rotation", "{limit: 60}", "pretraining"),
    "stages.pretrain.masked.rate": case("masked", "0.4", "pretraining"),
    "stages.pretrain.masked.until": case("masked", "dense_1", "pretraining"),
    "stages.pretrain.masked.data": case("masked", "{limit: 60}", "pretraining"),
    "stages.pretrain.supervised.task": case("supervised", "regression", "pretraining"),
    "stages.pretrain.supervised.until": case("supervised", "dense_1", "pretraining"),
    "stages.pretrain.supervised.data": case("supervised", "{classes: [1, 7]}", "pretraining"),
    "runtime.backend": case("table", "jax", "device"),
    "runtime.device": case("table", "tpu", "device"),
    "runtime.distribution": case("table", "data_parallel", "device"),
    "runtime.precision": case("table", "mixed_bfloat16", "model"),
    "runtime.compile": case("table", "xla", "compilation"),
    "runtime.chunk": case("table", "7", "chunk"),
    "runtime.threads": case("table", "61", "device"),
    "runtime.cache": case("table", "false", "warnings"),
    "report.examples": case("trained", "1", "report"),
    "report.opponents": case("trained", "true", "report"),
    "report.tensorboard": case("trained", "true", "run directory"),
    "allow": case("warned", "[no-momentum]", "warnings"),
}
BY_THE_FILE = {
    *("extends", "variants", "profiles", "expect"),
    *(f"sweep.{key}" for key in ("parameters", "goal", "trials", "sampler", "prune", "confirm.best", "confirm.seeds")),
}
"""What acts before `--set`, or on several runs: a test of its own, below or in `studies/test_sweep.py`."""
ONE_VALUE = {"version": "2", "stages.unfreeze.style": "slowly"}
"""Settings with a single legal value so far, and one that is refused."""


def leaves(section=Config, prefix=""):
    for key, entry in settings_of(section).items():
        inner, path = entry.section, prefix + key + (".colour" if isinstance(entry.declared, MapOf) else "")
        # The keys of `data` are the same wherever it stands.
        yield from leaves(inner, f"{path}.") if inner and inner is not PretrainDataConfig else [path]


def test_every_setting_has_a_case():
    assert set(leaves()) == set(CASES) | BY_THE_FILE | set(ONE_VALUE)


@pytest.fixture(scope="module")
def room(tmp_path_factory):
    """A folder with every context's file and data."""
    folder = tmp_path_factory.mktemp("leaves")
    numbers = np.random.default_rng(0)
    lines = ["a,b;c,colour,label"]
    for row in range(120):
        a, b = numbers.normal(size=2)
        lines.append(f"{a:.3f},{b:.3f},{['grün', 'rot'][row % 2]},{['yes', 'no', 'maybe'][row % 3]}")
    for name in ("table.csv", "table.dat"):
        (folder / name).write_text("\n".join(lines), encoding="cp1252")
    (folder / "rows.csv").write_text("\n".join(lines[1:]), encoding="cp1252")
    gaps = "".join(f"{row % 7},{row % 5},{('cat', 'dog')[row % 2] if row else ''}\n" for row in range(120))
    (folder / "gaps.csv").write_text("a,w,label\n" + gaps)
    (folder / "series.csv").write_text("day,y\n" + "".join(f"{day},{day % 5 + day / 99}\n" for day in range(160)))
    for name in ("arrays.npz", "held_out.npz"):
        np.savez(folder / name, x=numbers.normal(size=(90, 3)), y=np.arange(90) % 3)
    for number in range(90):
        path = folder / "pets" / ("cat", "dog")[number % 2] / f"{number}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(numbers.integers(0, 256, (10, 6), np.uint8)).save(path)
    for name, units in (("reused", 6), ("other", 7)):
        hidden = [keras.layers.Dense(count, name=f"hidden_{count}") for count in (units, 5)]
        layers = [keras.layers.Flatten(name="flat"), *hidden, keras.layers.Dense(10, name="head")]
        keras.Sequential([keras.Input((8, 8)), *layers]).save(folder / f"{name}.keras")
    application = {"include_top": False, "weights": None, "alpha": 0.25, "input_shape": (32, 32, 3)}
    keras.applications.MobileNet(**application).save_weights(folder / "body.weights.h5")
    for name, text in CONTEXTS.items():
        (folder / f"{name.replace(' ', '_')}.yaml").write_text(text)
    return folder


@pytest.fixture(autouse=True)
def surroundings(room, monkeypatch):
    monkeypatch.setenv("KERAS_HOME", str(room / "keras"))
    monkeypatch.chdir(room)
    monkeypatch.setattr(image_decoding, "MIN_CACHED_FILES", 1)
    yield
    keras.config.set_dtype_policy("float32")


def digest(value):
    arrays = [np.asarray(array) for array in keras.tree.flatten(value) if array is not None]
    return [(array.shape, hashlib.sha256(np.ascontiguousarray(array)).hexdigest()[:12]) for array in arrays]


def unnamed(config):
    """A configuration without the names that Keras numbers through the process."""
    if isinstance(config, dict):
        return {key: unnamed(value) for key, value in config.items() if key not in ("name", "inner_optimizers")}
    return [unnamed(value) for value in config] if isinstance(config, list | tuple) else str(config)


def of_data(one, room):
    splits = {name: digest((part.x, part.y, part.weight)) for name, part in one.dataset.splits.items()}
    rest = (one.dataset.unlabelled and len(one.dataset.unlabelled), one.dataset.class_weight, one.dataset.targets)
    return splits, rest, modeling.feature_names(one.dataset), one.dataset.input_shapes


def of_stream(one, room):
    return isinstance(one.dataset.train.x, LazyRows)


def of_kept_pictures(one, room):
    with pytest.MonkeyPatch.context() as patch:
        home = room / f"keras {one.config.data.cache}"
        patch.setenv("KERAS_HOME", str(home))
        data.load(one.config.data)
        return len(list(home.rglob("*.npz")))


def of_model(one, room):
    return json.dumps(one.model.get_config(), sort_keys=True, default=str)


def of_weights(one, room):
    return digest([variable.numpy() for variable in one.model.trainable_variables])


def of_optimizer(one, room):
    modeling.compile_model(one.model, one.config, one.dataset, 4, 8)
    return unnamed(one.model.optimizer.get_config())


def of_loss(one, room):
    found = modeling.build_losses(
        one.config.loss, modeling.output_heads(one.dataset), one.config.regularization.label_smoothing
    )
    return [(type(loss).__name__, unnamed(loss.get_config())) for loss in keras.tree.flatten(found)]


def of_metrics(one, room):
    found = modeling.build_metrics(one.config.metrics, modeling.output_heads(one.dataset), {})
    return str(keras.tree.map_structure(lambda metric: getattr(metric, "name", metric), found))


def of_thresholds(one, room):
    """What is chosen for made-up probabilities of the validation rows."""
    part = one.dataset.validation
    made_up = np.linspace(0, 1, len(part))[:, None]
    return calibrated(one.dataset.preprocessing, made_up, part.y, None, one.config.threshold).targets[0].thresholds


def of_season(one, room):
    """What the opponent forecasts that goes by it."""
    preprocessing, train = one.dataset.preprocessing, one.dataset.train
    opponent = persistence_opponent("as a season ago", preprocessing.targets[0], preprocessing)
    return digest(opponent.fit(np.asarray(train.x), train.y).predict(np.asarray(train.x)))


def of_steps(one, room):
    return modeling.steps_per_epoch(one.config, one.dataset)


def of_row_order(one, room):
    phase = Trainer(one).phase
    return digest(phase.engine.train(phase.train, 0)._data_pass.chunk_at(0).order)


def of_chunk(one, room):
    return Trainer(one).phase.engine.training_sizer.next_steps(100)


def of_device(one, room):
    return one.runtime


def of_compilation(one, room):
    return one.compile_decision.choice


def of_stopping(one, room):
    """When early stopping stops on a made-up history, and which epoch it keeps."""
    trainer = Trainer(one)
    last = trainer.begin_phase(trainer.plans[-1], 0) if len(trainer.plans) > 1 else trainer.phase
    losses = [100 + more for more in (1.0, 0.9, 0.95, 0.93, 0.85, 0.86, 0.87, 0.88, 0.89)]  # worse than at the start
    watcher = last.callbacks["early_stopping"]
    watcher.on_phase_begin(last)
    for epoch, loss in enumerate(losses):
        watcher.on_epoch_end(epoch, {"val_loss": loss, "val_accuracy": loss})
        if watcher.should_stop:
            break
    return epoch, watcher.best_epoch, watcher.restored_epoch


def of_stages(one, room):
    trainer, found = Trainer(one), []
    for plan in trainer.plans:
        for variable in trainer.phase.model.optimizer.variables:
            variable.assign(keras.ops.ones_like(variable))
        stage = trainer.begin_phase(plan, 0)
        model = stage.model
        moments = [float(keras.ops.sum(variable)) for variable in model.optimizer.variables]
        rates = [(group.selector, group.factor) for group in stage.param_groups]
        trained = [variable.path for variable in model.trainable_variables]
        config = unnamed(model.optimizer.get_config())
        layers = [layer.name for layer in model.layers if layer.weights]
        found.append((stage.name, stage.epochs, layers, trained, rates, config, moments, list(stage.callbacks)))
    return found


def of_pretraining(one, room):
    """Layers, rows and rate of what the second stage learns."""
    found = []
    for plan in Trainer(one).plans[1:-1]:
        lesson = plan.objective
        layers = [(type(layer).__name__, unnamed(layer.get_config())) for layer in lesson.model.layers]
        loss = modeling.build_losses(plan.config.loss, lesson.output_heads)
        rows = len(lesson.dataset.train), lesson.dataset.targets, digest(lesson.dataset.train.y)
        found.append((layers, rows, type(loss).__name__, plan.config.optimizer.arguments))
    return found


def trained(loaded, room):
    run = training.train(loaded, room / "runs", progress="quiet")
    report.write(run)
    return run


def of_run_directory(loaded, room):
    run = trained(loaded, room)
    newest = max(int(path.name) for path in run.checkpoints.iterdir())
    return run.path.name.rpartition("-")[0], len(run.history.rows()), newest, run.logs.exists()


def of_zeros(one, room):
    """The share of zeros in each kernel after each epoch."""
    trainer = Trainer(one)
    watcher, kernels, found = trainer.phase.callbacks["pruning"], one.model.trainable_variables[::2], []
    for epoch in range(one.config.training.epochs):
        watcher.on_epoch_end(epoch, {})
        found.append([float(np.mean(kernel.numpy() == 0)) for kernel in kernels])
    return found


def of_health(loaded, room):
    return [reading["epoch"] for reading in (trained(loaded, room).read_fact("health") or {}).get("readings", ())]


def of_extended_rates(loaded, room):
    run = trained(loaded, room)
    config = loaded.config
    longer = replace(loaded, config=replace(config, training=replace(config.training, epochs=4)))
    training.train(longer, room / "runs", run, progress="quiet")
    return [row["learning_rate"] for row in run.history.rows()]


def of_report(loaded, room):
    run = trained(loaded, room)
    page = run.report_html.read_text()
    opponents = run.read_result().get("opponents")
    return "a sentence for people" in page, len(run.read_fact("samples")["mistakes"]), bool(opponents)


def of_warnings(loaded, room):
    return [warning.name for warning in loaded.warnings]


OBSERVED = {
    "data": of_data,
    "kept pictures": of_kept_pictures,
    "stream": of_stream,
    "model": of_model,
    "initial weights": of_weights,
    "optimizer": of_optimizer,
    "loss": of_loss,
    "metrics": of_metrics,
    "thresholds": of_thresholds,
    "season": of_season,
    "steps": of_steps,
    "row order": of_row_order,
    "chunk": of_chunk,
    "device": of_device,
    "compilation": of_compilation,
    "stopping": of_stopping,
    "stages": of_stages,
    "pretraining": of_pretraining,
    "zeros": of_zeros,
    "run directory": of_run_directory,
    "health": of_health,
    "extended rates": of_extended_rates,
    "report": of_report,
    "warnings": of_warnings,
}
OF_DATA = ("data", "stream", "kept pictures", "loss", "metrics", "thresholds", "steps")
"""What needs the rows and no network."""
AS_LOADED = ("warnings", "run directory", "health", "extended rates", "report")
REFUSED_THERE = {
    *("runtime.backend", "runtime.device", "runtime.distribution", "runtime.threads"),
    *("data.format", "data.separator", "data.header", "data.drop_unlabelled"),
}
"""Where the effect may be that this process, machine or file refuses the value, saying why."""


def observe(room, context, changes, sets=()):
    loaded = load_config(room / f"{context.replace(' ', '_')}.yaml", Overrides(sets))
    if changes in AS_LOADED:
        return OBSERVED[changes](loaded, room)
    config = loaded.config
    if changes in OF_DATA:
        rows = data.load(config.data, config.task, config.training.batch_size)
        return OBSERVED[changes](SimpleNamespace(config=config, dataset=rows), room)
    return OBSERVED[changes](prepare(config, runtime.prepare(config.runtime, config.seed)), room)


@pytest.fixture(scope="module")
def before(room):
    """What each context shows as it stands, observed once."""
    found = {}

    def get(context, changes):
        if (context, changes) not in found:
            found[context, changes] = observed_or_refused(room, context, changes)
        return found[context, changes]

    return get


def observed_or_refused(room, context, changes, sets=()):
    try:
        return observe(room, context, changes, sets)
    except InputError as refusal:
        return refusal


SLOWLY_OBSERVED = ("health", "stages", "pretraining", "zeros", "stopping", "kept pictures")
COSTLY = {"network.application", "network.arguments", "training.when_extended"}
COSTLY |= {f"pretrained.{key}" for key in ("arguments", "size", "weights")}
"""Each builds two of Keras's applications, or trains four times."""
DOUBLED = {
    f"stages.pretrain.{kind}.{key}" for kind in ("masked", "rotation", "supervised") for key in ("data", "until")
}
"""The same keys of `autoencoder` and `pairs` stand for them by default."""
DOUBLED |= {path for path in CASES if path.startswith("stages.early_stopping.") and not path.endswith("patience")}
"""They are those of `training.early_stopping`."""


@pytest.mark.parametrize("path", sampled(CASES, always=CASES.keys() - COSTLY - DOUBLED))
def test_a_changed_value_changes_what_it_says(path, room, before):
    context, value, changes = CASES[path]
    place = path.replace("stages.", "stages.1.")
    old = before(context, changes)
    new = observed_or_refused(room, context, changes, [f"{place}={value}"])
    if path not in REFUSED_THERE:
        assert not isinstance(old, InputError), old
        assert not isinstance(new, InputError), new
    assert str(new) != str(old), f"{path}: {value} changes nothing in the {changes}"


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param(changes, marks=pytest.mark.slow if changes in SLOWLY_OBSERVED else ())
        for changes in OBSERVED
        if changes not in ("run directory", "extended rates", "report")
    ],
)
def test_what_is_observed_does_not_change_by_itself(changes, room, before):
    context = next(context for context, _, observed in CASES.values() if observed == changes)
    assert str(observed_or_refused(room, context, changes)) == str(before(context, changes))


@pytest.mark.parametrize("path", ONE_VALUE)
def test_a_setting_with_one_value_refuses_others(path, room):
    place = path.replace("stages.", "stages.1.")
    with pytest.raises(InputError, match=path.rpartition(".")[2]):
        load_config(room / "thawing.yaml", Overrides([f"{place}={ONE_VALUE[path]}"]))


def test_extends_brings_the_other_file_s_values(room):
    path = room / "extending.yaml"
    path.write_text("extends: stopping.yaml\ntraining: {batch_size: 10}\n")
    found = load_config(path).config
    assert (found.training.epochs, found.training.batch_size) == (9, 10)


@pytest.mark.parametrize("option", ["profile", "variant"])
def test_profiles_and_variants_are_put_on(option, room):
    path = room / "overlaid.yaml"
    assert load_config(path, Overrides(**{option: "given"})).config.seed == 1
    with pytest.raises(InputError, match="given"):
        load_config(path, Overrides(**{option: "other"}))


def test_expect_is_judged(room):
    path = room / "expecting.yaml"
    path.write_text(TABLE + "variants: {a: {seed: 1}}\nexpect: ['a.val_loss < 0.5']\n")
    (claim,) = load_config(path).config.expect
    assert claims.parse_claim(claim).holds(lambda name: 0.4) and not claims.parse_claim(claim).holds(lambda name: 0.6)


@pytest.mark.parametrize("place", ["extends", "profiles.given.seed", "variants.given.seed"])
def test_what_acts_before_set_cannot_be_set(place, room):
    with pytest.raises(InputError, match="comes too late"):
        load_config(room / "overlaid.yaml", Overrides([f"{place}=1"]))


def test_no_run_is_left_unnoticed(room):
    assert all(run.read_result()["status"] == "completed" for run in list_runs(room / "runs"))
