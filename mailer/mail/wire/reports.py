"""Carries what a dialogue says to the mailbag, and draws the lessons: rest, fewer lines, fewer letters per line."""

from collections.abc import Sequence

from mailer.mail.smtp.dialogue import Dialogue
from mailer.mail.smtp.events import Answered, Envelope, Event, Returned, Step, Taken, Trouble, Unanswered
from mailer.mail.wire.line import Line
from mailer.mail.wire.mailbag import Mailbag
from mailer.mail.wire.pool import Pool
from mailer.mail.wire.quota import Quota

BARREN = 30  # lines: each recipient has three, so that a few of whom a server cannot stand are deferred before
MOMENT_S = 0.001


class Reports:
    """`lines` is the wire's own set, looked at only when there is trouble. `now_s` is the moment of the last `look`.

    `moment_s` is when a letter that begins now has begun: a moment is shared by all within a thousandth of a second,
    for each costs the log as much as half a row.
    """

    def __init__(self, pool: Pool, quota: Quota, lines: set[Line], now_s: float) -> None:
        self._pool = pool
        self._quota = quota
        self._lines = lines
        self.now_s = self.moment_s = now_s
        self.answers = 0
        self.deferred = 0
        self._barren = 0
        self.resting = False

    def look(self, now_s: float) -> None:
        """At the clock."""
        self.now_s = now_s
        if now_s >= self.moment_s + MOMENT_S:
            self.moment_s = now_s

    def tell(self, bag: Mailbag, event: Event) -> None:
        """One event, one call."""
        if isinstance(event, Answered):
            self.answers += 1
            self.deferred += 400 <= event.code < 500
            self._barren = 0
            bag.answered([event], self.now_s)
        elif isinstance(event, Returned):
            bag.returned(event.envelope, untouched=event.untouched)
        elif isinstance(event, Unanswered):
            bag.unanswered(event.envelope, event.why, self._took_ms(event.envelope))
        elif isinstance(event, Trouble):
            self.trouble(bag, event)

    def taken(self, bag: Mailbag, letters: Sequence[Taken]) -> None:
        """Several letters that went well."""
        self.answers += len(letters)
        self._barren = 0
        bag.taken(letters, self.now_s)

    def trouble(self, bag: Mailbag, event: Trouble) -> None:
        """A new connection that fails while others stand means "fewer, please"; the last one means "nobody"."""
        standing = sum(not (line.dialogue.over or line.dialogue.leaving) for line in self._lines)
        if standing and event.step is not Step.MAIL:
            self._pool.shrink(self.now_s, standing)
        elif not self.resting:
            self.resting = True
            bag.trouble(event.step, event.code, event.text)

    def learn(self, bag: Mailbag, talk: Dialogue, events: Sequence[Event]) -> None:
        """The server hung up: after how many letters, and does it want fewer of us, or none at all?"""
        self._count_barren(bag, talk)
        lost = [event for event in events if isinstance(event, Returned | Unanswered)]
        reply_lost = any(isinstance(event, Unanswered) for event in lost)
        count = talk.answered + reply_lost
        learned = bool(lost) and count > 0 and self._quota.closed_early(count, reply_lost=reply_lost)
        if talk.end_code == 421 and talk.ready and not learned:
            self._pool.shrink(self.now_s, len(self._lines) - 1)

    def _count_barren(self, bag: Mailbag, talk: Dialogue) -> None:
        """Many in a row were let in and answered nobody: no recipient's fault, and asking again will not end it."""
        if not talk.ready or talk.answered:
            return
        self._barren += 1
        if self._barren >= BARREN and not self.resting:
            self._barren, self.resting = 0, True
            bag.trouble(talk.end_step, talk.end_code, talk.end_words)

    def _took_ms(self, letter: Envelope) -> int:
        return int((self.now_s - letter.begun_s) * 1000)
