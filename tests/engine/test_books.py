"""When results are written: a claim that is over with the next order, one with stragglers when it has waited."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from mailer.dispatch.journal import REGIONS, Journal
from mailer.dispatch.ledger.types import Order, Recipients, RunFacts, Settlement, Turn, Window
from mailer.dispatch.loop.bag import Bag
from mailer.dispatch.loop.books import FLUSH_S, MOST_HANDS, QUICK_S, RETRY_S, RUSH_S, Books
from mailer.dispatch.pace import Pace
from mailer.dispatch.remains import examine
from mailer.mail.smtp.events import Envelope, Terms
from mailer.rules.outcome import Outcome

UNUSED: Any = None
SIZE = 4
NOW = datetime(2026, 1, 5, 9, tzinfo=UTC)
RUN = RunFacts(1, 1, 1, "2026-01-05", "UTC", 1, NOW + timedelta(days=1), is_draining=False)


class Prompt:
    """A clerk who does each job at once, and keeps a list of where he was told to."""

    def __init__(self) -> None:
        self.places: list[str] = []

    def submit(self, job: Any, then: Any, failed: Any) -> None:
        self._do("there", job, then, failed)

    def do_here(self, job: Any, then: Any, failed: Any) -> None:
        self._do("here", job, then, failed)

    def _do(self, place: str, job: Any, then: Any, failed: Any) -> None:
        self.places.append(place)
        try:
            news = job()
        except OSError as error:
            failed(error)
        else:
            then(news)

    def wait(self, timeout_s: float) -> None: ...

    def deliver(self) -> None: ...


class Desk:
    """Books over a ledger that has a window for each order, and a clock that is moved by hand."""

    def __init__(self, folder: Path, *, window: int = SIZE, people: int = SIZE) -> None:
        self.now_s = 100.0
        self.people = people
        self.settled: list[Settlement] = []
        self.claims = 0
        self.takes_s = 0.0
        self.fails = False
        self.journal = Journal.open(folder, "worker")
        self.bag = Bag(self.journal, Pace(0, self.time), UNUSED, self.time, NOW)
        parts: Any = SimpleNamespace(ledger=self, monotonic=self.time)
        letters: Any = SimpleNamespace(of=dict.fromkeys)
        clerk: Any = Prompt()
        self.places: list[str] = clerk.places
        self.books = Books(parts, letters, self.journal, self.bag, clerk, worker="worker", window=window)
        self.books.rota.refresh([RUN])

    def time(self) -> float:
        return self.now_s

    def turns(self, settlements: list[Settlement], orders: list[Order], *, worker: str) -> list[Turn]:
        self.now_s += self.takes_s
        if self.fails:
            raise OSError("no disk")
        self.settled += settlements
        return [Turn(self._window()) for _order in orders] or [Turn()]

    def _window(self) -> Window:
        self.claims += 1
        n = self.people
        ids = tuple(range(self.claims * n, self.claims * n + n))
        people = Recipients(ids, (1,) * n, [f"{one}@example.org" for one in ids], [""] * n)
        return Window(self.claims, RUN.run_id, people)

    def answer(self, claim_id: int, count: int) -> None:
        """So many more of a claim are taken by the server."""
        hand = self.books.hands[claim_id]
        first, hand.place = hand.place, hand.place + count
        terms = Terms("s@example.org")
        out = [Envelope(terms, "c@example.org", (hand, index, b"x")) for index in range(first, hand.place)]
        self.bag.taken([(one, 250, b"250 ok") for one in out], 0.0)

    def turn(self) -> list[tuple[int, int]]:
        """A turn of the books: claim and number of rows of each settlement that it led to."""
        before = len(self.settled)
        self.books.turn(may_claim=True)
        return [(one.claim_id, len(one.accepted)) for one in self.settled[before:]]


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    made = Desk(tmp_path)
    assert (made.turn(), made.turn(), made.turn()) == ([], [], [])
    assert made.claims == 2  # one being sent, one ready
    yield made
    made.journal.close()


def test_a_claim_with_stragglers_waits_for_them(desk: Desk) -> None:
    desk.answer(1, SIZE - 1)
    desk.answer(2, 1)
    assert desk.turn() == []
    assert desk.claims == 3  # the order goes out all the same
    desk.answer(1, 1)
    desk.answer(2, SIZE - 2)
    assert desk.turn() == []  # nothing to order, nobody waits for it
    desk.answer(2, 1)
    assert desk.turn() == [(1, SIZE), (2, SIZE)]


def test_a_straggler_keeps_the_others_of_its_claim_waiting_for_a_moment_only(desk: Desk) -> None:
    desk.answer(1, SIZE - 1)
    desk.answer(2, 1)
    desk.turn()
    desk.now_s += FLUSH_S
    assert desk.turn() == [(1, SIZE - 1), (2, 1)]
    desk.now_s += FLUSH_S
    assert desk.turn() == []  # nothing new
    desk.answer(1, 1)
    assert desk.turn() == [(1, 1)]


def test_a_straggler_is_not_forgotten_while_orders_flow(desk: Desk) -> None:
    desk.answer(1, SIZE - 1)
    written = []
    for claim_id in range(2, 12):
        desk.now_s += FLUSH_S / 5
        desk.answer(claim_id, SIZE)
        written += desk.turn()
    assert (1, SIZE - 1) in written
    assert [one for one in written if one[0] > 1] == [(claim_id, SIZE) for claim_id in range(2, 12)]


def test_the_last_results_wait_for_nobody(desk: Desk) -> None:
    desk.books.rota.drop(RUN.run_id)
    desk.answer(1, SIZE)
    assert desk.turn() == []
    desk.answer(2, SIZE)
    assert desk.turn() == [(1, SIZE), (2, SIZE)]


def load(desk: Desk, *, after_s: float = 0.0) -> str:
    """A window is answered and written: where?"""
    desk.now_s += after_s
    desk.answer(min(desk.books.hands), SIZE)
    count = len(desk.places)
    desk.turn()
    assert len(desk.places) == count + 1
    return desk.places[-1]


def test_only_loads_in_a_rush_are_written_by_the_loop_itself(desk: Desk) -> None:
    desk.places.clear()
    assert load(desk, after_s=RUSH_S) == "there"
    assert load(desk, after_s=RUSH_S / 2) == "here"
    assert load(desk, after_s=RUSH_S) == "there"


def test_after_a_slow_load_the_loop_does_not_wait_for_the_next(desk: Desk) -> None:
    desk.takes_s = QUICK_S
    load(desk)
    assert load(desk) == "there"
    desk.takes_s = 0.0
    assert load(desk) == "there"  # nobody knows yet that it will be quick again
    assert load(desk) == "here"


def test_after_a_load_that_failed_the_loop_does_not_wait_for_the_next(desk: Desk) -> None:
    assert load(desk) == "here"
    desk.fails = True
    assert load(desk) == "here"
    desk.fails = False
    desk.now_s += RETRY_S
    desk.turn()
    assert desk.places[-2:] == ["here", "there"]
    assert [len(one.accepted) for one in desk.settled[-1:]] == [SIZE]


def test_while_the_database_is_in_trouble_nothing_new_is_ordered_nor_anything_asked_too_soon(desk: Desk) -> None:
    desk.fails = True
    load(desk)
    asked, claims = len(desk.places), desk.claims
    desk.fails = False
    desk.now_s += RETRY_S / 2
    assert desk.turn() == []
    assert len(desk.places) == asked
    desk.now_s += RETRY_S / 2
    assert desk.turn() == [(1, SIZE)]
    assert desk.claims == claims  # what was not written comes first, and alone
    desk.turn()
    assert desk.claims == claims + 1


def test_the_loop_may_sleep_until_results_are_due(desk: Desk) -> None:
    desk.now_s += FLUSH_S / 4
    assert desk.books.wait_s() == FLUSH_S  # there are none
    desk.answer(1, 1)
    assert desk.books.wait_s() == pytest.approx(FLUSH_S * 3 / 4)
    desk.now_s += FLUSH_S
    assert desk.books.wait_s() == 0.0


def test_what_is_written_is_counted_and_forgotten(desk: Desk) -> None:
    desk.books.rota.drop(RUN.run_id)
    desk.answer(1, SIZE)
    desk.answer(2, SIZE)
    assert not desk.books.may_be_complete
    assert not desk.books.is_clean
    desk.turn()
    assert desk.books.totals == {Outcome.ACCEPTED: 2 * SIZE}
    assert desk.books.may_be_complete
    assert desk.books.is_clean
    assert examine(desk.journal.path.parent, "worker").claims == {}


def test_many_small_runs_never_hold_more_claims_than_the_journal_has_room_for(tmp_path: Path) -> None:
    desk = Desk(tmp_path, window=500, people=1)
    desk.books.rota.refresh(replace(RUN, run_id=number) for number in range(1_000))
    for _ in range(2 * REGIONS):
        desk.turn()
    assert MOST_HANDS < desk.claims <= REGIONS
    desk.journal.close()
