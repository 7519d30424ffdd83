"""A mailbag for tests: a pile of letters, and what became of each."""

import time
from collections import Counter, deque
from collections.abc import Callable, Sequence

from mailer.mail.smtp.events import RETURNS_LIMIT, Answered, Body, Envelope, Step, Taken, Terms, Unfit
from mailer.mail.smtp.replies import readable
from mailer.mail.wire import Wire

BOB = "bob@example.test"
LONGER_THAN_ANY_BUFFER = b"x" * 998 + b"\r\n" + b"0123456789\r\n" * 1_500_000


class Bag:
    """Keeps the contract's promise checkable: every letter pulled ends once (`ends`).

    A letter that comes back waits again, until RETURNS_LIMIT; `taken_back` names those refused at `body`.
    """

    def __init__(self, recipients: list[str], *, size: int = 0, letter: bytes = b"") -> None:
        terms = Terms("us@example.test", size)
        self.pile = deque(Envelope(terms, recipient) for recipient in recipients)
        self.letter = letter or b"Subject: hello\r\n\r\nHello\r\n"
        self.total = len(self.pile)
        self.pulled: Counter[str] = Counter()
        self.ends: Counter[str] = Counter()
        self.accepted: list[str] = []
        self.answers: dict[str, tuple[Step, int, str]] = {}
        self.took_ms: dict[str, int] = {}
        self.unknown: dict[str, str] = {}
        self.unfit: dict[str, Unfit] = {}
        self.came_back: list[tuple[str, bool]] = []
        self.gave_up: list[str] = []
        self.troubles: list[tuple[Step, int, str]] = []
        self.taken_back: set[str] = set()

    def waiting(self) -> int:
        return len(self.pile)

    def next_letters(self, most: int) -> list[Envelope]:
        letters = [self.pile.popleft() for _ in range(min(most, len(self.pile)))]
        self.pulled.update(envelope.recipient for envelope in letters)
        return letters

    def prepare(self) -> bool:
        return False

    def bodies(self, envelopes: Sequence[Envelope]) -> list[Body | None]:
        return [None if envelope.recipient in self.taken_back else [self.letter] for envelope in envelopes]

    def taken(self, letters: Sequence[Taken], now_s: float) -> None:
        told = [Answered(envelope, Step.DOT, code, readable(reply[4:])) for envelope, code, reply in letters]
        self.answered(told, now_s)

    def answered(self, answers: Sequence[Answered], now_s: float) -> None:
        for envelope, step, code, text in answers:
            self.ends[envelope.recipient] += 1
            self.answers[envelope.recipient] = (step, code, text)
            self.took_ms[envelope.recipient] = int((now_s - envelope.begun_s) * 1000)
            if step is Step.DOT and code < 300:
                self.accepted.append(envelope.recipient)

    def returned(self, envelope: Envelope, *, untouched: bool) -> None:
        self.ends[envelope.recipient] += 1
        self.came_back.append((envelope.recipient, untouched))
        if envelope.recipient in self.taken_back or envelope.returns >= RETURNS_LIMIT:
            self.gave_up.append(envelope.recipient)
        else:
            self.pile.append(envelope)

    def unanswered(self, envelope: Envelope, why: str, took_ms: int) -> None:
        self.ends[envelope.recipient] += 1
        self.unknown[envelope.recipient] = why

    def unsendable(self, envelope: Envelope, why: Unfit) -> None:
        self.ends[envelope.recipient] += 1
        self.unfit[envelope.recipient] = why

    def trouble(self, step: Step, code: int, text: str) -> None:
        self.troubles.append((step, code, text))

    @property
    def settled(self) -> bool:
        """Every letter has its end."""
        return len(self.answers) + len(self.unknown) + len(self.unfit) + len(self.gave_up) == self.total


def turn_until(wire: Wire, bag: Bag, done: Callable[[], object], *, timeout_s: float = 10) -> None:
    """Turn the wire until it is so; fails when the time is over."""
    until_s = time.monotonic() + timeout_s
    while not done():
        assert time.monotonic() < until_s, f"not so after {timeout_s} s: {vars(bag)}"
        wire.turn(bag, 0.02)


def settle(wire: Wire, bag: Bag) -> None:
    """Until every letter has its one end."""
    turn_until(wire, bag, lambda: bag.settled)
    assert bag.ends == bag.pulled


def people(count: int) -> list[str]:
    """Addresses p0@… to p<count-1>@…"""
    return [f"p{number}@example.test" for number in range(count)]
