"""A signed-in author, a moderator beside them, and posts made through the service."""

from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from mailer.models import User
from tests.blog.writers import make_moderator
from tests.support.people import sign_in
from tests.support.world import make_user


@pytest.fixture
def author(session: Session, web: FlaskClient) -> User:
    """A plain user, signed in in `web`."""
    user = make_user(session, first_name="Anna", last_name="Author")
    sign_in(web, user)
    return user


@pytest.fixture
def moderator(session: Session, web: FlaskClient) -> User:
    """A moderator of the blog, signed in in `web`."""
    user = make_moderator(session)
    sign_in(web, user)
    return user


@pytest.fixture
def visitor(app: Flask) -> FlaskClient:
    """Another browser, without an account."""
    return app.test_client()


@pytest.fixture
def media(app: Flask) -> Path:
    """The folder of pictures."""
    return app.config["MAILER"].media_dir  # type: ignore[no-any-return]
