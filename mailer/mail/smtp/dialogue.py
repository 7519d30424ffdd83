"""One connection's whole conversation with a mail server; every reply is matched to its command.

The greeting first, then letters. Hostile or confused servers end the conversation, they never bend it.
"""

import re
from collections.abc import Callable

from mailer.mail.smtp.commands import AFTER_RECIPIENT, common_group, group, stuffed
from mailer.mail.smtp.events import Answered, Body, Envelope, Event, Step, Taken, Unfit
from mailer.mail.smtp.greeting import Greeting, RefusedError
from mailer.mail.smtp.replies import Replies, readable
from mailer.mail.smtp.settings import Settings
from mailer.mail.smtp.transactions import DOT_LINE, Transactions

# what a server says while all goes well: a letter taken, and the next one's envelope
_group_taken = re.compile(rb"25\d [^\n]*\n25\d [^\n]*\n354 [^\n]*\n").fullmatch
_TAKEN = {b"25%d " % digit: 250 + digit for digit in range(10)}
_FOUR = len((Step.DOT, Step.MAIL, Step.RCPT, Step.DATA))
_ON_REPLY: dict[Step, Callable[[Transactions, int, bytes, list[Event]], None]] = {
    Step.DOT: Transactions._on_dot,
    Step.MAIL: Transactions._on_mail,
    Step.RCPT: Transactions._on_rcpt,
    Step.DATA: Transactions._on_data,
    Step.RSET: Transactions._on_rset,
    Step.VOID: Transactions._on_void,
    Step.QUIT: Transactions._on_quit,
}


class Dialogue(Transactions):
    """Feed it bytes, write what `outgoing` gives, take off `unsent` the octets that the kernel took.

    `wants_body`: ask for the body of `next`, then call `body` or `abandon`. `over`: close the socket.
    `mid_reply`: the server has begun a reply and not ended it.
    """

    def __init__(self, settings: Settings) -> None:
        super().__init__(settings)
        self.greeting = Greeting(settings)
        self._replies = Replies()
        self.mid_reply = False
        self._usual: bytes | None = None

    @property
    def awaiting(self) -> Step | None:
        """The command whose reply is due; None: the server owes nothing."""
        if self._expected:
            return self._expected[0]
        return None if self.ready else self.greeting.step

    @property
    def is_scout(self) -> bool:
        """It goes, or will go, beyond what any connection is known to have carried."""
        return self._most > self._proven

    def connected(self) -> None:
        """The socket stands. Whenever `greeting.tls_wanted` is set, shake hands and call `secured`."""
        self.greeting.connected()
        if not self.greeting.tls_wanted:
            self._expected.append(Step.BANNER)

    def secured(self) -> None:
        """The TLS handshake is over."""
        line = self.greeting.secured()
        if line:
            self._say(Step.EHLO, line)
        else:
            self._expected.append(Step.BANNER)

    def carry(self, letters: int) -> None:
        """Another connection has carried this many by now: so may this one."""
        if letters > self._proven:
            self._proven = letters
            self._most = max(self._most, letters)
            self.look_ahead = self.look_ahead and letters

    def receive(self, data: bytes) -> list[Event]:
        """The server spoke."""
        taken = self.taken(data)
        if taken is None:
            return self._read(data)
        self.conclude()
        envelope, code, reply = taken
        return [Answered(envelope, Step.DOT, code, readable(reply[4:]))]

    def taken(self, data: bytes) -> Taken | None:
        """Whether this says that DOT, MAIL, RCPT and DATA went well, and that is all; changes nothing.

        None: something else. Otherwise call `carry_on`, where `begun` is below `look_ahead`, or `receive`.
        """
        letter = self.current
        # with a letter whose reply is due, four can only be its own and those to the next one's envelope
        if letter is None or len(self._expected) != _FOUR or self.unsent > self._behind_dot or self.mid_reply:
            return None
        reply, _, rest = data.partition(b"\n")
        code = _TAKEN.get(reply[:4])
        if code is None:
            return None
        if rest != self._usual:  # to envelopes a server mostly says the same words
            if not _group_taken(rest):
                return None
            self._usual = rest
        return letter, code, reply

    def conclude(self) -> None:
        """After `taken`, where there is nothing to carry on with: the next letter's body is wanted."""
        self._expected.clear()
        self.current = None
        self.answered += 1
        self._group_open = False
        self.wants_body = True

    def carry_on(self, letter: Body, envelope: Envelope) -> bytes | Unfit:
        """What to write now, after `taken` and where `begun` is below `look_ahead`: `receive`, `body`, `offer` in one.

        Octets of it that the kernel does not take are to be added to `unsent`. Unfit: `envelope` cannot be sent
        here, and nothing was done.
        """
        terms = envelope.terms
        common = terms.said if terms.said_to is self.capabilities else common_group(terms, self.capabilities)
        if common:
            commands = common + envelope.recipient.encode() + AFTER_RECIPIENT
        else:
            found = group(envelope, self.capabilities)
            if not isinstance(found, bytes):
                return found
            commands = found
        self.current = current = self.next
        self.next = envelope
        self.answered += 1
        self.begun += 1
        self._behind_dot = len(commands)
        if current is None or not current.terms.is_stuffed:
            letter = (stuffed(b"".join(letter)),)
        return b"".join([*letter, DOT_LINE, commands])  # a list takes pieces in sooner than a tuple does

    def _read(self, data: bytes) -> list[Event]:
        events: list[Event] = []
        replies = self._replies.feed(data)
        self.mid_reply = self._replies.unfinished
        expected = self._expected
        # commands that an answer brings forth are not on the wire yet: no reply in this chunk can be theirs. One that
        # is read in the same go is taken for theirs; of a body it cannot speak, for that is given out afterwards
        owed = len(expected)
        for code, raw in replies[:owed]:
            step = expected.popleft()
            if code < 300 and (step is Step.MAIL or step is Step.RCPT):
                continue
            self._take(step, code, raw, events)
            if self.over:
                return events
        if len(replies) > owed:
            self._end(self.awaiting, 0, f"unasked: {replies[owed][0]} {readable(replies[owed][1])}", events)
        elif self._replies.broken:
            self._end(self.awaiting, 0, self._replies.broken, events)
        elif self.greeting.tls_wanted and self.mid_reply:
            self._end(Step.STARTTLS, 0, "bytes in the clear after STARTTLS", events)
        elif not expected and not self.wants_body:
            self._advance()
        return events

    def lost(self, why: str) -> list[Event]:
        """The connection is gone, or its time is up."""
        events: list[Event] = []
        self._end(self.awaiting, 0, why, events)
        return events

    def _take(self, step: Step, code: int, raw: bytes, events: list[Event]) -> None:
        on = _ON_REPLY.get(step)
        if on is None:
            self._greet(step, code, raw, events)
        elif code == 421 and step is not Step.DOT:
            self._end(step, 421, readable(raw), events)
        else:
            on(self, code, raw, events)

    def _greet(self, step: Step, code: int, raw: bytes, events: list[Event]) -> None:
        try:
            line = self.greeting.answer(code, raw)
        except RefusedError as refused:
            self._end(refused.step, refused.code, refused.text, events)
            return
        if line:
            self._say(self.greeting.step, line)
        elif self.greeting.ready:
            self._open(self.greeting.capabilities)
