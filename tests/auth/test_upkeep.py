"""The chores of each minute drop what is over and leave what is not."""

from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from mailer.clock import utcnow
from mailer.config import Config
from mailer.models import AccountLetter, AccountToken, SignIn, Throttle, User
from mailer.orm import Base
from mailer.services import account_letters, account_links, departure, throttle, upkeep
from mailer.services.account_letters import Kind
from mailer.services.account_links import Purpose
from tests.support.world import make_user

TABLES: tuple[type[Base], ...] = (SignIn, AccountToken, AccountLetter, Throttle)


def counts(session: Session) -> list[int | None]:
    return [session.scalar(select(func.count()).select_from(table)) for table in TABLES]


@pytest.mark.both_databases
def test_only_what_is_over_is_dropped(app: Flask, session: Session) -> None:
    config: Config = app.config["MAILER"]
    user, now = make_user(session), utcnow()
    for n, age in enumerate((timedelta(0), timedelta(days=60))):
        then = now - age
        session.add(SignIn(id_hash=str(n), user_id=user.id, created_at=then, last_seen_at=then))
        account_links.issue(session, user, Purpose.RESET, email=user.email, now=then)
        account_letters.ask(session, Kind.RESET, email=user.email, now=then)
        throttle.hit(session, throttle.PASSWORD_ASKED, str(n), now=then)
    session.flush()
    assert counts(session) == [2, 2, 2, 4]
    upkeep.do(session, now=now, config=config, commit=session.commit)
    assert counts(session) == [1, 1, 1, 2]


def test_a_session_that_nobody_used_is_dropped(app: Flask, session: Session, anna: User) -> None:
    now = utcnow()
    for days in (13, 15):
        seen_at = now - timedelta(days=days)
        session.add(SignIn(id_hash=str(days), user_id=anna.id, created_at=seen_at, last_seen_at=seen_at))
    upkeep.do(session, now=now, config=app.config["MAILER"], commit=session.commit)
    assert session.scalars(select(SignIn.id_hash)).all() == ["13"]


def test_the_minute_finishes_what_a_departure_began(app: Flask, session: Session, anna: User) -> None:
    departure.leave(session, anna, now=utcnow())
    session.commit()
    huey = app.extensions["huey"]
    chores = next(task for task in huey._registry.periodic_tasks if task.name == "account_chores")
    huey.execute(chores)
    session.refresh(anna)
    assert anna.erased_at
