"""An owner whose closed runs are counted; the database alone, no app around it."""

from collections.abc import Iterator

import pytest
from sqlalchemy import Engine, create_engine
from sqlalchemy.orm import Session

from mailer import orm
from mailer.models import User
from tests.support.world import make_user


@pytest.fixture
def engine(database_url: str) -> Iterator[Engine]:
    """As the app's own; an app would cost more than most tests here."""
    made = create_engine(database_url)
    orm.prepare(made)
    yield made
    made.dispose()


@pytest.fixture
def owner(session: Session) -> User:
    """Whose runs these are."""
    return make_user(session)
