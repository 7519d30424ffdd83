"""The tick: what is due is opened once, whoever looks, and content is frozen."""

import logging
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from threading import Barrier

import pytest
from sqlalchemy import Engine, event, func, select
from sqlalchemy.orm import Session

from mailer.dispatch.ledger import opening
from mailer.dispatch.ledger.ledger import SqlLedger
from mailer.dispatch.tick import TickReport, tick
from mailer.models import Heartbeat, Mailing, MessageVersion, Run, RunState
from mailer.rules.outcome import SkipReason
from mailer.rules.schedule import Frequency, MissedRun
from tests.ledger.play import AT, Play
from tests.support import world

NOW = world.NOW
both = pytest.mark.both_databases


@pytest.fixture
def minute(ledger: SqlLedger, session: Session, tmp_path: Path):
    """Tick at a moment of the test's choice."""

    def at(now: datetime = NOW, **facts) -> TickReport:
        session.commit()
        return tick(ledger, now=now, folder=tmp_path / "journals", **facts)

    return at


def runs_of(session: Session, mailing: Mailing) -> list[tuple[date, str, int]]:
    session.commit()
    found = session.scalars(select(Run).where(Run.mailing_id == mailing.id).order_by(Run.due_on)).all()
    seen = [(run.due_on, run.state.value, run.missed_count) for run in found]
    session.rollback()
    return seen


@both
def test_what_is_due_is_opened_with_frozen_content_and_moves_on(play: Play, session: Session, minute) -> None:
    ids = world.make_clients(session, play.owner, 3)
    mailing = world.make_mailing(session, play.owner)
    report = minute()
    assert (report.opened, report.missed) == (1, 0)
    run = session.scalars(select(Run)).one()
    assert (run.due_on, run.scheduled_for, run.opened_at) == (NOW.date(), NOW, NOW)
    assert (run.state, run.upto_client_id, run.owner_id) == (RunState.OPEN, ids[-1], play.owner.id)
    assert run.give_up_at == datetime(2026, 3, 3, tzinfo=UTC)
    assert run.version.subject == "News for {{ name | friend }}"
    assert (run.version.from_name, run.version.reply_to) == (play.owner.display_name, play.owner.email)
    assert run.mailing.next_run_at == NOW + timedelta(days=1)
    assert session.get_one(Heartbeat, "tick").beat_at == NOW
    assert mailing.next_run_at == NOW + timedelta(days=1)


@both
def test_a_second_tick_opens_nothing(play: Play, session: Session, minute) -> None:
    world.make_mailing(session, play.owner)
    assert minute().opened == 1
    assert minute().opened == 0


@both
def test_eight_ticks_at_once_open_each_run_once(play: Play, session: Session, minute, monkeypatch) -> None:
    monkeypatch.setattr(opening, "AT_ONCE", 7)
    for _ in range(20):
        world.make_mailing(session, play.owner)
    session.commit()
    together = Barrier(8)

    def one_tick(_n: int) -> int:
        together.wait()
        return tick_of(play, minute).opened

    with ThreadPoolExecutor(8) as pool:
        opened = list(pool.map(one_tick, range(8)))
    assert sum(opened) == 20
    assert session.scalar(select(func.count()).select_from(Run)) == 20


def tick_of(play: Play, minute) -> TickReport:
    """A tick that touches no session: those belong to one thread."""
    return tick(play.ledger, now=NOW, folder=Path("/nonexistent"))


@both
def test_the_next_time_is_compared_as_the_value_that_was_seen(play: Play, session: Session, monkeypatch) -> None:
    mailing = world.make_mailing(session, play.owner)
    session.commit()
    seen = opening._plan  # between seeing and moving, somebody else moves it

    def moved_meanwhile(driver, row, now):
        plan = seen(driver, row, now)
        return opening.replace(plan, seen_at=plan.seen_at - timedelta(seconds=1))

    monkeypatch.setattr(opening, "_plan", moved_meanwhile)
    assert play.ledger.open_due(NOW).run_ids == ()
    assert runs_of(session, mailing) == []


@both
def test_sending_may_begin_before_the_last_is_opened(play: Play, session: Session, minute, monkeypatch) -> None:
    monkeypatch.setattr(opening, "AT_ONCE", 2)
    for _ in range(5):
        world.make_mailing(session, play.owner)
    open_by_then: list[int] = []
    minute(on_opened=lambda: open_by_then.append(len(play.ledger.open_runs(100))))
    assert open_by_then == [2, 4, 5]


@both
def test_equal_content_is_kept_once(play: Play, session: Session, minute) -> None:
    message = world.make_message(session, play.owner)
    other = world.make_message(session, play.owner, subject="Other")
    for one in (message, message, other):
        world.make_mailing(session, play.owner, message=one)
    world.make_mailing(session, world.make_user(session))
    minute()
    kept = Counter(session.scalars(select(MessageVersion.owner_id)))
    assert kept[play.owner.id] == 2
    assert len(kept) == 2
    session.rollback()
    minute(NOW + timedelta(days=1))
    assert session.scalar(select(func.count()).select_from(MessageVersion)) == 3


@both
def test_an_outage_leaves_one_missed_row_and_no_burst(play: Play, session: Session, minute) -> None:
    late = world.make_mailing(session, play.owner, missed_run=MissedRun.SEND_LATE)
    strict = world.make_mailing(session, play.owner, missed_run=MissedRun.SKIP)
    report = minute(NOW + timedelta(days=3, hours=5))
    assert (report.opened, report.missed) == (1, 2)
    assert runs_of(session, late) == [(date(2026, 3, 4), "missed", 3), (date(2026, 3, 5), "open", 0)]
    assert runs_of(session, strict) == [(date(2026, 3, 5), "missed", 4)]


@both
@pytest.mark.parametrize("column", ["paused_at", "stopped_at", "disabled_at", "archived_at", "blocked_at", "is_draft"])
def test_a_mailing_that_is_off_opens_nothing(play: Play, session: Session, minute, column: str) -> None:
    mailing = world.make_mailing(session, play.owner)
    setattr(play.owner if column == "blocked_at" else mailing, column, True if column == "is_draft" else AT)
    assert minute().opened == 0
    assert runs_of(session, mailing) == []


@both
def test_the_next_run_waits_for_the_last(play: Play, session: Session, minute) -> None:
    mailing = world.make_mailing(session, play.owner)
    world.make_clients(session, play.owner, 2)
    run = world.make_run(session, mailing, due_on=date(2026, 3, 1))
    assert minute().opened == 0
    session.refresh(run)
    run.drain_reason = SkipReason.STOPPED
    assert minute().finished == (run.id,)
    assert minute().opened == 1


@both
def test_a_day_that_has_a_run_gets_no_second(play: Play, session: Session, minute) -> None:
    mailing = world.make_mailing(session, play.owner)
    world.make_run(session, mailing, due_on=NOW.date(), state=RunState.DONE)
    assert minute().opened == 0
    assert len(runs_of(session, mailing)) == 1
    assert mailing.next_run_at == NOW + timedelta(days=1)


@both
def test_one_that_cannot_be_computed_keeps_nobody_waiting(
    play: Play, session: Session, minute, monkeypatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(opening, "AT_ONCE", 1)
    world.make_mailing(session, play.owner, time_zone="Mars/Olympus")
    good = world.make_mailing(session, play.owner)
    with caplog.at_level(logging.ERROR):
        assert minute().opened == 1
    assert "ALARM" in caplog.text
    assert len(runs_of(session, good)) == 1


@both
def test_only_one_mailing_when_asked(play: Play, session: Session, minute) -> None:
    mailing, other = (world.make_mailing(session, play.owner) for _ in range(2))
    minute(mailing_id=mailing.id)
    assert len(runs_of(session, mailing)) == 1
    assert runs_of(session, other) == []


@both
def test_a_run_to_nobody_is_over_at_once(play: Play, session: Session, minute) -> None:
    mailing = world.make_mailing(session, play.owner, frequency=Frequency.ONCE)
    minute()
    play.run_id = session.scalars(select(Run.id)).one()
    assert play.turn().is_dry
    assert len(play.ledger.finish_complete(NOW)) == 1
    assert mailing.next_run_at is None


def test_nothing_due_costs_one_look_and_no_lock(play: Play, session: Session, engine: Engine) -> None:
    world.make_mailing(session, play.owner, next_run_at=NOW + timedelta(seconds=1))
    session.commit()
    said: list[str] = []

    def listen(connection, _record, _proxy) -> None:
        connection.set_trace_callback(said.append)

    event.listen(engine, "checkout", listen)
    assert play.ledger.open_due(NOW).run_ids == ()
    event.remove(engine, "checkout", listen)
    assert len([line for line in said if line.startswith("SELECT")]) == 1
    assert not [line for line in said if "IMMEDIATE" in line]
