"""Several workers, one run; leases; and a database that goes away."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from threading import Barrier

import pytest
from sqlalchemy import Engine, create_engine, select, text, update

from mailer.dispatch.ledger import LedgerUnavailable, open_driver, open_ledger
from mailer.dispatch.ledger.rows import read_recipients
from mailer.dispatch.ledger.types import Order, Settlement
from mailer.models import Claim, Sender
from tests.ledger.play import ACCEPT, AT, DEFER, Play, settled
from tests.support import world

both = pytest.mark.both_databases
LONG_AGO = datetime(2026, 1, 1, tzinfo=UTC)
END_ALL = """
SELECT pg_terminate_backend(pid) FROM pg_stat_activity
WHERE datname = current_database() AND pid <> pg_backend_pid()"""


@both
def test_workers_share_a_run_without_a_double(play: Play) -> None:
    ids = play.open(600)
    together = Barrier(3)
    deferred: set[int] = set()

    def work(name: str) -> list[int]:
        mine: list[int] = []
        settlements: list[Settlement] = []
        together.wait()
        while True:
            turn = play.ledger.turn(settlements, Order(play.run_id, 20), worker=name)
            if turn.window is None and (turn.is_dry or turn.is_closed):
                return mine
            settlements = []
            if turn.window is not None:
                again = {one.client_id for one in turn.window.recipients if one.client_id % 7 == 0} - deferred
                deferred.update(again)
                settlements = [
                    settled(turn.window, lambda one, again=again: (DEFER if one.client_id in again else ACCEPT)(one))
                ]
                mine += [one.client_id for one in turn.window.recipients if one.client_id not in again]

    with ThreadPoolExecutor(3) as pool:
        sent = [client_id for part in pool.map(work, ("w1", "w2", "w3")) for client_id in part]
    while (turn := play.turn(worker="last")).window:  # what was put back after the others had left
        sent += [one.client_id for one in turn.window.recipients]
        play.settle(settled(turn.window), worker="last")
    assert sorted(sent) == ids
    assert play.counters() == {"total": 600, "accepted": 600}
    assert len(play.log()) == 600 + len(deferred)
    assert play.ledger.finish_complete(AT) == [play.run_id]


@both
def test_many_small_runs_share_one_transaction(play: Play) -> None:
    ids = play.open(5)
    first, window = play.run_id, play.take(size=2)
    play.open(0)
    orders = [Order(first, 2), Order(play.run_id, 9), Order(999, 1)]
    old, new, missing = play.ledger.turns([settled(window)], orders, worker="w1")
    assert old.window is not None
    assert [one.client_id for one in old.window.recipients] == ids[2:4]
    assert new.window is not None
    assert [one.client_id for one in new.window.recipients] == ids
    assert new.is_dry
    assert missing.is_closed


def test_a_run_that_is_ordered_twice_at_once_is_a_mistake(play: Play) -> None:
    play.open(5)

    with pytest.raises(ValueError, match="once at a time"):
        play.ledger.turns([], [Order(play.run_id, 2), Order(play.run_id, 3)], worker="w1")


@both
def test_claims_made_together_keep_their_own_lists(play: Play) -> None:
    play.open(3)
    ids = [play.run_id]
    play.open(2)
    ids.append(play.run_id)

    turns = play.ledger.turns([], [Order(run_id, 9) for run_id in reversed(ids)], worker="w1")

    with play.read() as session:
        claims = session.scalars(select(Claim)).all()
    listed = {(claim.run_id, claim.id): read_recipients(claim.recipients) for claim in claims}
    windows = [turn.window for turn in turns if turn.window]
    assert [(one.run_id, len(one.recipients)) for one in windows] == [(ids[1], 5), (ids[0], 3)]
    assert listed == {(one.run_id, one.claim_id): [man[:3] for man in one.recipients] for one in windows}


@both
def test_a_lease_is_renewed_and_a_lost_claim_is_noticed(play: Play) -> None:
    play.open(4)
    one, two = play.take(size=2), play.take(size=2)
    play.turn(worker="w2")
    assert play.ledger.renew("w1") == {one.claim_id, two.claim_id}
    play.settle(settled(one))
    assert play.ledger.renew("w1") == {two.claim_id}
    assert play.ledger.renew("nobody") == set()


@both
def test_a_claim_whose_commit_was_not_heard_of_goes_back_untouched(play: Play) -> None:
    ids = play.open(3)
    window = play.take()
    world.make_client(play.session, play.owner)
    play.set(play.run(), upto_client_id=ids[-1] + 1, is_exhausted=False)
    play.take(size=1)
    play.ledger.give_back("w2", {window.claim_id})
    assert play.claims() == 2
    play.ledger.give_back("w1", {window.claim_id})
    assert play.claims() == 1
    assert play.retries() == [(client_id, 1) for client_id in ids]
    assert [one.number for one in play.take().recipients] == [1, 1, 1]


@both
def test_the_lease_is_the_databases_time(play: Play) -> None:
    play.open(2)
    window = play.take()
    (claim,) = play.ledger.dead_claims("w2")
    assert (claim.claim_id, claim.worker) == (window.claim_id, "w1")
    assert claim.recipients == tuple((one.client_id, one.number, one.address) for one in window.recipients)
    assert -60 <= claim.over_for_s < 0
    assert play.ledger.dead_claims("w1") == []
    play.session.execute(update(Claim).values(leased_until=LONG_AGO))
    play.session.commit()
    assert play.ledger.dead_claims("w2")[0].over_for_s > 60


def test_on_sqlite_one_process_sends(play: Play) -> None:
    ledger = play.ledger
    play.session.commit()
    assert ledger.sender() is None
    assert ledger.take_sender("w1")
    assert ledger.take_sender("w1")
    assert not ledger.take_sender("w2")
    assert ledger.renew_sender("w1")
    assert not ledger.renew_sender("w2")
    play.session.execute(update(Sender).values(leased_until=LONG_AGO))
    play.session.commit()
    assert ledger.take_sender("w2")
    assert not ledger.renew_sender("w1")
    ledger.leave_sender("w1")
    assert ledger.sender() == "w2"
    ledger.leave_sender("w2")
    assert ledger.take_sender("w1")


@pytest.mark.parametrize("database_url", ["postgres"], indirect=True)
def test_on_postgresql_everybody_may_send(play: Play) -> None:
    assert play.ledger.take_sender("w1")
    assert play.ledger.take_sender("w2")
    assert play.ledger.renew_sender("w2")
    play.ledger.leave_sender("w2")
    assert play.ledger.sender() is None


def test_a_database_that_is_not_there_is_said_so(tmp_path: Path) -> None:
    ledger = open_ledger(create_engine(f"sqlite:///{tmp_path / 'no' / 'folder' / 'x.db'}"))
    with pytest.raises(LedgerUnavailable):
        ledger.open_runs(1)


def talk_over_the_end(engine: Engine) -> None:
    """A transaction in whose midst the server ends all connections of this database."""
    with open_driver(engine).transaction() as work:
        work.rows("SELECT 1")
        other = create_engine(engine.url)
        with other.connect() as connection:
            connection.execute(text(END_ALL))
        other.dispose()
        work.rows("SELECT 1")


@pytest.mark.parametrize("database_url", ["postgres"], indirect=True)
def test_a_broken_connection_is_said_so_and_replaced(play: Play, engine: Engine) -> None:
    play.open(2)
    window = play.take()
    with pytest.raises(LedgerUnavailable):
        talk_over_the_end(engine)
    for _ in range(3):  # the pool may hold more than one that is dead
        try:
            play.ledger.turn([settled(window)], None, worker="w1")
            break
        except LedgerUnavailable:
            continue
    play.session.invalidate()
    assert play.counters() == {"total": 2, "accepted": 2}
