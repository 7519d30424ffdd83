"""What keeps a run from being claimed, what drains it, and what lets it go on."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from mailer.dispatch.ledger import open_ledger
from mailer.models import HeldReason, RunState
from mailer.rules.outcome import Outcome, SkipReason
from tests.ledger.play import AT, DEFER, REFUSE, Play, fate, settled
from tests.support import world

pytestmark = pytest.mark.both_databases

OFF = [
    ("mailing", {"paused_at": AT}),
    ("mailing", {"stopped_at": AT}),
    ("mailing", {"disabled_at": AT}),
    ("mailing", {"archived_at": AT}),
    ("owner", {"blocked_at": AT}),
    ("owner", {"deleted_at": AT}),
    ("run", {"held_reason": HeldReason.PAUSED, "held_at": AT}),
    ("run", {"held_reason": HeldReason.BRAKE, "held_at": AT}),
    ("run", {"held_reason": HeldReason.SERVER, "held_until": datetime(2126, 1, 1, tzinfo=UTC)}),
    ("run", {"held_reason": HeldReason.SENDER_REFUSED}),
    ("run", {"state": RunState.DONE}),
]


@pytest.mark.parametrize(("what", "facts"), OFF, ids=[f"{what} {next(iter(facts))}" for what, facts in OFF])
def test_off_means_no_claim(play: Play, what: str, facts: dict[str, Any]) -> None:
    play.open(2)
    assert [run.run_id for run in play.ledger.open_runs(10)] == [play.run_id]
    assert play.ledger.read_off([play.run_id], AT).closed == frozenset()
    play.set({"mailing": play.mailing, "owner": play.owner, "run": play.run()}[what], **facts)
    turn = play.turn()
    assert turn.is_closed
    assert turn.window is None
    assert play.ledger.open_runs(10) == []
    assert play.ledger.read_off([play.run_id], AT).closed == {play.run_id}
    assert play.counters() == {}


def test_results_are_written_even_when_it_is_off(play: Play) -> None:
    play.open(2)
    window = play.take(size=1)
    play.set(play.mailing, paused_at=AT)
    assert play.turn(settled(window)).is_closed
    assert play.counters() == {"total": 1, "accepted": 1}


def test_a_run_that_is_not_there_is_closed(play: Play) -> None:
    play.open(1)
    play.run_id += 1
    assert play.turn().is_closed
    assert play.ledger.read_off([play.run_id], AT).closed == {play.run_id}
    assert play.ledger.read_off([], AT).closed == frozenset()


def test_trouble_holds_a_run_until_its_time_and_pauses_grow(play: Play) -> None:
    play.open(2)
    hold, soon = play.ledger.hold, datetime.now(UTC) - timedelta(seconds=1)
    later = play.in_a_moment()
    assert hold([play.run_id], HeldReason.SERVER, "421 go\0 away", soon) == {play.run_id}
    assert play.ledger.open_runs(10)[0].held_count == 1
    assert hold([play.run_id], HeldReason.SERVER, "421 again", later) == {play.run_id}
    assert hold([play.run_id], HeldReason.SERVER, "421 another connection", later) == set()
    assert (play.run().held_words, play.run().held_count) == ("421 again", 2)
    assert play.turn().is_closed


def test_a_run_that_has_waited_goes_on_and_success_forgives(play: Play) -> None:
    play.open(2)
    play.ledger.hold([play.run_id], HeldReason.SERVER, "421", datetime.now(UTC) - timedelta(seconds=1))
    window = play.take()
    assert (play.run().held_reason, play.run().held_count) == (None, 1)
    play.settle(settled(window))
    assert (play.run().held_count, play.run().held_words) == (0, "")


def test_runs_that_have_waited_are_released(play: Play) -> None:
    play.open(2)
    play.ledger.hold([play.run_id], HeldReason.SERVER, "421", datetime.now(UTC) - timedelta(seconds=1))
    assert play.ledger.release_due() == {play.run_id}
    assert play.ledger.release_due() == set()
    assert play.run().held_reason is None


def test_the_ledger_says_when_the_first_run_has_waited(play: Play) -> None:
    play.open(2)
    assert play.ledger.pause_s() is None
    play.ledger.hold([play.run_id], HeldReason.SERVER, "421", datetime.now(UTC) + timedelta(seconds=30))
    pause_s = play.ledger.pause_s()
    assert pause_s is not None
    assert 25 < pause_s < 31
    play.set(play.run(), held_until=AT)
    assert play.ledger.pause_s() is None, "it may be taken up now"
    play.set(play.run(), held_until=None, held_reason=HeldReason.BRAKE)
    assert play.ledger.pause_s() is None, "nobody knows how long a person takes"


def test_trouble_does_not_outrank_a_pause(play: Play) -> None:
    play.open(2, held_reason=HeldReason.PAUSED)
    assert play.ledger.hold([play.run_id], HeldReason.SERVER, "421", None) == set()
    assert play.run().held_reason is HeldReason.PAUSED


def test_too_many_refusals_pull_the_brake(play: Play) -> None:
    play.open(120)
    play.ledger = open_ledger(play.session.get_bind(), refused_brake_percent=20)
    window = play.take(size=60)
    bad = {one.client_id for one in [*window.recipients][:12]}
    turn = play.turn(settled(window, lambda one: (REFUSE if one.client_id in bad else fate())(one)))
    assert turn.is_closed
    assert play.run().held_reason is HeldReason.BRAKE


def test_a_released_brake_stays_released(play: Play) -> None:
    play.open(120, brake_released_at=AT)
    play.ledger = open_ledger(play.session.get_bind(), refused_brake_percent=20)
    assert play.turn(settled(play.take(size=60), REFUSE)).window is not None


def test_the_brake_counts_all_windows_of_the_run(play: Play) -> None:
    play.open(120)
    play.ledger = open_ledger(play.session.get_bind(), refused_brake_percent=50)
    first, second = play.take(size=25), play.take(size=25)
    play.settle(settled(first, REFUSE))
    assert play.run().held_reason is None
    assert play.turn(settled(second)).is_closed
    assert play.run().held_reason is HeldReason.BRAKE


@pytest.mark.parametrize(
    ("n", "bad", "percent"),
    [(49, 49, 20), (60, 11, 20), (60, 60, 0)],
    ids=["too few answers", "too few refusals", "switched off"],
)
def test_the_brake_stays_off(play: Play, n: int, bad: int, percent: int) -> None:
    play.open(120)
    play.ledger = open_ledger(play.session.get_bind(), refused_brake_percent=percent)
    window = play.take(size=n)
    refused = {one.client_id for one in [*window.recipients][:bad]}
    turn = play.turn(settled(window, lambda one: (REFUSE if one.client_id in refused else fate())(one)))
    assert turn.window is not None


def test_a_cancelled_run_is_drained_as_skipped_even_when_off(play: Play) -> None:
    play.open(9)
    first = play.take(size=2)
    play.settle(settled(first, DEFER))
    play.set(play.run(), drain_reason=SkipReason.STOPPED)
    play.set(play.mailing, paused_at=AT)
    assert play.ledger.open_runs(10)[0].is_draining
    assert play.ledger.read_off([play.run_id], AT).closed == {play.run_id}
    assert play.turn(size=3).is_dry
    assert play.said() == [(1, "deferred", None), (2, "skipped", "stopped")] * 2 + [(1, "skipped", "stopped")] * 7
    assert play.counters() == {"total": 9, "skipped": 9}
    assert play.ledger.finish_complete(AT) == [play.run_id]
    assert play.run().state is RunState.CANCELLED


def test_when_the_time_is_over_retries_are_given_up_but_the_first_tries_go_on(play: Play) -> None:
    play.open(4, give_up_at=datetime.now(UTC) + timedelta(days=1))
    window = play.take(size=3)
    one, two, three = window.recipients
    later = play.in_a_moment()
    deferred = fate(Outcome.DEFERRED, retry_at=later, reply_text="4.2.1 full of letters")
    play.settle(settled(window, deferred, back=[three]))
    play.set(play.run(), give_up_at=datetime.now(UTC) - timedelta(seconds=1))
    turn = play.turn()
    assert turn.window is not None
    assert [recipient.number for recipient in turn.window.recipients] == [1, 1]
    given_up = [row for row in play.log() if row.reason is SkipReason.GAVE_UP]
    assert [(row.client_id, row.number) for row in given_up] == [(one.client_id, 2), (two.client_id, 2)]
    assert {(row.reply_code, row.reply_text) for row in given_up} == {(451, "4.2.1 full of letters")}


def test_the_end_of_the_time_is_work_for_the_engine(play: Play) -> None:
    play.open(1)
    play.settle(settled(play.take(), fate(Outcome.DEFERRED, retry_at=play.in_a_moment())))
    play.turn()
    assert play.ledger.open_runs(10) == []
    play.set(play.run(), give_up_at=AT)
    assert len(play.ledger.open_runs(10)) == 1


@pytest.mark.parametrize(
    ("what", "facts", "reason"),
    [
        ("mailing", {"stopped_at": AT}, SkipReason.STOPPED),
        ("mailing", {"archived_at": AT}, SkipReason.CANCELLED),
        ("owner", {"blocked_at": AT}, SkipReason.OWNER_BLOCKED),
        ("owner", {"deleted_at": AT}, SkipReason.OWNER_BLOCKED),
        ("run", {"give_up_at": AT, "held_reason": HeldReason.SERVER}, SkipReason.TOO_LATE),
        ("run", {"give_up_at": AT, "held_reason": HeldReason.PAUSED}, SkipReason.TOO_LATE),
        ("run", {"give_up_at": AT}, None),
        ("run", {"held_reason": HeldReason.PAUSED}, None),
    ],
    ids=["stopped", "deleted", "blocked", "account gone", "broken till the end", "paused till the end",
         "still sending", "paused"],
)  # fmt: skip
def test_a_run_that_can_never_be_sent_is_drained(
    play: Play, what: str, facts: dict[str, Any], reason: SkipReason | None
) -> None:
    play.open(2)
    play.set({"mailing": play.mailing, "owner": play.owner, "run": play.run()}[what], **facts)
    found = play.ledger.close_dead_ends(datetime.now(UTC))
    assert found == ({play.run_id} if reason else set())
    assert play.run().drain_reason == reason


@pytest.mark.parametrize("column", ["paused_at", "disabled_at"])
def test_a_run_whose_mailing_rests_is_drained_when_its_time_is_over(play: Play, column: str) -> None:
    play.open(2)
    play.set(play.mailing, **{column: AT})
    assert play.ledger.close_dead_ends(datetime.now(UTC)) == set()
    play.set(play.run(), give_up_at=AT)
    assert play.ledger.close_dead_ends(datetime.now(UTC)) == {play.run_id}
    assert play.run().drain_reason is SkipReason.TOO_LATE


def test_open_runs_come_oldest_first_and_one_mailing_can_be_asked_for(play: Play) -> None:
    play.open(2)
    other = world.make_mailing(play.session, play.owner)
    second = world.make_run(play.session, other).id
    play.session.commit()
    assert [run.run_id for run in play.ledger.open_runs(10)] == [play.run_id, second]
    assert [run.run_id for run in play.ledger.open_runs(1)] == [play.run_id]
    only = play.ledger.open_runs(10, mailing_id=other.id)
    assert [(run.run_id, run.due_on, run.time_zone) for run in only] == [(second, "2026-03-02", "UTC")]


def test_fresh_suppressions_are_read_with_the_clients_they_hit(play: Play) -> None:
    ids = play.open(2)
    email = play.take().recipients[1].address
    now = datetime.now(UTC)
    world.make_suppression(play.session, play.owner, email, created_at=now)
    world.make_suppression(play.session, play.owner, "old@example.org", created_at=now - timedelta(hours=1))
    world.make_suppression(play.session, world.make_user(play.session), email, created_at=now)
    play.session.commit()
    reading = play.ledger.read_off([play.run_id], now)
    assert reading.suppressed == {(play.owner.id, email)}
    assert reading.clients == {ids[1]}
