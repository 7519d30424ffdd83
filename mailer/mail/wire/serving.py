"""Serves the lines that can go on: hears what servers say, tells the mailbag, fetches what to say next, writes.

What goes well on many lines at once is done together, step by step: a server is woken once for several letters,
and the kernel's code and ours push each other out of the processor's caches less often.
"""

from collections.abc import Callable, Iterable, Sequence
from selectors import EVENT_READ
from typing import TypeGuard

from mailer.mail.smtp.dialogue import Dialogue
from mailer.mail.smtp.events import Body, Envelope, Event, Taken
from mailer.mail.wire.line import SIP, Line
from mailer.mail.wire.mailbag import Mailbag
from mailer.mail.wire.reports import Reports


class Serving:
    """`hungry` are the lines that no letter was left for. `taking`: letters may be pulled."""

    def __init__(self, reports: Reports, drop: Callable[[Line], None]) -> None:
        """`drop` is called with each line whose conversation is over."""
        self._reports = reports
        self._drop = drop
        self.hungry: dict[Line, None] = {}
        self.taking = True

    def serve(self, bag: Mailbag, quick: Sequence[Line], slow: Iterable[tuple[Line, int]]) -> None:
        """Once round the lines that the poller found; `reports.now_s` is this moment."""
        now_s = self._reports.now_s
        smooth, others = list[Line](), list[Line]()
        taken: list[Taken] = []
        for line, words in zip(quick, _heard(quick), strict=True):
            talk = line.dialogue
            # as much as was asked for: there may be more
            letter = talk.taken(words) if len(words) < SIP and talk.begun < talk.look_ahead else None
            if letter is None:
                self._hear(bag, line, EVENT_READ, words)
                others.append(line)
            else:
                line.since_s = now_s
                smooth.append(line)
                taken.append(letter)
        for line, mask in slow:
            self._hear(bag, line, mask)
            others.append(line)
        if taken:
            self._serve_together(bag, smooth, taken, others)
        for line in others:
            self._flush(bag, line)

    def _serve_together(self, bag: Mailbag, lines: list[Line], taken: Sequence[Taken], others: list[Line]) -> None:
        try:
            self._reports.taken(bag, taken)
            for line, data in self._carry_on(bag, lines, others):
                if broken := line.write(data):
                    self._end(bag, line, broken)
        except BaseException:
            # what was told of a letter is told: a loop that breaks off must not call it unanswered as well
            for line, (letter, _code, _reply) in zip(lines, taken, strict=True):
                if line.dialogue.current is letter:
                    line.dialogue.conclude()
            raise

    def settle(self, bag: Mailbag, line: Line, events: Sequence[Event]) -> None:
        """What happened on one line by itself."""
        self._go_on(bag, line, events)
        self._flush(bag, line)

    def feed(self, bag: Mailbag) -> None:
        """Letters have come again: lines with nothing in hand first."""
        if not self.hungry or not bag.waiting():
            return
        for line in sorted(self.hungry, key=lambda line: line.dialogue.current is not None):
            del self.hungry[line]
            if line.dialogue.wants_envelope:
                self._hand(bag, [line])
                self._flush(bag, line)
                if line in self.hungry:
                    return

    def _carry_on(self, bag: Mailbag, lines: list[Line], others: list[Line]) -> list[tuple[Line, bytes]]:
        """What each has to say now, a body and the next envelope; lines that have it otherwise join the `others`."""
        found = bag.bodies([line.dialogue.next for line in lines])  # type: ignore[misc] # `taken`: there is one
        if _is_whole(found):
            letters = found
        else:
            lines, letters = self._without_taken_back(bag, lines, found, others)
        may_take = self.taking and not self._reports.resting
        envelopes = bag.next_letters(len(lines)) if may_take else ()
        moment_s, written = self._reports.moment_s, list[tuple[Line, bytes]]()
        unfed = [*zip(lines[len(envelopes) :], letters[len(envelopes) :], strict=True)]
        for line, letter, envelope in zip(lines, letters, envelopes, strict=False):
            data = line.dialogue.carry_on(letter, envelope)
            if isinstance(data, bytes):
                envelope.begun_s = moment_s
                written.append((line, data))
            else:
                bag.unsendable(envelope, data)
                unfed.append((line, letter))
        for line, letter in unfed:
            line.dialogue.conclude()
            line.dialogue.body(letter)
            self._hand(bag, [line])
            others.append(line)
        return written

    def _without_taken_back(
        self, bag: Mailbag, lines: list[Line], letters: Sequence[Body | None], others: list[Line]
    ) -> tuple[list[Line], Sequence[Body]]:
        kept: list[tuple[Line, Body]] = []
        for line, letter in zip(lines, letters, strict=True):
            if letter is not None:
                kept.append((line, letter))
                continue
            line.dialogue.conclude()
            self._give(bag, line.dialogue, None)
            others.append(line)
        return [line for line, _letter in kept], [letter for _line, letter in kept]

    def _hear(self, bag: Mailbag, line: Line, mask: int, words: bytes = b"") -> None:
        talk = line.dialogue
        before = _stage(line)
        events = talk.receive(words) if words else []
        if not words or (len(words) >= SIP and not talk.over):
            events += line.work(mask)
        if _stage(line) != before:
            line.since_s = self._reports.now_s
        if talk.over and not talk.leaving:
            self._reports.learn(bag, talk, events)
        self._go_on(bag, line, events)

    def _go_on(self, bag: Mailbag, line: Line, events: Sequence[Event]) -> None:
        """Report, then go on with the line as far as it can go now."""
        for event in events:
            self._reports.tell(bag, event)
        talk = line.dialogue
        if talk.wants_body and talk.next is not None:
            self._give(bag, talk, *bag.bodies([talk.next]))
        if talk.wants_envelope:
            self._hand(bag, [line])

    def _give(self, bag: Mailbag, talk: Dialogue, letter: Body | None) -> None:
        """A body; None: the letter was taken back."""
        if letter is not None:
            talk.body(letter)
            return
        for event in talk.abandon():
            self._reports.tell(bag, event)

    def _hand(self, bag: Mailbag, lines: Sequence[Line]) -> None:
        """Give each line the next letter that its server can be asked to take; who gets none is hungry."""
        if not self.taking or self._reports.resting:
            return
        waiting = list(lines)
        while waiting and (letters := bag.next_letters(len(waiting))):
            unfed = [line for line, letter in zip(waiting, letters, strict=False) if not self._offer(bag, line, letter)]
            waiting = unfed + waiting[len(letters) :]
        for line in waiting:
            self.hungry[line] = None

    def _offer(self, bag: Mailbag, line: Line, letter: Envelope) -> bool:
        talk = line.dialogue
        why = talk.offer(letter)
        if why is not None:
            bag.unsendable(letter, why)
            return False
        letter.begun_s = self._reports.moment_s
        if talk.current is None:
            line.since_s = self._reports.now_s
        if self.hungry:
            self.hungry.pop(line, None)
        return True

    def _flush(self, bag: Mailbag, line: Line) -> None:
        broken = line.flush()
        if broken or line.dialogue.over:
            self._end(bag, line, broken)

    def _end(self, bag: Mailbag, line: Line, broken: Sequence[Event]) -> None:
        talk = line.dialogue
        if broken:
            self._reports.learn(bag, talk, broken)
            for event in broken:
                self._reports.tell(bag, event)
        if talk.over:
            self._drop(line)


def _heard(lines: Iterable[Line]) -> list[bytes]:
    """What each server says; nothing where that is not all there is to do."""
    heard = []
    for line in lines:
        try:
            heard.append(line.ear(SIP))
        except OSError:
            heard.append(b"")  # `work` meets it again
    return heard


def _stage(line: Line) -> tuple[object, ...]:
    """While it is the same the server has not got on, whatever it drips: parts of a reply, or of a record beneath."""
    talk = line.dialogue
    return line.address, talk.greeting.tls_wanted, talk.awaiting, talk.unsent


def _is_whole(letters: Sequence[Body | None]) -> TypeGuard[Sequence[Body]]:
    """None of them was taken back. To compare each with None would cost more: a letter has pieces, so it is true."""
    return all(letters)
