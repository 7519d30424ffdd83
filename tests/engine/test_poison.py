"""A run that cannot be read keeps no other run from being sent."""

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from mailer.dispatch.ledger import facts
from mailer.models import Attempt, Run, RunState
from tests.engine.conftest import Room
from tests.support import world
from tests.support.smtp_server import SmtpServer

Build = Callable[..., Room]
pytestmark = pytest.mark.fault


def add_run(here: Room, **owner: Any) -> int:
    """Another owner's open run to three clients."""
    with Session(here.database) as session:
        user = world.make_user(session, **owner)
        world.make_clients(session, user, 3)
        mailing = world.make_mailing(session, user, next_run_at=None)
        run_id = world.make_run(session, mailing).id
        session.commit()
    return run_id


@pytest.mark.both_databases
def test_an_owner_whose_time_zone_is_gone_is_served_in_utc(
    room: Build, smtp: SmtpServer, caplog: pytest.LogCaptureFixture
) -> None:
    facts.zone_of.cache_clear()
    here = room(clients=20)
    other = add_run(here, time_zone="Mars/Phobos")
    here.send()
    assert here.run().state is RunState.DONE
    with Session(here.database) as session:
        assert len(session.scalars(select(Attempt).where(Attempt.run_id == other)).all()) == 3
    assert len(smtp.letters) == 23
    assert "ALARM the time zone 'Mars/Phobos' is not known here" in caplog.text


def poison(here: Room, run_id: int) -> None:
    """A row that this version of ours cannot read; the table's own checks would not let it in."""
    with here.database.connect() as connection:
        connection.execute(text("PRAGMA ignore_check_constraints = ON"))
        connection.execute(text("UPDATE run SET drain_reason = 'of tomorrow' WHERE id = :id"), {"id": run_id})
        connection.commit()
        connection.execute(text("PRAGMA ignore_check_constraints = OFF"))


def test_runs_are_ordered_one_by_one_where_one_of_them_cannot_be_read(
    room: Build, smtp: SmtpServer, caplog: pytest.LogCaptureFixture, until: Callable[..., None]
) -> None:
    here = room(clients=1200)
    bad, last = add_run(here), add_run(here)
    poison(here, bad)
    here.engine.begin(60)
    until(lambda: len(smtp.letters) == 1203, what="the others' letters", timeout_s=30)
    until(lambda: here.run().state is RunState.DONE, what="the run to be closed")
    here.engine.close()
    assert f"ALARM an order of runs [{bad}] failed" in caplog.text
    assert here.adds_up()
    with Session(here.database) as session:
        assert session.get_one(Run, last).accepted == 3
