"""What the installed Keras exports: names, aliases, arguments, defaults and what the docstrings say of them."""

import inspect
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from types import ModuleType
from typing import Any

import keras
from keras.src import activations, constraints, initializers, losses, metrics, optimizers, regularizers

from kerasdeep.catalog.entries import REQUIRED
from kerasdeep.errors import fold_name

KERAS_MODULES: dict[str, tuple[ModuleType, dict[str, Any]]] = {
    "layer": (keras.layers, {}),
    "initializer": (keras.initializers, initializers.ALL_OBJECTS_DICT),
    "activation": (keras.activations, activations.ALL_OBJECTS_DICT),
    "regularizer": (keras.regularizers, regularizers.ALL_OBJECTS_DICT),
    "constraint": (keras.constraints, constraints.ALL_OBJECTS_DICT),
    "optimizer": (keras.optimizers, optimizers.ALL_OBJECTS_DICT),
    "schedule": (keras.optimizers.schedules, {}),
    "loss": (keras.losses, losses.ALL_OBJECTS_DICT),
    "metric": (keras.metrics, metrics.ALL_OBJECTS_DICT),
}
ABSTRACT_CLASSES = {
    *("Layer", "Wrapper", "InputSpec", "Initializer", "Regularizer"),
    *("Constraint", "Optimizer", "LearningRateSchedule", "Loss", "Metric"),
}
HELPER_FUNCTIONS = {"get", "serialize", "deserialize"}
LAYER_KEYWORDS = {"activity_regularizer": None, "trainable": True, "dtype": None, "autocast": True, "name": None}
"""What `Layer.__init__` takes; layers that pass `**kwargs` on take these as well."""


@dataclass
class RawArgument:
    default: Any
    doc: str = ""
    annotation: str = ""


@dataclass
class RawEntry:
    name: str
    doc: str
    arguments: dict[str, RawArgument]
    aliases: list[str] = field(default_factory=list)


def read_family(name: str) -> dict[str, RawEntry]:
    """The entries of a family by canonical name, functions that duplicate a class merged into it."""
    module, keras_aliases = KERAS_MODULES[name]
    exported = dict(_public_members(module))
    is_wanted = inspect.isfunction if name == "activation" else inspect.isclass
    name_by_object: dict[Any, str] = {}
    for key, value in exported.items():
        if is_wanted(value) and key not in ABSTRACT_CLASSES and (value not in name_by_object or key == value.__name__):
            name_by_object[value] = key
    if name == "metric":
        name_by_object |= _functions_without_class(exported)
    names = {fold_name(key): key for key in name_by_object.values()}
    aliases: dict[str, set[str]] = {key: set() for key in name_by_object.values()}
    for key, value in (*exported.items(), *keras_aliases.items()):
        target = name_by_object.get(value) or names.get(fold_name(getattr(value, "__name__", key)))
        if target and fold_name(key) != fold_name(target):
            aliases[target].add(key)
    for value, key in name_by_object.items():
        if fold_name(value.__name__) != fold_name(key):
            aliases[key].add(value.__name__)
    objects = sorted(name_by_object.items(), key=lambda item: item[1])
    return {key: read_entry(value, key, aliases[key], name) for value, key in objects}


def _functions_without_class(exported: dict[str, Any]) -> dict[Any, str]:
    """Functions that no class stands for; Keras takes them as metrics too."""
    classes = {fold_name(key) for key, value in exported.items() if inspect.isclass(value)}
    return {
        value: key for key, value in exported.items() if inspect.isfunction(value) and fold_name(key) not in classes
    }


def _public_members(module: ModuleType) -> Iterator[tuple[str, Any]]:
    for key in sorted(dir(module)):
        value = getattr(module, key)
        if not key.startswith("_") and key not in HELPER_FUNCTIONS and not inspect.ismodule(value):
            yield key, value


def read_entry(target: Callable[..., Any], name: str, aliases: set[str], family: str) -> RawEntry:
    """What a class or function says of itself: its first sentence, its arguments and their documentation."""
    parameters = inspect.signature(target).parameters.values()
    docs = argument_docs(target)
    arguments = {
        p.name: RawArgument(REQUIRED if p.default is p.empty else p.default, docs.get(p.name, ""), str(p.annotation))
        for p in parameters
        if p.kind in (p.POSITIONAL_OR_KEYWORD, p.KEYWORD_ONLY)
    }
    for tensor in ("x", "y_true", "y_pred"):
        arguments.pop(tensor, None)
    if family == "metric" and inspect.isfunction(target):
        arguments |= {"name": RawArgument(name), "dtype": RawArgument(None)}
    if family == "layer" and any(p.kind is p.VAR_KEYWORD for p in parameters):
        for keyword, default in LAYER_KEYWORDS.items():
            arguments.setdefault(keyword, RawArgument(default))
    distinct = {fold_name(alias): alias for alias in sorted(aliases)}
    return RawEntry(name, first_sentence(inspect.getdoc(target) or ""), arguments, sorted(distinct.values()))


def argument_docs(target: Callable[..., Any]) -> dict[str, str]:
    """The `Args:` section of a docstring (and of the constructor's) by argument."""
    texts = [inspect.getdoc(target) or ""]
    if inspect.isclass(target):
        texts.append(inspect.getdoc(target.__init__) or "")
    docs: dict[str, str] = {}
    for text in texts:
        section = re.search(r"^(?:Args|Arguments):\n(.*?)(?=^\S|\Z)", text, re.M | re.S)
        if not section:
            continue
        for match in re.finditer(r"^ {4}([*\w, `]+?)(?: \([^)]*\))?:(.*?)(?=^ {4}\S|\Z)", section[1], re.M | re.S):
            for name in re.findall(r"\w+", match[1]):
                docs.setdefault(name, " ".join(match[2].split()))
    return docs


TYPE_WORD = r"(?:python |keras )?(?:int(?:eger)?|float(?:ing point)?|bool(?:ean)?|str(?:ing)?|scalar|tuple|list)s?"
ONLY_TYPE_PATTERN = re.compile(
    rf"(?:\(?optional\)?[\s.:]*)?(?:an? |one |single |positive |unsigned |the )*`?{TYPE_WORD}\b`?(?: value)?"
    r"(?: or (?:`?none`?|tuple.*|list.*|a .*))?(?:,? ?\(?defaults? ?(?:to|:|is)? ?[^,]*\)?)?"
    r"(?: between .*| in (?:the )?range.*| (?:of|with) \w+ \w+)?|\(?optional\)?|defaults to .*|must be .*",
    re.I,
)
EMPTY_WORDS_PATTERN = re.compile(r"^(?:\(?optional\)?[\s.:]+|\(default [^)]*\), |boolean (?:value|indicating) )", re.I)
LEADING_TYPE_PATTERN = re.compile(
    rf"^(?:\(?optional\)?[\s.:]*)?(?:an? |positive |the )*`?{TYPE_WORD}\b`?(?: value| tensor)?"
    r"(?: or (?:`?none`?|(?:tuple|list)[^,.]*))?(?:/list)?(?: of [^,.]*)?(?: between [^,]*)?[,:] ",
    re.I,
)


YAML_WORDING = (
    (r"`?\b(true|false|none)\b`?", lambda match: "null" if match[1].lower() == "none" else match[1].lower()),
    (r"\bif true,? ", "When true, "),
    (r",? \((?:see|e\.g\.|positive float)[^)]*\)|\.? Defaults to .*", ""),
    (
        r"(?:projection|constraint) function (?:to be )?(?:applied to|for) (the .*?)(?: after being updated.*)?$",
        r"Constraint on \1",
    ),
    (r"regularizer function applied to", "Penalty on"),
    (r"activation function to use|^activation function$", "Activation"),
    (r"applies an? (.*?) (?:activation )?function to an output", r"Applies \1 to its input"),
    (r"initializer function", "Initializer"),
    (r"generates tensors (?:with|initialized to)", "fills the weights with"),
    (r"\b(input|output|sparse|ragged) tensors?\b", r"\1"),
    (r"two tensors", "two inputs"),
    (r"array, or tensor of ", ""),
    (r"\bsmall float\b", "Small number"),
    (r"\bpositive int\b|\binteger number\b", "number"),
    (r"nonnegative integers \(indexes\)", "whole numbers from 0"),
    (r"maximum integer index", "greatest index"),
    (r"\binteger (targets|labels)\b", r"\1 that are class numbers"),
    (r"\binteger (features|sequences|indices)\b", r"whole-number \1"),
    (r"encoded using integers or dense floating point vectors", "class numbers rather than probabilities"),
    (r"\bintegers\b", "whole numbers"),
    (r"\bstrings\b", "texts"),
    (r"a string containing", "The letters of"),
)
"""What Keras's docstrings say to programmers, in the words of a file."""


def yaml_wording(sentence: str) -> str:
    """The sentence as a reader of YAML needs it; the overlay rewrites what no rule can."""
    for pattern, replacement in YAML_WORDING:
        sentence = re.sub(pattern, replacement, sentence, flags=re.I)
    return sentence[:1].upper() + sentence[1:]


def sentences(text: str) -> list[str]:
    """The first paragraph's sentences, without the dots and without links."""
    paragraph = re.sub(r"\[([^\]]+)\]\(\s*[^)]*\)", r"\1", " ".join(text.split("\n\n")[0].split()))
    parts = re.split(r"(?<=[\w\)`\]])\.(?:\s+(?=[A-Z`\"(])|$)", paragraph)
    return [part.strip().rstrip(".") for part in parts if part.strip()]


def first_sentence(text: str) -> str:
    return next((f"{yaml_wording(sentence)}." for sentence in sentences(text)), "")


def argument_summary(text: str) -> str:
    """What an argument's documentation says beyond its type and default, in one sentence; else nothing."""
    for sentence in sentences(text.split(" - If ")[0]):
        if not ONLY_TYPE_PATTERN.fullmatch(sentence):
            rest = EMPTY_WORDS_PATTERN.sub("", LEADING_TYPE_PATTERN.sub("", sentence))
            return f"{yaml_wording(rest)}." if rest and not ONLY_TYPE_PATTERN.fullmatch(rest) else ""
    return ""
