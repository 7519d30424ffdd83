"""Anna, an owner with a password, for the tests of accounts."""

import pytest
from sqlalchemy.orm import Session

from mailer.models import User
from mailer.services.passwords import hash_password
from tests.support.world import make_user

PASSWORD = "correct horse"
CHEAP = "pbkdf2:sha256:1"


@pytest.fixture
def anna(session: Session) -> User:
    """Signs in as anna@example.org or Anna.K, with PASSWORD."""
    user = make_user(
        session,
        email="anna@example.org",
        username="Anna.K",
        username_key="anna.k",
        password_hash=hash_password(PASSWORD, method=CHEAP),
    )
    session.commit()
    return user
