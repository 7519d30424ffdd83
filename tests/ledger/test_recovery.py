"""After a death: what the journal knows is written, what nobody knows is unanswered, the rest is sent."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select, update

from mailer.dispatch import recovery
from mailer.dispatch.journal import ACCEPTED, DEFERRED, REFUSED, UNTOUCHED, WRITING, Journal, path_of
from mailer.dispatch.ledger.types import Settlement
from mailer.dispatch.recovery import Recovered, recover
from mailer.models import Claim, Retry
from tests.ledger.play import ACCEPT, AT, Play, settled

both = pytest.mark.both_databases
NOW = datetime(2026, 3, 2, 10, 0, tzinfo=UTC)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "journals"


@pytest.fixture
def journal(folder: Path) -> Iterator[Journal]:
    """Worker w1's; a test that lets it die closes it."""
    made = Journal.open(folder, "w1")
    yield made
    made.close()


def lease_is_over(play: Play, by: timedelta = timedelta(hours=1)) -> None:
    play.session.execute(update(Claim).values(leased_until=datetime.now(UTC) - by))
    play.session.commit()


@both
def test_each_state_of_the_journal_has_its_consequence(play: Play, folder: Path, journal: Journal) -> None:
    ids = play.open(6)
    window = play.take()
    slot = journal.begin(window.claim_id, 6)
    states = [(UNTOUCHED, 0), (WRITING, 0), (ACCEPTED, 250), (REFUSED, 550), (DEFERRED, 451), (WRITING, 0)]
    for place, (state, code) in enumerate(states):
        journal.mark(slot + place, state, code)
    journal.close()
    assert recover(play.ledger, folder, now=NOW) == Recovered(claims=1, back=1, rebuilt=3, unanswered=2)
    assert play.said() == [
        (1, "unanswered", None), (1, "accepted", None), (1, "refused", None), (1, "deferred", None),
        (1, "unanswered", None),
    ]  # fmt: skip
    assert all(row.is_rebuilt and row.reply_text == "" for row in play.log())
    assert [row.reply_code for row in play.log()] == [None, 250, 550, 451, None]
    assert play.retries() == [(ids[0], 1), (ids[4], 2)]
    assert play.counters() == {
        "total": 6, "accepted": 1, "refused": 1, "unanswered": 2, "deferred": 1,
    }  # fmt: skip
    assert recover(play.ledger, folder, now=NOW) == Recovered()


@both
def test_what_is_rebuilt_is_of_the_claims_time_and_tried_again_in_minutes(
    play: Play, folder: Path, journal: Journal
) -> None:
    play.open(2)
    window = play.take()
    journal.mark(journal.begin(window.claim_id, 2), DEFERRED, 451)
    journal.close()
    (claim,) = play.ledger.dead_claims("")
    recover(play.ledger, folder, now=NOW)
    assert [(row.started_at, row.took_ms) for row in play.log()] == [(claim.claimed_at, 0)]
    with play.read() as session:
        again, back = session.scalars(select(Retry.due_at).order_by(Retry.client_id))
    assert back == NOW
    assert timedelta(minutes=5) <= again - NOW <= timedelta(minutes=7.5)


@both
def test_a_claim_the_journal_does_not_know_is_sent_again(play: Play, folder: Path, journal: Journal) -> None:
    ids = play.open(2)
    play.take()  # died between COMMIT and begin, or its last statement came after its death
    journal.close()
    assert recover(play.ledger, folder, now=NOW) == Recovered(claims=1, back=2)
    assert play.retries() == [(client_id, 1) for client_id in ids]


@both
def test_a_living_worker_is_left_alone_however_late_it_is(play: Play, folder: Path, journal: Journal) -> None:
    play.open(2)
    play.take()
    lease_is_over(play)
    assert recover(play.ledger, folder, now=NOW) == Recovered()
    assert play.claims() == 1


@both
@pytest.mark.parametrize(("over_for", "is_settled"), [(-30, False), (30, False), (61, True)])
def test_a_worker_of_another_host_has_lease_and_grace(
    play: Play, folder: Path, over_for: int, is_settled: bool
) -> None:
    play.open(2)
    play.take()
    lease_is_over(play, by=timedelta(seconds=over_for))
    recovered = recover(play.ledger, folder, now=NOW)
    assert recovered == (Recovered(claims=1, unanswered=2) if is_settled else Recovered())
    assert play.retries() == []


@both
def test_a_journal_that_cannot_be_opened_keeps_no_other_claim_from_being_recovered(
    play: Play, folder: Path, journal: Journal
) -> None:
    ids = play.open(2)
    play.take(size=1, worker="another user's")
    path_of(folder, "another user's").mkdir()
    play.take(size=1)
    journal.close()
    assert recover(play.ledger, folder, now=NOW) == Recovered(claims=1, back=1)
    assert play.retries() == [(ids[1], 1)]
    lease_is_over(play)
    assert recover(play.ledger, folder, now=NOW) == Recovered(claims=1, unanswered=1)


@both
def test_what_was_settled_before_the_rest_stays_as_it_is(play: Play, folder: Path, journal: Journal) -> None:
    play.open(3)
    window = play.take()
    slot = journal.begin(window.claim_id, 3)
    journal.mark(slot, ACCEPTED, 250)
    journal.mark(slot + 2, REFUSED, 550)
    part = Settlement(window.claim_id, window.run_id, (ACCEPT(window.recipients[0]),), is_over=False)
    play.settle(part)
    journal.close()
    assert recover(play.ledger, folder, now=NOW) == Recovered(claims=1, back=1, rebuilt=1)
    assert play.said() == [(1, "accepted", None), (1, "refused", None)]
    assert [row.is_rebuilt for row in play.log()] == [False, True]
    assert play.counters() == {"total": 3, "accepted": 1, "refused": 1}


@both
def test_what_is_given_back_after_recovery_has_read_the_claims_comes_into_one_hand_only(play: Play) -> None:
    ids = play.open(4)
    window = play.take()
    (claim,) = play.ledger.dead_claims("")
    written, back, *_rest = window.recipients
    play.settle(Settlement(window.claim_id, window.run_id, (ACCEPT(written),), (back,), AT, is_over=False))
    other = play.take(worker="w2")
    assert [*other.recipients.client_ids] == [back.client_id]
    assert play.ledger.settle_dead(claim, recovery.verdict(claim, [], NOW))
    assert [*play.take(worker="w3").recipients.client_ids] == ids[2:]
    assert play.said() == [(1, "accepted", None)]
    assert play.claims() == 2
    assert play.counters() == {"total": 4, "accepted": 1}


@both
def test_what_is_written_after_recovery_has_read_the_claims_is_not_written_again(
    play: Play, caplog: pytest.LogCaptureFixture
) -> None:
    play.open(2)
    window = play.take()
    (claim,) = play.ledger.dead_claims("")
    play.settle(Settlement(window.claim_id, window.run_id, (ACCEPT(window.recipients[0]),), is_over=False))
    assert play.ledger.settle_dead(claim, recovery.verdict(claim, None, NOW))
    assert play.said() == [(1, "accepted", None), (1, "unanswered", None)]
    assert play.counters() == {"total": 2, "accepted": 1, "unanswered": 1}
    assert "ALARM" not in caplog.text


@both
def test_several_recover_at_once(play: Play, folder: Path, journal: Journal) -> None:
    play.open(40)
    for _ in range(4):
        window = play.take(size=10)
        slot = journal.begin(window.claim_id, 10)
        for place in range(5):
            journal.mark(slot + place, ACCEPTED, 250)
    journal.close()
    with ThreadPoolExecutor(4) as pool:
        done = list(pool.map(lambda _n: recover(play.ledger, folder, now=NOW), range(4)))
    done.append(recover(play.ledger, folder, now=NOW))  # whoever met another's lock has left it alone
    assert sum(one.claims for one in done) == 4
    assert play.counters() == {"total": 40, "accepted": 20}
    assert len(play.retries()) == 20


@both
def test_a_lease_renewed_in_the_last_moment_stands(
    play: Play, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    play.open(2)
    play.take()
    lease_is_over(play)
    verdict: Callable[..., Settlement] = recovery.verdict

    def late(*facts: object) -> Settlement:
        play.ledger.renew("w1")
        return verdict(*facts)

    monkeypatch.setattr(recovery, "verdict", late)
    assert recover(play.ledger, folder, now=NOW) == Recovered()
    assert play.claims() == 1
    assert play.said() == []


@both
def test_the_late_worker_cannot_write_over_recovery_but_its_truth_is_learned(play: Play, folder: Path) -> None:
    play.open(2)
    window = play.take()
    lease_is_over(play)
    recover(play.ledger, folder, now=NOW)
    assert play.ledger.renew("w1") == set()
    assert play.settle(settled(window)).lost_claims == (window.claim_id,)
    assert play.counters() == {"total": 2, "accepted": 2}


def test_a_dead_senders_place_is_free_at_once(play: Play, folder: Path, journal: Journal) -> None:
    play.open(0)
    assert play.ledger.take_sender("w1")
    recover(play.ledger, folder, now=NOW)
    assert play.ledger.sender() == "w1"
    journal.close()
    recover(play.ledger, folder, now=NOW)
    assert play.ledger.take_sender("w2")
