"""The audit cannot be forged from outside."""

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from mailer.clock import utcnow
from mailer.models import AuditEntry
from mailer.services import audit
from tests.support.world import make_user


@pytest.mark.parametrize("mark", ["\n", "\r\n", "\x00", "\x1b[2K", "\u2028", "\u202e"])
def test_a_line_break_cannot_forge_a_line(session: Session, mark: str) -> None:
    forged = f"a{mark}b"
    audit.record(session, forged, now=utcnow(), actor=forged, reason=forged, detail=forged, browser=forged)
    session.flush()
    row = session.scalars(select(AuditEntry)).one()
    for field in (row.verb, row.actor, row.reason, row.detail, row.browser):
        assert field.isprintable()
        assert field.startswith("a\\")


def test_what_is_too_long_is_cut(session: Session) -> None:
    audit.record(session, "x", now=utcnow(), browser="\n" * 500, reason="r" * 999)
    session.flush()
    row = session.scalars(select(AuditEntry)).one()
    assert (len(row.browser), len(row.reason)) == (200, 500)


def test_an_act_concerns_the_actor_unless_told_otherwise(session: Session) -> None:
    moderator, owner = make_user(session), make_user(session)
    audit.record(session, "own", now=utcnow(), actor=moderator)
    audit.record(session, "other", now=utcnow(), actor=moderator, user_id=owner.id)
    session.flush()
    rows = session.scalars(select(AuditEntry).order_by(AuditEntry.id)).all()
    assert [row.user_id for row in rows] == [moderator.id, owner.id]
