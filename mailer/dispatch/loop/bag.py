"""What the wire pulls letters out of and drops answers into; it knows journal, lease and off-switch, no database.

Before a body is given out it asks whether it still may be; after that only the server decides.
"""

import random
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import islice, repeat

from mailer.dispatch.journal import ACCEPTED, DEFERRED, UNTOUCHED, WRITING, Journal, entry
from mailer.dispatch.ledger.types import Finished
from mailer.dispatch.letters import Postmark
from mailer.dispatch.loop.hands import Hand
from mailer.dispatch.loop.verdicts import verdict_of
from mailer.dispatch.pace import Pace
from mailer.mail.smtp.events import RETURNS_LIMIT, Answered, Body, Envelope, Step, Taken, Terms, Unfit
from mailer.rules import outcome
from mailer.rules.outcome import Outcome, SkipReason

# what an envelope's token is: the hand, the recipient's index in it, the letter
Held = tuple[Hand, int, Body]
_BEGUN, _TAKEN = entry(WRITING), entry(ACCEPTED)
_UNFIT = {Unfit.TOO_LARGE: SkipReason.TOO_LARGE}
SOON_S = 2.0  # less than an unused connection is kept
AT_ONCE, ROOM = 125, 25_000  # letters filled together, and pieces of them
_LOST_WORDS = "the connection ended before the letter was sent"


class Bag:
    """The wire's Mailbag. `now` is the wall clock of this turn of the loop; `is_shut` hands out nothing."""

    def __init__(
        self, journal: Journal, pace: Pace, postmark: Postmark, monotonic: Callable[[], float], now: datetime
    ) -> None:
        self._put, self._mark = journal.put, journal.mark
        self._pace = pace
        self._postmark = postmark
        self._monotonic = monotonic
        self._ready: deque[Hand] = deque()
        self.now = now
        self.is_shut = False
        self.trouble_seen: tuple[Step, int, str] | None = None

    # -- what the loop does ----------------------------------------------------------------------------------

    def set_time(self, now: datetime) -> None:
        """Once per turn of the loop."""
        self.now = now
        self._postmark.set_time(now)

    def put(self, hand: Hand) -> None:
        """Have this window sent after those that came before it; one that comes during a stop goes back at once."""
        if self.is_shut:
            self.take_back(hand)
        else:
            self._ready.append(hand)

    def take_back(self, hand: Hand) -> None:
        """What of this hand is not begun goes back; a body not yet given out will not be."""
        hand.is_closed = True
        for index in hand.waiting():
            hand.give_back(index)

    def forget(self, hand: Hand) -> None:
        """The claim is no longer ours: what is not begun is another's; what is out with the wire is still heard."""
        hand.is_closed = hand.is_gone = True
        hand.left -= sum(1 for _index in hand.waiting())

    # -- what the wire asks (Mailbag) ------------------------------------------------------------------------

    def waiting(self) -> int:
        """How many letters could be begun now or soon: connections that the pace leaves idle would only be closed."""
        if self.is_shut:
            return 0
        count = sum(hand.waiting_count for hand in self._ready)
        return count if count < 2 else int(min(count, 1 + self._pace.within(SOON_S)))

    def next_letters(self, most: int) -> list[Envelope]:
        """Of the oldest windows; fewer when no more wait, or the pace says later."""
        ready, letters = self._ready, list[Envelope]()
        if not ready or self.is_shut:
            return letters
        allowed = self._pace.take(most)
        while ready and (room := allowed - len(letters)) > 0:
            again = ready[0].again
            if again:
                letters += again[: -room - 1 : -1]
                del again[-room:]
            elif ready[0].place < len(ready[0].window.recipients):
                self._fill_some(ready[0])
            else:
                ready.popleft()
        self._pace.give_back(allowed - len(letters))
        return letters

    def prepare(self) -> bool:
        """Fill letters of the window that is next, so that there is less to do between hearing and answering."""
        hand = next((one for one in islice(self._ready, 2) if one.place < len(one.window.recipients)), None)
        if hand is None or self.is_shut or len(hand.again) >= AT_ONCE:
            return False
        self._fill_some(hand)
        return True

    def bodies(self, envelopes: Sequence[Envelope]) -> list[Body | None]:
        """The letters, but for those taken back meanwhile: switched off, suppressed, lease over, stopping."""
        found: list[Body | None] = []
        now_s, put = self._monotonic(), self._put
        last, may_begin, barred, slot = None, False, set[int](), 0
        for envelope in envelopes:
            hand, index, letter = envelope.token
            if hand is not last:
                last, barred, slot = hand, hand.barred, hand.slot
                may_begin = not (hand.is_closed or self.is_shut or now_s >= hand.lease_s)
            if may_begin and index not in barred:
                put(slot + index, _BEGUN)
                found.append(letter)
            else:
                found.append(None)
        return found

    def taken(self, letters: Sequence[Taken], now_s: float) -> None:
        """Letters that went well: marked, and kept for the log."""
        put = self._put
        for envelope, code, reply in letters:
            hand, index, _letter = envelope.token
            put(hand.slot + index, _TAKEN + code)
            hand.taken.append((index, envelope.begun_s, now_s, code, reply))
            hand.left -= 1

    def answered(self, answers: Sequence[Answered], now_s: float) -> None:
        """Replies that speak of these letters."""
        for envelope, step, code, text in answers:
            held: Held = envelope.token
            hand, index, _letter = held
            verdict, mark = verdict_of(step, code)
            if mark:
                self._put(hand.slot + index, mark)
            self._finish(held, verdict, code, text, int((now_s - envelope.begun_s) * 1000))

    def returned(self, envelope: Envelope, *, untouched: bool) -> None:
        """Certainly not sent: try again, but not for ever over connections that die."""
        held: Held = envelope.token
        hand, index, _letter = held
        self._mark(hand.slot + index, UNTOUCHED, 0)
        if hand.is_closed or self.is_shut or index in hand.barred or self._monotonic() >= hand.lease_s:
            hand.give_back(index)
        elif envelope.returns >= RETURNS_LIMIT:
            self._mark(hand.slot + index, DEFERRED, 0)
            self._finish(held, Outcome.DEFERRED, None, _LOST_WORDS, 0)
        else:
            hand.again.append(envelope)
            if hand not in self._ready:
                self._ready.appendleft(hand)

    def unanswered(self, envelope: Envelope, why: str, took_ms: int) -> None:
        """Fate unknown (RFC 1047): written down, never sent again by itself."""
        held: Held = envelope.token
        self._finish(held, Outcome.UNANSWERED, None, why, took_ms)

    def unsendable(self, envelope: Envelope, why: Unfit) -> None:
        """This server offers no way to take it."""
        held: Held = envelope.token
        hand, index, letter = held
        size = _size_of(letter)
        if envelope.terms.size > size:
            # its neighbours are larger: by itself it may pass
            terms = replace(envelope.terms, size=size)
            hand.again.append(Envelope(terms, envelope.recipient, held, envelope.returns))
            if hand not in self._ready:
                self._ready.appendleft(hand)
            return
        self._skip(hand, index, _UNFIT.get(why, SkipReason.BAD_ADDRESS))

    def trouble(self, step: Step, code: int, text: str) -> None:
        """The server's or the account's fault; the loop decides how long to rest."""
        self.trouble_seen = (step, code, text)

    # -- results ---------------------------------------------------------------------------------------------

    def _fill_some(self, hand: Hand) -> None:
        """Several letters in one go: together they cost a third of what each costs by itself."""
        count = min(AT_ONCE, ROOM // hand.letter.pieces + 1) if hand.letter else AT_ONCE
        first, hand.place = hand.place, min(hand.place + count, len(hand.window.recipients))
        if not self._fill(hand, range(first, hand.place)):
            for index in range(first, hand.place):
                self._fill_one(hand, index)

    def _fill(self, hand: Hand, indexes: range) -> bool:
        """Envelopes for all of them; False: one of them wants a closer look."""
        if hand.letter is None or not hand.barred.isdisjoint(indexes):
            return False
        people, these = hand.window.recipients, slice(indexes.start, indexes.stop)
        client_ids, addresses, names = people.client_ids[these], people.addresses[these], people.names[these]
        try:
            letters, size = self._postmark.letters(hand.letter, hand.window.run_id, client_ids, addresses, names)
        except ValueError:
            return False
        sender = self._postmark.sender
        # a letter is not filled for an address that is none; ours need no dot-stuffing
        smtputf8 = hand.letter.needs_smtputf8
        is_plain = not smtputf8 and sender.isascii() and "".join(addresses).isascii()
        terms = Terms(sender, size, smtputf8, is_stuffed=True, is_plain=is_plain)
        held = zip(repeat(hand), indexes, letters, strict=False)
        hand.again[:0] = [*map(Envelope, repeat(terms), addresses, held)][::-1]  # the next is the last
        return True

    def _fill_one(self, hand: Hand, index: int) -> None:
        if index in hand.barred:
            hand.give_back(index)
        elif hand.letter is None:
            self._skip(hand, index, SkipReason.UNFILLABLE)
        elif not self._fill(hand, range(index, index + 1)):
            self._skip(hand, index, self._postmark.fault(hand.window.recipients[index]))

    def _skip(self, hand: Hand, index: int, reason: SkipReason) -> None:
        client_id, number, address, _name = hand.window.recipients[index]
        hand.finished.append(Finished(client_id, number, address, self.now, 0, Outcome.SKIPPED, reason))
        hand.left -= 1

    def _finish(self, held: Held, verdict: Outcome, code: int | None, text: str, took_ms: int) -> None:
        hand, index, _letter = held
        people = hand.window.recipients
        number = people.numbers[index]
        retry_at = self._retry_at(hand, number) if verdict is Outcome.DEFERRED else None
        who = people.client_ids[index], number, people.addresses[index]
        at = self.now - timedelta(milliseconds=took_ms)
        hand.finished.append(Finished(*who, at, took_ms, verdict, None, code, text, retry_at))
        hand.left -= 1

    def _retry_at(self, hand: Hand, number: int) -> datetime | None:
        """Growing, spread pauses; None when that would be too late: then the ledger gives up."""
        retry_at = self.now + outcome.retry_delay(number, random.random())
        return retry_at if retry_at < hand.run.give_up_at else None


def _size_of(letter: Body) -> int:
    return sum(map(len, letter))
