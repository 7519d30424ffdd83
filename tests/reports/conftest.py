"""A signed-in owner and a stranger, for the pages of the reports."""

import pytest
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from mailer.models import User
from tests.support.people import sign_in
from tests.support.world import make_user


@pytest.fixture
def owner(session: Session, web: FlaskClient) -> User:
    """Who looks at the reports, signed in on `web`."""
    user = make_user(session)
    sign_in(web, user)
    return user


@pytest.fixture
def stranger(session: Session) -> User:
    """Somebody else with runs of their own."""
    return make_user(session)
