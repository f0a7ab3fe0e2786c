"""Parts of a configuration from text: one choice, or a whole file around a network."""

from kerasdeep import catalog
from kerasdeep.config.lowering.lower import Head
from kerasdeep.config.root import Config
from kerasdeep.config.schema import read_section
from kerasdeep.errors import Problems
from kerasdeep.yaml_nodes import parse_yaml

DIGIT = [Head("output", "multiclass", 10)]
IMAGE = {"input": (28, 28)}
ROW = {"input": (8,)}


def read_choice(family, text):
    report = Problems()
    choice = catalog.read_choice(family, parse_yaml(text, "test.yaml"), report)
    report.raise_if_errors()
    return choice


def config_of(text):
    report = Problems()
    config = read_section(Config, parse_yaml("data: {source: digits}\n" + text, "net.yaml"), report)
    report.raise_if_errors()
    return config
