"""The late worker's fence: near the end of its lease no body begins, by a clock that is moved by hand."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from mailer.config import Config, MailServer
from mailer.dispatch.journal import UNTOUCHED, WRITING, Journal
from mailer.dispatch.ledger.types import Order, Recipients, RunFacts, Settlement, Turn, Window
from mailer.dispatch.letters import Footer, Postmark, draft
from mailer.dispatch.loop.bag import Bag
from mailer.dispatch.loop.books import Books
from mailer.dispatch.loop.chores import RENEW_S, Chores
from mailer.dispatch.pace import Pace
from mailer.dispatch.remains import examine
from mailer.mail.letter import compile_letter
from mailer.services.versions import Content

UNUSED: Any = None
NOW = datetime(2026, 1, 5, 9, tzinfo=UTC)
RUN = RunFacts(1, 1, 1, "2026-01-05", "UTC", 1, NOW + timedelta(days=1), is_draining=False)
CLAIM, PEOPLE = 7, 4
CONFIG = Config(testing=True, secret_key="fence", database_url="sqlite://", mail=MailServer(sender="news@example.org"))


class Prompt:
    """A clerk who does each job at once."""

    def submit(self, job: Any, then: Any, failed: Any) -> None:
        then(job())

    do_here = submit


class Worker:
    """Books, bag and chores over a ledger with one window, and a clock that is moved by hand."""

    def __init__(self, folder: Path) -> None:
        self.now_s = 1000.0
        self.journal = Journal.open(folder, "worker")
        postmark = Postmark(CONFIG, b"k" * 32)
        postmark.set_time(NOW)
        self.bag = Bag(self.journal, Pace(0, self.time), postmark, self.time, NOW)
        parts: Any = SimpleNamespace(ledger=self, monotonic=self.time, clock=lambda: NOW)
        letter = compile_letter(draft(Content("News", "Hello", "", "Olga", "", "en"), postmark.sender, Footer("Bye")))
        letters: Any = SimpleNamespace(of=lambda ids: dict.fromkeys(ids, letter))
        clerk: Any = Prompt()
        self.books = Books(parts, letters, self.journal, self.bag, clerk, worker="worker", window=100)
        wire: Any = SimpleNamespace(resting=False)
        self.chores = Chores(parts, self.books, self.bag, clerk, wire, worker="worker", mailing_id=None)
        self.books.rota.refresh([RUN])
        self.books.turn(may_claim=True)

    def time(self) -> float:
        return self.now_s

    def turns(self, _settlements: Sequence[Settlement], orders: Sequence[Order], *, worker: str) -> list[Turn]:
        """The transaction takes a while; the lease began with it, not after it."""
        ids = range(PEOPLE)
        self.now_s += 3.0
        people = Recipients(ids, (1,) * PEOPLE, [f"{one}@example.org" for one in ids], [""] * PEOPLE)
        return [Turn(Window(CLAIM, RUN.run_id, people), is_dry=True) for _order in orders]

    def renew(self, _worker: str) -> set[int]:
        self.now_s += 3.0
        return {CLAIM}

    def renew_sender(self, _worker: str) -> bool:
        return True

    def asks_for_bodies(self, at_s: float) -> list[bool]:
        """So many seconds after the beginning the server is ready for a letter: does it get one?"""
        self.now_s = 1000.0 + at_s
        return [body is not None for body in self.bag.bodies(self.bag.next_letters(1))]

    def states(self) -> list[int]:
        """What recovery would read, were this worker dead."""
        self.journal.close()
        return [state for state, _code in examine(self.journal.path.parent, "worker").claims[CLAIM]]


@pytest.fixture
def worker(tmp_path: Path) -> Iterator[Worker]:
    made = Worker(tmp_path)
    yield made
    made.journal.close()


def test_a_body_is_given_until_fifty_of_the_leases_sixty_seconds_are_over(worker: Worker) -> None:
    assert worker.asks_for_bodies(49.9) == [True]
    assert worker.asks_for_bodies(50.0) == [False]
    assert worker.states() == [WRITING] + [UNTOUCHED] * (PEOPLE - 1)


def test_a_lease_that_was_renewed_moves_the_fence(worker: Worker) -> None:
    worker.now_s = 1000.0 + RENEW_S
    worker.chores.do_what_is_due(may_look=False)
    assert worker.asks_for_bodies(RENEW_S + 49.9) == [True]
    assert worker.asks_for_bodies(RENEW_S + 50.0) == [False]
