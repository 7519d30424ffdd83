"""Every page in a real browser, in both languages and themes: axe finds nothing, nothing is wider than a phone, none is
heavy, and the markup is good. `pytest -rP tests/interface/test_looks.py` prints what each page weighs."""

from pathlib import Path

import pytest
from flask import Flask
from playwright.sync_api import Page

from tests.auth.matrix import World
from tests.auth.routes import Door, row_of
from tests.interface.eyes import Eyes
from tests.interface.pages import Seen, browser_of, pages_of
from tests.interface.refusals import refusals_of
from tests.interface.tools import complaints_about
from tests.interface.weights import Scales

# every rule in the first one, colours in both
THEMES = {"en": ("dark", "light"), "ru": ("light", "dark")}
# longest first, for two workers; what is empty is said in few words, so once is enough
LOOKS = [(person, language) for person in ("owner", "admin", "visitor") for language in THEMES] + [("newcomer", "ru")]


def is_meant_for(person: str, seen: Seen) -> bool:
    """Each page once, for whom it is made; the front page for both kinds of readers; what is empty, as a newcomer."""
    if person == "newcomer":
        return 'class="empty"' in seen.html and seen.endpoint != "auth.sent"
    row = row_of(seen.endpoint)
    if row is None or row.door is Door.PUBLIC:
        return person == "visitor" or seen.endpoint == "blog.front"
    return person == ("owner" if row.is_owners else "admin")


@pytest.mark.parametrize(("person", "language"), LOOKS)
def test_every_page_is_for_everybody_and_light(
    app: Flask, world: World, look: Page, tmp_path: Path, person: str, language: str
) -> None:
    web = browser_of(app, world, person, language=language)
    pages = list(pages_of(app, world, web))
    eyes, scales = Eyes(look, web, themes=THEMES[language]), Scales(web)
    wrong = complaints_about(pages, tmp_path) if language == "ru" else []
    for seen in (one for one in pages if is_meant_for(person, one)):
        eyes.open(seen)
        wrong += eyes.judge(seen)
        scales.weigh(seen, look)
    assert len(scales.found) > 4
    assert wrong + scales.say() == []


@pytest.mark.parametrize("person", ["visitor", "owner", "admin"])
def test_a_page_that_refuses_is_for_everybody_too(
    app: Flask, world: World, look: Page, tmp_path: Path, person: str
) -> None:
    web = browser_of(app, world, person, language="ru")
    pages = list(refusals_of(app, world, web))
    eyes, wrong = Eyes(look, web, themes=THEMES["ru"]), complaints_about(pages, tmp_path)
    mine = [one for one in pages if is_meant_for(person, one)]
    for seen in mine:
        eyes.show(seen)
        wrong += eyes.judge(seen)
    assert len(mine) > 6
    assert wrong == []
