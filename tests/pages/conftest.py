"""A signed-in owner and a stranger for every page test."""

import pytest
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from mailer.models import User
from tests.support.people import sign_in
from tests.support.world import make_user


@pytest.fixture
def owner(session: Session, web: FlaskClient) -> User:
    """Signed in in `web`."""
    user = make_user(session, username="olga")
    sign_in(web, user)
    return user


@pytest.fixture
def stranger(session: Session) -> User:
    """Somebody else."""
    return make_user(session)
