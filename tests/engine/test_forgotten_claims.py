"""A claim that another worker settled while this one slept: nothing more is begun, and late answers harm nobody."""

import time
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from mailer.dispatch.journal import Journal
from mailer.dispatch.ledger.types import Recipients, Window
from mailer.dispatch.loop.bag import Bag
from mailer.dispatch.loop.books import Books
from mailer.dispatch.loop.hands import Hand
from mailer.dispatch.pace import Pace
from mailer.dispatch.remains import examine
from mailer.mail.smtp.events import Envelope, Terms

UNUSED: Any = None
PARTS: Any = SimpleNamespace(ledger=None, monotonic=time.monotonic)


def test_a_late_answer_is_heard_and_not_marked_in_another_claims_region(tmp_path: Path) -> None:
    journal = Journal.open(tmp_path, "worker")
    bag = Bag(journal, Pace(0, time.monotonic), UNUSED, time.monotonic, datetime.now(UTC))
    books = Books(PARTS, UNUSED, journal, bag, UNUSED, worker="worker", window=100)
    people = Recipients((1, 2), (1, 1), ("1@example.org", "2@example.org"), ("", ""))
    hand = Hand(Window(7, 1, people), UNUSED, UNUSED, journal.begin(7, 2), time.monotonic() + 50)
    books.hands[7] = hand
    bag.put(hand)
    hand.place = 1  # the first is out with the wire, the second waits
    out = Envelope(Terms("s@example.org", 1), "1@example.org", (hand, 0, b"x"))
    assert bag.bodies([out]) == [b"x"]

    books.forget({7})
    books.forget({7})
    journal.begin(8, 1)
    bag.taken([(out, 250, b"250 ok")], out.begun_s)

    assert (hand.results, hand.left, bag.waiting()) == (2, 0, 0)
    assert [one.client_id for one in hand.settlement(bag.now, 0.0).row_by_row.finished] == [1]
    journal.close()
    # killed now, recovery must not believe that somebody of claim 8 has a letter
    assert examine(tmp_path, "worker").claims == {7: [(2, 250), (0, 0)], 8: [(0, 0)]}
