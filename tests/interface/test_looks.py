"""Every page in a real browser: axe finds nothing in either theme, and no first visit weighs more than it may."""

import gzip
import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest
from flask import Flask
from flask.testing import FlaskClient
from playwright.sync_api import Browser, Page

from tests.auth.matrix import World
from tests.auth.routes import Door, row_of
from tests.interface.pages import PEOPLE, Seen, browser_of, pages_of
from tests.interface.tools import ALL, COLOURS, RUN, axe_source
from tests.support.chromium import Complaints

FIRST_VISIT, SECOND_VISIT = 300_000, 40_000
HEAVY = ("vendor/quill/", "vendor/chart.js/")  # the editor's and the charts' pages stand apart


@pytest.fixture
def look(browser: Browser, live_server: str) -> Iterator[Page]:
    """A page whose animations are off: colours are judged at rest."""
    context = browser.new_context(base_url=live_server, reduced_motion="reduce", color_scheme="dark", locale="en-GB")
    page = context.new_page()
    complaints = Complaints(page, live_server)
    yield page
    context.close()
    assert complaints.seen == []


def let_in(page: Page, web: FlaskClient) -> None:
    """Give the browser the session of `web`."""
    if cookie := web.get_cookie("mailer_session"):
        page.context.add_cookies([{"name": cookie.key, "value": cookie.value, "domain": "127.0.0.1", "path": "/"}])


def is_meant_for(person: str, endpoint: str) -> bool:
    """Each page once, for whom it is made; the front page for both kinds of readers."""
    row = row_of(endpoint)
    if row is None or row.door is Door.PUBLIC:
        return person == "visitor" or endpoint == "blog.front"
    return person == ("owner" if row.is_owners else "admin")


@pytest.mark.parametrize("person", PEOPLE)
def test_axe_finds_nothing_and_pages_are_light(app: Flask, world: World, look: Page, person: str) -> None:
    axe, web = axe_source(), browser_of(app, world, person)
    scales, wrong = Scales(web), []
    let_in(look, web)
    for seen in (one for one in pages_of(app, world, web) if is_meant_for(person, one.endpoint)):
        look.goto(seen.path, wait_until="load")
        look.evaluate(axe)
        wrong += [f"{seen.path} dark {one}" for one in look.evaluate(RUN, ALL)]
        look.evaluate("document.documentElement.dataset.bsTheme = 'light'")
        wrong += [f"{seen.path} light {one}" for one in look.evaluate(RUN, COLOURS)]
        wrong += scales.judge(seen, look)
    assert wrong == []


class Scales:
    """Weighs a page with all it asked for, gzipped as a server in front would send it."""

    def __init__(self, web: FlaskClient) -> None:
        self._web = web
        self._known: dict[str, int] = {}

    def judge(self, seen: Seen, page: Page) -> list[str]:
        """What is too heavy: at first sight, or again on each visit."""
        entries: Any = json.loads(page.evaluate("JSON.stringify(performance.getEntriesByType('resource'))"))
        urls = sorted({entry["name"] for entry in entries if entry["name"].startswith("http")})
        own = len(gzip.compress(seen.html.encode()))
        kept = sum(self._weight(url) for url in urls if "v=" in urlsplit(url).query)
        again = own + sum(self._weight(url) for url in urls if "v=" not in urlsplit(url).query)
        is_heavy = any(part in url for url in urls for part in HEAVY)
        wrong = [f"{seen.path} weighs {kept + again} at first"] if kept + again > FIRST_VISIT and not is_heavy else []
        return wrong + ([f"{seen.path} weighs {again} again"] if again > SECOND_VISIT else [])

    def _weight(self, url: str) -> int:
        if url not in self._known:
            parts = urlsplit(url)
            answer = self._web.get(f"{parts.path}?{parts.query}")
            self._known[url] = len(gzip.compress(answer.get_data()))
            answer.close()
        return self._known[url]
