"""Owners are told once what went wrong with a run, in their language, unless they do not want to know."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import Engine as Database
from sqlalchemy import select
from sqlalchemy.orm import Session

from mailer.dispatch import notices
from mailer.dispatch.account_mail import deliver_due, tell_owners
from mailer.models import AccountLetter, HeldReason, Run, RunState, User
from mailer.services import runs
from tests.support import world
from tests.support.smtp_server import SmtpServer

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
BAD: dict[str, dict[str, Any]] = {
    "missed": {"state": RunState.MISSED, "missed_count": 3},
    "refused": {"state": RunState.DONE, "refused": 2, "total": 2},
    "unanswered": {"state": RunState.DONE, "unanswered": 1, "total": 1},
    "waiting": {"held_reason": HeldReason.SERVER, "held_at": NOW - timedelta(minutes=11), "held_words": "mail: 451 x"},
}
GOOD: dict[str, dict[str, Any]] = {
    "accepted": {"state": RunState.DONE, "accepted": 2, "total": 2},
    "open": {},
    "waiting for a minute": {"held_reason": HeldReason.SERVER, "held_at": NOW - timedelta(minutes=1)},
    "paused by the owner": {"held_reason": HeldReason.PAUSED, "held_at": NOW - timedelta(days=1)},
}


def make_run(database: Database, run: dict[str, Any], **owner: Any) -> int:
    """A run like this of an owner like that; its id."""
    with Session(database) as session:
        mailing = world.make_mailing(session, world.make_user(session, **owner), title="Morning news")
        made = world.make_run(session, mailing, **run)
        session.commit()
        return made.id


def letters(app: Flask, database: Database) -> list[AccountLetter]:
    """What stands in the outbox after the minute's look."""
    with app.app_context():
        tell_owners(now=NOW)
    with Session(database) as session:
        return list(session.scalars(select(AccountLetter)))


@pytest.mark.both_databases
@pytest.mark.parametrize("run", BAD.values(), ids=BAD)
def test_a_run_in_trouble_is_told_of_exactly_once(app: Flask, engine: Database, run: dict[str, Any]) -> None:
    run_id = make_run(engine, run)
    assert [one.about_id for one in letters(app, engine)] == [run_id]
    assert [one.about_id for one in letters(app, engine)] == [run_id]


def test_a_missed_run_that_was_sent_by_hand_is_told_of_anew(app: Flask, engine: Database) -> None:
    run_id = make_run(engine, BAD["missed"])
    assert len(letters(app, engine)) == 1
    with Session(engine) as session:
        run = runs.open_now(session, session.get_one(Run, run_id).mailing, now=NOW)
        assert run.id == run_id
        run.state, run.refused, run.total = RunState.DONE, 2, 2
        session.commit()
    assert [one.about_id for one in letters(app, engine)] == [run_id, run_id]


@pytest.mark.parametrize("run", GOOD.values(), ids=GOOD)
def test_a_run_that_is_well_is_not_told_of(app: Flask, engine: Database, run: dict[str, Any]) -> None:
    make_run(engine, run)
    assert letters(app, engine) == []


def test_who_does_not_want_notices_gets_none(app: Flask, engine: Database) -> None:
    make_run(engine, BAD["missed"], wants_notices=False)
    make_run(engine, BAD["missed"], blocked_at=NOW)
    assert letters(app, engine) == []


def test_two_tellers_at_once_tell_once(app: Flask, engine: Database) -> None:
    run_id = make_run(engine, BAD["missed"])
    with Session(engine) as session:
        assert notices.tell(session, [run_id], now=NOW) == 1
        assert notices.tell(session, [run_id], now=NOW) == 0


@pytest.mark.parametrize("run", BAD.values(), ids=BAD)
def test_the_letter_names_the_mailing_and_what_happened(
    app: Flask, engine: Database, smtp: SmtpServer, run: dict[str, Any]
) -> None:
    make_run(engine, run)
    letters(app, engine)
    with app.app_context():
        assert deliver_due(now=NOW + timedelta(minutes=1)) == 1
    assert b"Morning news" in smtp.letters[0].raw
    assert smtp.letters[0].sender == ""


def test_a_run_that_is_well_again_needs_no_letter(app: Flask, engine: Database, smtp: SmtpServer) -> None:
    run_id = make_run(engine, BAD["waiting"])
    assert len(letters(app, engine)) == 1
    with Session(engine) as session:
        session.get_one(Run, run_id).held_reason = None
        session.get_one(User, session.get_one(Run, run_id).owner_id)
        session.commit()
    with app.app_context():
        assert deliver_due(now=NOW + timedelta(minutes=1)) == 0
    assert smtp.letters == []
