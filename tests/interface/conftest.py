"""The demo's bookshop with one more of everything, so that no list is empty and every page has something to show."""

from collections.abc import Callable

import pytest
from flask import Flask
from sqlalchemy.orm import Session

from tests.auth.matrix import World
from tests.interface.bookshop import furnish
from tests.interface.refusals import add_broken_doors


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
