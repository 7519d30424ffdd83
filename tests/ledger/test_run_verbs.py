"""What people do to runs by hand: open one now, hold and release, send the unanswered again."""

from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy.orm import Session

from mailer.models import HeldReason, Mailing, RunState, User
from mailer.rules.errors import Conflict
from mailer.rules.outcome import Outcome, SkipReason
from mailer.services import runs
from tests.ledger.play import ACCEPT, AT, Play, fate, settled
from tests.support import world

pytestmark = pytest.mark.both_databases
NOW = datetime(2026, 3, 2, 7, 30, tzinfo=UTC)


def test_send_now_is_todays_run_and_stands_for_todays_occurrence(play: Play, session: Session) -> None:
    ids = world.make_clients(session, play.owner, 3)
    mailing = world.make_mailing(session, play.owner)
    run = runs.open_now(session, mailing, now=NOW)
    session.commit()
    assert (run.due_on, run.scheduled_for, run.state) == (date(2026, 3, 2), NOW, RunState.OPEN)
    assert run.give_up_at == datetime(2026, 3, 3, tzinfo=UTC)
    assert mailing.next_run_at == datetime(2026, 3, 3, 9, 0, tzinfo=UTC)
    play.run_id = run.id
    assert [one.client_id for one in play.take().recipients] == ids
    assert play.ledger.open_due(NOW + timedelta(hours=2)).run_ids == ()


def test_send_now_twice_a_day_is_a_conflict(play: Play, session: Session) -> None:
    mailing = world.make_mailing(session, play.owner)
    runs.open_now(session, mailing, now=NOW)
    session.commit()
    with pytest.raises(Conflict) as clash:
        runs.open_now(session, mailing, now=NOW + timedelta(hours=1))
    assert (clash.value.code, clash.value.facts) == ("sent_today", {"due_on": date(2026, 3, 2)})


def test_send_now_after_somebody_else_moved_it_is_a_conflict(play: Play, session: Session) -> None:
    mailing_id = world.make_mailing(session, play.owner).id
    session.commit()
    with Session(session.get_bind(), expire_on_commit=False) as stale:
        seen = stale.get_one(Mailing, mailing_id)
        stale.commit()
        play.set(seen, next_run_at=NOW + timedelta(days=9))
        with pytest.raises(Conflict):
            runs.open_now(stale, seen, now=NOW)


def test_a_missed_row_of_today_becomes_the_run(play: Play, session: Session) -> None:
    mailing = world.make_mailing(session, play.owner)
    missed = world.make_run(
        session, mailing, state=RunState.MISSED, missed_count=2, is_exhausted=True, version_id=None, finished_at=AT
    )
    world.make_client(session, play.owner)
    run = runs.open_now(session, mailing, now=NOW)
    session.commit()
    assert run.id == missed.id
    assert (run.state, run.missed_count, run.finished_at) == (RunState.OPEN, 2, None)
    play.run_id = run.id
    assert len(play.take().recipients) == 1


def unanswered(play: Play, n: int = 2) -> None:
    """A finished run with `n` unanswered and one accepted."""
    play.open(n + 1)
    window = play.take()
    first = window.recipients[0].client_id
    silent = fate(Outcome.UNANSWERED)
    play.turn(settled(window, lambda one: (ACCEPT if one.client_id == first else silent)(one)))
    assert play.ledger.finish_complete(AT) == [play.run_id]


def resend(play: Play, now: datetime = NOW) -> int:
    n = runs.resend_unanswered(play.session, play.session.get_one(type(play.run()), play.run_id), now=now)
    play.session.commit()
    return n


def test_the_unanswered_are_sent_again_by_hand_once(play: Play) -> None:
    unanswered(play)
    assert resend(play) == 2
    assert resend(play) == 0
    assert play.run().state is RunState.OPEN
    assert play.counters() == {"total": 3, "accepted": 1, "deferred": 2}
    assert play.ledger.finish_complete(AT) == []
    play.set(play.run(), give_up_at=play.in_a_moment())
    window = play.take()
    assert [one.number for one in window.recipients] == [2, 2]
    play.turn(settled(window))
    assert play.counters() == {"total": 3, "accepted": 3}
    assert play.ledger.finish_complete(AT) == [play.run_id]
    assert [entry[:2] for entry in play.said()] == [
        (1, "accepted"), (1, "unanswered"), (2, "accepted"), (1, "unanswered"), (2, "accepted"),
    ]  # fmt: skip
    assert [row.resent_at for row in play.log() if row.outcome is Outcome.UNANSWERED] == [NOW, NOW]


def test_sending_again_gives_it_time(play: Play) -> None:
    unanswered(play)
    play.set(play.run(), give_up_at=AT)
    resend(play, datetime(2026, 3, 20, 12, tzinfo=UTC))
    assert play.run().give_up_at == datetime(2026, 3, 21, tzinfo=UTC)


def test_without_unanswered_ones_nothing_happens(play: Play) -> None:
    play.open(1)
    play.turn(settled(play.take()))
    play.ledger.finish_complete(AT)
    assert resend(play) == 0
    assert play.run().state is RunState.DONE


OFF = ["paused_at", "stopped_at", "disabled_at", "archived_at", "blocked_at", "deleted_at"]


@pytest.mark.parametrize("column", OFF)
def test_what_is_off_sends_nothing_again(play: Play, column: str) -> None:
    unanswered(play)
    kind = User if column in {"blocked_at", "deleted_at"} else Mailing
    play.set(play.session.get_one(kind, play.owner.id if kind is User else play.mailing.id), **{column: AT})
    with pytest.raises(Conflict):
        resend(play)
    play.session.rollback()
    assert play.counters() == {"total": 3, "accepted": 1, "unanswered": 2}


def test_what_is_being_written_off_sends_nothing_again(play: Play) -> None:
    play.open(3)
    play.turn(settled(play.take(size=1), fate(Outcome.UNANSWERED)), size=1)
    play.set(play.run(), drain_reason=SkipReason.STOPPED)
    with pytest.raises(Conflict):
        resend(play)
    play.session.rollback()


def test_a_held_run_goes_on_where_it_stopped(play: Play, session: Session) -> None:
    ids = play.open(4)
    play.settle(settled(play.take(size=2)))
    runs.hold(session, play.mailing.id, HeldReason.PAUSED, now=NOW)
    assert play.turn().is_closed
    runs.hold(session, play.mailing.id, HeldReason.DISABLED, now=NOW)
    runs.hold(session, play.mailing.id, HeldReason.PAUSED, now=NOW)
    runs.release(session, play.mailing.id, HeldReason.PAUSED, now=NOW)
    assert play.turn().is_closed
    runs.release(session, play.mailing.id, HeldReason.DISABLED, now=NOW)
    assert [one.client_id for one in play.take().recipients] == ids[2:]


def test_a_run_released_too_late_is_written_off(play: Play, session: Session) -> None:
    play.open(3, give_up_at=AT)
    play.settle(settled(play.take(size=1)))
    runs.hold(session, play.mailing.id, HeldReason.PAUSED, now=AT)
    runs.release(session, play.mailing.id, HeldReason.PAUSED, now=AT + timedelta(seconds=1))
    assert play.turn().is_dry
    assert play.said() == [(1, "accepted", None)] + [(1, "skipped", "too_late")] * 2
    assert play.ledger.finish_complete(AT) == [play.run_id]
    assert play.run().state is RunState.DONE


def test_a_brake_is_released_once(play: Play, session: Session) -> None:
    play.open(3, held_reason=HeldReason.BRAKE, held_at=AT)
    run = session.get_one(type(play.run()), play.run_id)
    runs.release_brake(session, run, now=NOW)
    assert play.run().brake_released_at == NOW
    assert len(play.take().recipients) == 3
    with pytest.raises(Conflict):
        runs.release_brake(session, run, now=NOW)
    session.rollback()


def test_a_brake_released_too_late_writes_the_rest_off(play: Play, session: Session) -> None:
    play.open(3, held_reason=HeldReason.BRAKE, held_at=AT, give_up_at=AT)
    run = session.get_one(type(play.run()), play.run_id)
    runs.release_brake(session, run, now=AT + timedelta(seconds=1))
    assert play.turn().is_dry
    assert play.said() == [(1, "skipped", "too_late")] * 3
    assert play.counters() == {"total": 3, "skipped": 3}


@pytest.mark.parametrize("by", ["mailing_id", "owner_id"])
def test_cancelling_writes_everybody_off(play: Play, session: Session, by: str) -> None:
    play.open(3)
    whose = {"mailing_id": play.mailing.id, "owner_id": play.owner.id}[by]
    runs.cancel_open_runs(session, SkipReason.OWNER_BLOCKED, now=NOW, **{by: whose})
    assert play.turn().is_dry
    assert play.counters() == {"total": 3, "skipped": 3}
    assert play.ledger.finish_complete(AT) == [play.run_id]
    assert play.run().state is RunState.CANCELLED
