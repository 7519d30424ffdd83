"""While a quick server works, letters are filled ahead: in their order, in bounds, and none that nobody may begin."""

import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from mailer.config import Config, MailServer
from mailer.dispatch.journal import Journal
from mailer.dispatch.ledger.types import Recipients, RunFacts, Window
from mailer.dispatch.letters import Footer, Postmark, draft
from mailer.dispatch.loop.bag import AT_ONCE, ROOM, Bag
from mailer.dispatch.loop.hands import Hand
from mailer.dispatch.pace import Pace
from mailer.mail.letter import Letter, compile_letter
from mailer.services.versions import Content

NOW = datetime(2026, 1, 5, 9, tzinfo=UTC)
RUN = RunFacts(1, 1, 1, "2026-01-05", "UTC", 1, NOW + timedelta(days=1), is_draining=False)
MANY = 4 * AT_ONCE
CONFIG = Config(testing=True, secret_key="ready", database_url="sqlite://", mail=MailServer(sender="news@example.org"))


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    made = Journal.open(tmp_path, "worker")
    yield made
    made.close(remove=True)


@pytest.fixture
def bag(journal: Journal) -> Bag:
    postmark = Postmark(CONFIG, b"k" * 32)
    postmark.set_time(NOW)
    return Bag(journal, Pace(0, time.monotonic), postmark, time.monotonic, NOW)


def letter(text: str = "Hello {{ name }}") -> Letter:
    return compile_letter(draft(Content("News", text, "", "Olga", "", "en"), "news@example.org", Footer("Bye")))


def hand(journal: Journal, people: int = MANY, *, claim: int = 1, made: Letter | None = None) -> Hand:
    ids = range(1, people + 1)
    to = Recipients(ids, (1,) * people, [f"c{claim}-{one}@example.org" for one in ids], ["Anna"] * people)
    slot = journal.begin(claim, people)
    return Hand(Window(claim, RUN.run_id, to), RUN, made or letter(), slot, time.monotonic() + 60)


def test_letters_filled_ahead_go_out_in_the_order_of_the_window(bag: Bag, journal: Journal) -> None:
    one = hand(journal)
    bag.put(one)
    gone = [envelope.recipient for envelope in bag.next_letters(3)]
    while bag.prepare():
        gone += [envelope.recipient for envelope in bag.next_letters(AT_ONCE // 2)]
    gone += [envelope.recipient for envelope in bag.next_letters(MANY)]
    assert gone == one.window.recipients.addresses


def test_no_more_than_two_loads_are_ready_at_a_time(bag: Bag, journal: Journal) -> None:
    one = hand(journal)
    bag.put(one)
    while bag.prepare():
        assert len(one.again) <= 2 * AT_ONCE
    assert len(one.again) == AT_ONCE
    assert bag.waiting() == MANY


def test_the_next_window_is_made_ready_when_this_one_is(bag: Bag, journal: Journal) -> None:
    first, second = hand(journal, 2), hand(journal, 2, claim=2)
    bag.put(first)
    bag.put(second)
    assert bag.prepare()
    assert bag.prepare()
    assert not bag.prepare()
    assert [envelope.recipient[:2] for envelope in bag.next_letters(4)] == ["c1", "c1", "c2", "c2"]


def test_one_that_came_back_is_before_those_made_ready(bag: Bag, journal: Journal) -> None:
    bag.put(hand(journal))
    (back,) = bag.next_letters(1)
    bag.returned(back, untouched=True)
    bag.prepare()
    assert bag.next_letters(1) == [back]


def test_during_a_stop_nothing_is_made_ready(bag: Bag, journal: Journal) -> None:
    one = hand(journal)
    bag.put(one)
    bag.is_shut = True
    assert not bag.prepare()
    assert one.again == []


def test_whoever_is_barred_meanwhile_gets_no_body(bag: Bag, journal: Journal) -> None:
    one = hand(journal)
    bag.put(one)
    bag.prepare()
    one.bar({1})
    assert [body is None for body in bag.bodies(bag.next_letters(2))] == [True, False]


def test_a_letter_of_very_many_pieces_is_filled_for_few_at_a_time(bag: Bag, journal: Journal) -> None:
    made = letter("Hello {{ name }}\n" * 1_000)
    one = hand(journal, made=made)
    bag.put(one)
    assert bag.prepare()
    assert 1 <= len(one.again) <= ROOM // made.pieces + 1 < AT_ONCE
