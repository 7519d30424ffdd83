"""The demo's bookshop with one more of everything, so that no list is empty and every page has something to show."""

from collections.abc import Callable, Iterator

import pytest
from flask import Flask
from playwright.sync_api import Browser, Page
from sqlalchemy.orm import Session

from tests.auth.matrix import World
from tests.interface.bookshop import furnish
from tests.interface.refusals import add_broken_doors
from tests.support.chromium import Complaints


@pytest.fixture
def app(make_app: Callable[..., Flask]) -> Flask:
    """In development, so that the local inbox is among the pages; with a door to every error."""
    made = make_app(development=True)
    add_broken_doors(made)
    return made


@pytest.fixture
def world(app: Flask, session: Session) -> World:
    """Visitor, owner and admin, and what stands in addresses."""
    return furnish(app, session)


@pytest.fixture
def look(browser: Browser, live_server: str) -> Iterator[Page]:
    """A page whose animations are off: colours are judged at rest."""
    context = browser.new_context(base_url=live_server, reduced_motion="reduce", locale="en-GB")
    page = context.new_page()
    complaints = Complaints(page, live_server)
    yield page
    context.close()
    assert complaints.seen == []
