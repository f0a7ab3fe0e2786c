"""The report shows training pictures as the augmentation changes them."""

import base64
import io

import numpy as np
from PIL import Image

from kerasdeep import data, report
from kerasdeep.config import load_config
from kerasdeep.runs import create_run_dir
from kerasdeep.training.augmentation_preview import augmented_pictures

CONFIG = """
version: 1
name: turned
data: {source: digits, limit: 40, validation: 20, augmentation: [{RandomFlip: horizontal}, {RandomContrast: 0.5}]}
network: [Flatten, Output]
"""


def pixels(url):
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(url.partition(",")[2]))))


def test_pictures_are_shown_as_they_are_and_as_they_are_changed(tmp_path):
    path = tmp_path / "turned.yaml"
    path.write_text(CONFIG)
    config = load_config(path).config
    dataset = data.load(config.data, config.task)
    pictures = augmented_pictures(config, dataset)
    assert pictures == augmented_pictures(config, dataset)
    assert [picture["row"] for picture in pictures] == dataset.train.rows[[0, 13, 26, 39]].tolist()
    for picture, plain in zip(pictures, dataset.train.x[[0, 13, 26, 39]], strict=True):
        np.testing.assert_allclose(pixels(picture["picture"]) / 255, plain / plain.max(), atol=0.01)
        assert len({*picture["views"], picture["picture"]}) == 5
    run = create_run_dir(tmp_path / "runs", "turned")
    run.write_result({"name": "turned", "status": "completed"})
    run.write_fact("augmentation", pictures)
    report.write(run)
    page = run.report_html.read_text(encoding="utf-8")
    assert "<h3>Augmentation</h3>" in page and all(view in page for view in pictures[0]["views"])


def test_tables_and_runs_without_augmentation_have_none(tmp_path):
    path = tmp_path / "plain.yaml"
    path.write_text(CONFIG.replace(", augmentation: [{RandomFlip: horizontal}, {RandomContrast: 0.5}]", ""))
    config = load_config(path).config
    assert augmented_pictures(config, data.load(config.data, config.task)) == []
