"""Who is claimed and who is skipped, by audience and by reason."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import delete
from sqlalchemy.orm import Session

from mailer.dispatch.ledger import open_ledger
from mailer.models import Audience, Client, DailyTotal, SuppressionReason
from mailer.rules.outcome import Outcome, SkipReason
from tests.ledger.play import AT, DEFER, Play, fate, settled
from tests.support import world

pytestmark = pytest.mark.both_databases


def claimed(play: Play, size: int = 100) -> list[int]:
    """Everybody the run claims, window by window."""
    ids: list[int] = []
    turn = play.turn(size=size)
    while turn.window:
        ids += [one.client_id for one in turn.window.recipients]
        turn = play.turn(settled(turn.window), size=size)
    assert turn.is_dry
    return ids


def test_all_clients_means_all_of_this_owner_in_windows(play: Play, session: Session) -> None:
    stranger = world.make_user(session)
    world.make_clients(session, stranger, 3)
    ids = play.open(7)
    world.make_clients(session, stranger, 3)
    assert claimed(play, size=3) == ids


def test_tags_mean_any_of(play: Play, session: Session) -> None:
    red, blue, other = (world.make_tag(session, play.owner, name) for name in ("red", "blue", "other"))
    reds = world.make_clients(session, play.owner, 4, tags=[red])
    both = world.make_clients(session, play.owner, 3, tags=[blue, red])
    world.make_clients(session, play.owner, 3, tags=[other])
    blues = world.make_clients(session, play.owner, 5, tags=[blue])
    play.open(2, mailing={"audience": Audience.TAGS, "tags": [red, blue]})
    assert claimed(play, size=4) == reds + both + blues


def test_no_tag_left_means_nobody(play: Play) -> None:
    play.open(2, mailing={"audience": Audience.TAGS})
    assert claimed(play) == []


def test_picked_means_the_picked(play: Play, session: Session) -> None:
    ids = world.make_clients(session, play.owner, 9)
    play.open(2, mailing={"audience": Audience.PICKED, "picked": ids[2:7]})
    assert claimed(play, size=2) == ids[2:7]


def test_a_client_who_came_after_the_run_opened_is_not_of_it(play: Play, session: Session) -> None:
    ids = play.open(2)
    world.make_clients(session, play.owner, 2)
    session.commit()
    assert claimed(play) == ids


@pytest.mark.parametrize(
    ("suppressed_for", "reason"),
    [
        (SuppressionReason.UNSUBSCRIBED, SkipReason.UNSUBSCRIBED),
        (SuppressionReason.DEAD_ADDRESS, SkipReason.SUPPRESSED),
        (SuppressionReason.COMPLAINT, SkipReason.SUPPRESSED),
        (SuppressionReason.MANUAL, SkipReason.SUPPRESSED),
    ],
)
def test_a_suppressed_address_is_skipped(
    play: Play, session: Session, suppressed_for: SuppressionReason, reason: SkipReason
) -> None:
    client = world.make_client(session, play.owner, email="Gone@example.org")
    world.make_suppression(session, play.owner, client.email, reason=suppressed_for)
    world.make_suppression(session, world.make_user(session), "c-of-somebody@example.org")
    play.open(1)
    assert len(claimed(play)) == 1
    assert play.said() == [(1, "skipped", reason.value), (1, "accepted", None)]
    assert play.counters() == {"total": 2, "accepted": 1, "skipped": 1}
    assert play.days() == {"accepted": 1, "skipped": 1}


def test_strangers_suppressions_do_not_count(play: Play, session: Session) -> None:
    client = world.make_client(session, play.owner)
    world.make_suppression(session, world.make_user(session), client.email)
    play.open(0)
    assert claimed(play) == [client.id]


def test_a_changed_address_is_skipped_in_an_open_run(play: Play, session: Session) -> None:
    world.make_client(session, play.owner, address_changed_at=AT + timedelta(hours=1))
    before = world.make_client(session, play.owner, address_changed_at=AT - timedelta(hours=1))
    play.open(0, opened_at=AT)
    assert claimed(play) == [before.id]
    assert play.said() == [(1, "skipped", "address_changed"), (1, "accepted", None)]


def test_a_retry_is_skipped_for_the_same_reasons(play: Play, session: Session) -> None:
    play.open(3)
    window = play.take()
    play.settle(settled(window, DEFER))
    gone, unsubscribed, changed = (session.get_one(Client, one.client_id) for one in window.recipients)
    world.make_suppression(session, play.owner, unsubscribed.email)
    changed.address_changed_at = datetime.now(UTC)
    session.execute(delete(Client).where(Client.id == gone.id))
    session.commit()
    assert play.turn().is_dry
    assert [entry for entry in play.said() if entry[1] == "skipped"] == [
        (2, "skipped", "client_deleted"),
        (2, "skipped", "unsubscribed"),
        (2, "skipped", "address_changed"),
    ]
    assert play.counters() == {"total": 3, "skipped": 3}


def test_many_who_are_skipped_are_passed_in_one_turn(play: Play, session: Session) -> None:
    ids = world.make_clients(session, play.owner, 12)
    for client_id in ids[:11]:
        world.make_suppression(session, play.owner, session.get_one(Client, client_id).email)
    play.open(0)
    first = play.turn(size=4)
    assert first.window is not None
    assert [one.client_id for one in first.window.recipients] == ids[11:]
    assert play.counters() == {"total": 12, "skipped": 11}


def test_a_turn_does_not_skip_for_ever(play: Play, session: Session) -> None:
    ids = world.make_clients(session, play.owner, 30)
    for client_id in ids:
        world.make_suppression(session, play.owner, session.get_one(Client, client_id).email)
    play.open(0)
    turn = play.turn(size=4)
    assert (turn.window, turn.is_dry, turn.is_closed) == (None, False, False)
    assert play.counters() == {"total": 20, "skipped": 20}
    assert claimed(play) == []
    assert play.counters() == {"total": 30, "skipped": 30}


def test_an_untrusted_owner_has_a_daily_limit(play: Play) -> None:
    play.owner.trusted_at = None
    play.open(7)
    play.ledger = open_ledger(play.session.get_bind(), new_user_daily_limit=4)
    today = datetime.now(UTC)
    second = play.turn(settled(play.take(size=3), fate(started_at=today)), size=3)
    assert second.window is not None
    assert len(second.window.recipients) == 1
    play.turn(settled(second.window, fate(Outcome.REFUSED, started_at=today)), size=3)
    assert [entry for entry in play.said() if entry[1] == "skipped"] == [(1, "skipped", "daily_limit")] * 3
    assert play.counters() == {"total": 7, "accepted": 3, "refused": 1, "skipped": 3}


def test_who_waits_for_another_try_counts_once_against_the_limit(play: Play) -> None:
    play.owner.trusted_at = None
    play.open(4)
    play.ledger = open_ledger(play.session.get_bind(), new_user_daily_limit=3)
    again = play.turn(settled(play.take(size=2), DEFER), size=3)
    assert again.window is not None
    assert [one.number for one in again.window.recipients] == [2, 2, 1]
    play.turn(settled(again.window))
    assert play.counters() == {"total": 4, "accepted": 3, "skipped": 1}


def test_only_todays_answers_of_this_owner_count_against_the_limit(play: Play, session: Session) -> None:
    stranger = world.make_user(session)
    world.make_run(session, world.make_mailing(session, stranger), total=50)
    today = datetime.now(UTC).date()
    for owner, on in ((stranger, today), (play.owner, today - timedelta(days=2))):
        session.add(DailyTotal(owner_id=owner.id, counted_on=on, outcome=Outcome.ACCEPTED, n=50))
    play.owner.trusted_at = None
    play.open(4, total=10, accepted=1, refused=2, skipped=3, unanswered=4)
    play.ledger = open_ledger(session.get_bind(), new_user_daily_limit=3)
    assert len(play.take().recipients) == 3


def test_a_trusted_owner_has_none(play: Play) -> None:
    play.open(7)
    play.ledger = open_ledger(play.session.get_bind(), new_user_daily_limit=4)
    assert len(play.take().recipients) == 7


@pytest.mark.parametrize(("audience", "expected"), [(Audience.TAGS, 4), (Audience.ALL, 7)])
def test_everybody_expected_is_counted(play: Play, session: Session, audience: Audience, expected: int) -> None:
    tag = world.make_tag(session, play.owner)
    world.make_clients(session, play.owner, 4, tags=[tag])
    world.make_clients(session, world.make_user(session), 2)
    play.open(3, mailing={"audience": audience, "tags": [tag]})
    world.make_clients(session, play.owner, 5)  # too late for this run
    session.commit()
    play.take(size=2)
    assert play.ledger.count_expected(play.run_id) == expected
    assert play.run().expected == expected
