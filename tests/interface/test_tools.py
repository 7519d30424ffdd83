"""The tools do see what is wrong: a silent check would be no check."""

from pathlib import Path

from playwright.sync_api import Browser

from tests.interface.pages import Seen
from tests.interface.tools import ALL, RUN, axe_source, complaints_about

GREY_ON_GREY = """<!doctype html><html lang="en"><head><title>Grey</title></head><body><main><h1>Grey</h1>
<p style="color: #777; background: #666">Hardly read</p><input><img src="data:,"></main></body></html>"""


def test_the_validator_names_page_line_and_rule(tmp_path: Path) -> None:
    pages = [Seen("good", "/good", "<p>Fine</p>"), Seen("bad", "/bad", "<p>\n<div id=a></div></p><i id=a></i>")]
    found = complaints_about(pages, tmp_path)
    assert {"no-dup-id", "close-order"} & {line.split()[1].rstrip(":") for line in found}
    assert all(line.startswith("/bad:") for line in found)


def test_axe_sees_poor_contrast_and_missing_labels(browser: Browser) -> None:
    page = browser.new_page()
    page.set_content(GREY_ON_GREY)
    page.evaluate(axe_source())
    found = {line.partition(":")[0] for line in page.evaluate(RUN, ALL)}
    page.close()
    assert {"color-contrast", "label", "image-alt"} <= found
