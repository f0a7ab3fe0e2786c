"""The page in headless Chromium: nothing is loaded or complains, it fits a phone, it can be read and printed.

Needs Chromium on the machine and `pip install playwright`. Accessibility is judged by axe-core where AXE_CORE is
the path of its `axe.min.js` (`npm pack axe-core`).
"""

import os
import shutil
from pathlib import Path

import pytest
from helpers import synthetic_runs

from kerasdeep import report

sync_api = pytest.importorskip("playwright.sync_api", reason="needs: pip install playwright")
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
AXE = os.environ.get("AXE_CORE")
KINDS = ("classification", "regression", "interrupted")

pytestmark = [pytest.mark.slow, pytest.mark.skipif(CHROMIUM is None, reason="needs Chromium: apt-get install chromium")]


@pytest.fixture(scope="module")
def pages(tmp_path_factory):
    found = {}
    for kind in KINDS:
        run = getattr(synthetic_runs, kind)(tmp_path_factory.mktemp(kind))
        report.write(run)
        found[kind] = run.report_html.as_uri()
    return found


@pytest.fixture(scope="module")
def browser():
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture
def opened(browser, pages):
    """Opens a page, and at the end asks whether it complained or loaded anything else."""
    contexts, told = [], []

    def open_page(kind, width=1280, scheme="light"):
        context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme)
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda message: told.append(message.text))
        page.on("pageerror", lambda error: told.append(str(error)))
        page.on("request", lambda request: told.append(request.url) if request.url != pages[kind] else None)
        page.goto(pages[kind])
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert [text for text in told if not text.startswith("data:")] == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1280])
@pytest.mark.parametrize("kind", KINDS)
def test_the_page_fits_its_window(opened, kind, width, scheme):
    page = opened(kind, width, scheme)
    assert page.evaluate("document.documentElement.scrollWidth") == width
    ground = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert (ground == "rgb(250, 249, 246)") == (scheme == "light")


def test_pointing_and_arrow_keys_read_values(opened):
    page = opened("classification")
    plot = page.locator("figure.chart .plot").first
    when = page.locator("figure.chart .when b").first
    plot.scroll_into_view_if_needed()
    box = plot.bounding_box()
    page.mouse.move(box["x"] + 2, box["y"] + 20)
    assert when.text_content() == "1"
    page.mouse.move(box["x"] + box["width"] - 2, box["y"] + 20)
    assert when.text_content() == "22"
    plot.focus()
    page.keyboard.press("Home")
    page.keyboard.press("ArrowRight")
    assert when.text_content() == "2"
    assert plot.get_attribute("aria-valuetext").startswith("epoch 2: training")


def test_the_theme_can_be_chosen(opened):
    page = opened("classification")
    page.locator("#theme").click()
    assert page.evaluate("document.documentElement.dataset.theme") == "dark"


@pytest.mark.parametrize("kind", KINDS)
def test_it_prints(opened, kind):
    assert opened(kind).pdf(format="A4").startswith(b"%PDF")


@pytest.mark.skipif(not AXE, reason="needs AXE_CORE=path of axe.min.js (npm pack axe-core)")
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("kind", KINDS)
def test_axe_finds_nothing_serious(opened, kind, scheme):
    page = opened(kind, 1280, scheme)
    page.evaluate(Path(AXE).read_text(encoding="utf-8"))
    found = page.evaluate("axe.run()")["violations"]
    serious = [
        (one["id"], one["help"], [node["html"][:120] for node in one["nodes"][:3]])
        for one in found
        if one["impact"] in ("serious", "critical")
    ]
    assert serious == []
