"""An owner whose closed runs are counted; the database alone, as in the ledger's tests."""

import pytest
from sqlalchemy.orm import Session

from mailer.models import User
from tests.ledger.conftest import engine, fresh_postgres, one_postgres
from tests.support.world import make_user

__all__ = ["engine", "fresh_postgres", "one_postgres", "owner"]


@pytest.fixture
def owner(session: Session) -> User:
    """Whose runs these are."""
    return make_user(session)
