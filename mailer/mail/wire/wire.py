"""The loop: opens lines, hands out letters, reads, writes, watches the clock. One thread; only `wake` may be
called from another. Says nothing about a letter that the dialogue did not say.
"""

import selectors
import ssl
import time
from collections.abc import Callable
from dataclasses import replace

from mailer.mail.smtp.dialogue import Dialogue
from mailer.mail.smtp.events import Answered, Envelope, Event, Returned, Step, Trouble, Unanswered
from mailer.mail.wire.line import Line
from mailer.mail.wire.mailbag import Mailbag
from mailer.mail.wire.names import Names
from mailer.mail.wire.pool import Pool
from mailer.mail.wire.settings import Limits, Server
from mailer.mail.wire.wakeup import Wakeup

REVIEW_S = 0.1
PARTING_S = 1.0


class Wire:
    """All connections to one server. `context` is for TLS; the default checks certificate and name."""

    def __init__(
        self,
        server: Server,
        *,
        monotonic: Callable[[], float] = time.monotonic,
        context: ssl.SSLContext | None = None,
        limits: Limits | None = None,
    ) -> None:
        self._server = server
        self._limits = limits or Limits()
        self._monotonic = monotonic
        self._context = context or ssl.create_default_context()
        self._selector = selectors.DefaultSelector()
        self._wakeup = Wakeup(self._selector)
        self._names = Names(server.host, server.port, self.wake)
        letters = server.settings.letters_per_connection
        self._pool = Pool(self._limits.start, self._limits.connections, letters)
        self._lines: set[Line] = set()
        self._hungry: dict[Line, None] = {}
        self._now_s = monotonic()
        self._sweep_at_s = self._review_at_s = self._now_s
        self._answers = 0
        self._taking = True
        self.resting = False

    @property
    def connections(self) -> int:
        """Lines that stand or are being opened."""
        return len(self._lines)

    @property
    def in_flight(self) -> int:
        """Letters that were pulled and are not settled."""
        talks = [line.dialogue for line in self._lines]
        return sum((talk.current is not None) + (talk.next is not None) for talk in talks)

    @property
    def letters_per_connection(self) -> int:
        """The limit for new connections: the setting, or what the server taught."""
        return self._pool.letters

    def wake(self) -> None:
        """End the wait of `turn`; callable from any thread."""
        self._wakeup.wake()

    def resume(self) -> None:
        """After trouble: connections may be opened and letters taken again."""
        self.resting = False

    def stop_taking(self) -> None:
        """Pull no more letters; what is in flight goes on."""
        self._taking = False

    def start_taking(self) -> None:
        """Undo `stop_taking`."""
        self._taking = True

    def turn(self, bag: Mailbag, timeout_s: float) -> None:
        """Hand out letters, wait at most `timeout_s` for the sockets, serve them, look at the clock."""
        self._now_s = self._monotonic()
        if self._taking and not self.resting:
            self._open_lines(bag)
            self._feed_hungry(bag)
        for key, mask in self._selector.select(min(timeout_s, self._limits.sweep_s)):
            line = key.data
            self._now_s = self._monotonic()
            if line is None:
                self._wakeup.clear()
            elif line in self._lines:
                self._serve(bag, line, mask)
        if self._now_s >= self._review_at_s:
            self._review(bag)

    def close(self, bag: Mailbag, grace_s: float) -> None:
        """Finish what is in flight within `grace_s`, say goodbye, hang up. The wire is of no use afterwards."""
        self._taking = False
        until_s = self._monotonic() + grace_s
        while self.in_flight and self._monotonic() < until_s:
            self.turn(bag, min(0.1, grace_s))
        for line in list(self._lines):
            self._part(bag, line)
        until_s = self._monotonic() + PARTING_S
        while self._lines and self._monotonic() < until_s:
            self.turn(bag, PARTING_S)
        for line in list(self._lines):
            self._drop(line)
        self._wakeup.close()
        self._selector.close()

    # -- lines -----------------------------------------------------------------------------------------------

    def _open_lines(self, bag: Mailbag) -> None:
        room = self._pool.size - len(self._lines)
        if room <= 0:
            return
        spare = sum(not (line.dialogue.current or line.dialogue.next) for line in self._lines)
        room = min(room, bag.waiting() - spare)
        if room <= 0:
            return
        try:
            addresses = self._names.addresses(self._now_s, self._limits.resolve_s)
        except OSError as error:
            self._trouble(bag, None, Trouble(Step.CONNECT, 0, str(error)))
            return
        if addresses:
            settings = replace(self._server.settings, letters_per_connection=self._pool.letters)
            for _ in range(room):
                line = Line(
                    addresses,
                    settings,
                    host=self._server.host,
                    context=self._context,
                    selector=self._selector,
                )
                line.since_s = self._now_s
                self._lines.add(line)
                self._settle(bag, line, line.connect())

    def _serve(self, bag: Mailbag, line: Line, mask: int) -> None:
        events = line.work(mask)
        talk = line.dialogue
        if not talk.mid_reply:
            line.since_s = self._now_s
        if talk.over and not talk.leaving:
            self._learn(talk, events)
        self._settle(bag, line, events)

    def _settle(self, bag: Mailbag, line: Line, events: list[Event]) -> None:
        """Report, then go on with the line as far as it can go now."""
        for event in events:
            self._tell(bag, line, event)
        talk = line.dialogue
        if talk.wants_body and talk.next is not None:
            letter = bag.body(talk.next)
            if letter is not None:
                talk.body(letter)
            else:
                for event in talk.abandon():
                    self._tell(bag, line, event)
        if talk.wants_envelope and self._taking and not self.resting:
            self._hand(bag, line)
        for event in line.flush():
            self._tell(bag, line, event)
        if talk.over:
            self._drop(line)

    def _hand(self, bag: Mailbag, line: Line) -> bool:
        """Give the line the next letter that this server can be asked to take; False: none waits."""
        while (letter := bag.next_letter()) is not None:
            talk = line.dialogue
            why = talk.offer(letter)
            if why is None:
                letter.begun_s = self._now_s
                if talk.current is None:
                    line.since_s = self._now_s
                if self._hungry:
                    self._hungry.pop(line, None)
                return True
            bag.unsendable(letter, why)
        self._hungry[line] = None
        return False

    def _feed_hungry(self, bag: Mailbag) -> None:
        """Letters have come again: lines with nothing in hand first."""
        if not self._hungry or not bag.waiting():
            return
        for line in sorted(self._hungry, key=lambda line: line.dialogue.current is not None):
            del self._hungry[line]
            if line.dialogue.wants_envelope:
                fed = self._hand(bag, line)
                self._settle(bag, line, [])
                if not fed:
                    return

    # -- reports ---------------------------------------------------------------------------------------------

    def _tell(self, bag: Mailbag, line: Line, event: Event) -> None:
        if type(event) is Answered:
            self._answers += 1
            bag.answered(event.envelope, event.step, event.code, event.text, self._took_ms(event.envelope))
        elif isinstance(event, Returned):
            bag.returned(event.envelope, untouched=event.untouched)
        elif isinstance(event, Unanswered):
            bag.unanswered(event.envelope, event.why, self._took_ms(event.envelope))
        elif isinstance(event, Trouble):
            self._trouble(bag, line, event)

    def _took_ms(self, letter: Envelope) -> int:
        return int((self._now_s - letter.begun_s) * 1000)

    def _trouble(self, bag: Mailbag, line: Line | None, event: Trouble) -> None:
        """A new connection that fails while others serve means "fewer, please", not "nobody"."""
        serving = sum(other.dialogue.ready for other in self._lines if other is not line)
        if serving and event.step is not Step.MAIL:
            self._pool.shrink(self._now_s, serving)
        elif not self.resting:
            self.resting = True
            bag.trouble(event.step, event.code, event.text)

    def _learn(self, talk: Dialogue, events: list[Event]) -> None:
        """The server hung up: after how many letters, and does it want fewer of us?"""
        lost = [event for event in events if isinstance(event, Returned | Unanswered)]
        count = talk.answered + any(isinstance(event, Unanswered) for event in lost)
        learned = bool(lost) and count > 0 and self._pool.closed_early(count)
        if talk.end_code == 421 and talk.ready and not learned:
            self._pool.shrink(self._now_s, len(self._lines) - 1)

    # -- the clock -------------------------------------------------------------------------------------------

    def _review(self, bag: Mailbag) -> None:
        self._review_at_s = self._now_s + REVIEW_S
        if len(self._lines) >= self._pool.size:
            ready = sum(line.dialogue.ready for line in self._lines)
            waiting = self._taking and not self._hungry and bag.waiting() > 0
            self._pool.review(self._now_s, answers=self._answers, ready=ready, waiting=waiting)
        if self._now_s >= self._sweep_at_s:
            self._sweep_at_s = self._now_s + self._limits.sweep_s
            for line in list(self._lines):
                self._check(bag, line)

    def _check(self, bag: Mailbag, line: Line) -> None:
        """Time limits: for a reply, for writing a body, for keeping a line that nobody uses."""
        talk = line.dialogue
        step = talk.awaiting
        limits = self._limits
        limit_s = limits.body_s if line.unsent else limits.reply_s(step) if step else limits.idle_s
        if self._now_s - line.since_s < limit_s:
            return
        line.since_s = self._now_s
        if step:
            doing = "taking the body" if line.unsent else f"answering {step}"
            self._settle(bag, line, talk.lost(f"no progress in {doing} for {limit_s:g} s"))
        else:
            talk.quit()
            self._settle(bag, line, [])

    def _part(self, bag: Mailbag, line: Line) -> None:
        talk = line.dialogue
        if talk.current or talk.next:
            self._settle(bag, line, talk.lost("stopped before the server answered"))
        elif talk.idle:
            talk.quit()
            self._settle(bag, line, [])
        elif not talk.leaving:
            self._drop(line)

    def _drop(self, line: Line) -> None:
        line.close()
        self._pool.served(line.dialogue.answered)
        self._lines.discard(line)
        self._hungry.pop(line, None)
