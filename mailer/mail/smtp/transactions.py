"""From MAIL to the final dot, letter after letter, on one connection.

Holds a current letter (body out, waiting for the final reply) and a next one (envelope out). Where the server
offers PIPELINING both travel together (RFC 2920); elsewhere the same machine goes in lockstep.
"""

from collections import deque

from mailer.mail.smtp.capabilities import Capabilities
from mailer.mail.smtp.commands import group, stuffed
from mailer.mail.smtp.events import Answered, Body, Envelope, Event, Returned, Step, Trouble, Unanswered, Unfit
from mailer.mail.smtp.replies import readable, speaks_of_size
from mailer.mail.smtp.settings import Settings

_GROUP = (Step.MAIL, Step.RCPT, Step.DATA)
_DOT = Step.DOT  # a member asked of its class costs as much as a call
DOT_LINE = b".\r\n"


class Transactions:
    """The letters' half of a dialogue.

    `begun` and `answered` count this connection's letters; with fewer than `look_ahead` begun, another one's envelope
    may follow a body. The three of `end_` are what ended it. `unsent` counts the octets to be said that the kernel has
    not taken yet: the wire takes off what it has.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._most = settings.letters_per_connection
        self._proven = settings.proven_letters or self._most
        self.capabilities = Capabilities()
        self._expected: deque[Step] = deque()
        self._out: list[bytes] = []
        self._lockstep: deque[tuple[Step, bytes]] = deque()
        self.current: Envelope | None = None
        self.next: Envelope | None = None
        self.begun = self.answered = 0
        self.end_step, self.end_code, self.end_words = Step.CONNECT, 0, ""
        self.unsent = self._behind_dot = 0
        self.ready = self.wants_body = self.leaving = self.over = False
        self.look_ahead = 0
        self._group_open = self._unclean = self._leave = False

    # -- what the wire tells and asks ------------------------------------------------------------------------

    @property
    def wants_envelope(self) -> bool:
        """A letter may be offered now."""
        return (
            self.next is None
            and not self._group_open
            and (self.begun < self.look_ahead or (not self._expected and self.begun < self._most))
            and self.ready
            and not (self.leaving or self._leave or self.over)
        )

    @property
    def _scouting(self) -> bool:
        """No connection has carried so many letters yet: the server may have had enough of this one."""
        return self.answered >= self._proven

    @property
    def idle(self) -> bool:
        """Ready, and no letter in hand."""
        return self.ready and not (self._expected or self.next or self.current)

    def _open(self, capabilities: Capabilities) -> None:
        self.ready = True
        self.capabilities = capabilities
        if self._settings.look_ahead and capabilities.pipelining:
            self.look_ahead = self._proven

    def offer(self, envelope: Envelope) -> Unfit | None:
        """Take a letter, where `wants_envelope`; or say why this server cannot be asked to take it."""
        commands = group(envelope, self.capabilities)
        if not isinstance(commands, bytes):
            return commands
        self.next = envelope
        self.begun += 1
        self._group_open = True
        if not self.capabilities.pipelining:
            self._walk(commands)
            return None
        if self._unclean:
            self._unclean = False
            self._say(Step.RSET, b"RSET\r\n")
        self._expected += _GROUP
        self._put(commands)
        return None

    def body(self, letter: Body) -> None:
        """The letter that `wants_body` asked for."""
        self.current = envelope = self.next
        self.next, self.wants_body = None, False
        if envelope is None or not envelope.terms.is_stuffed:
            letter = (stuffed(b"".join(letter)),)
        self._put(b"".join([*letter, DOT_LINE]))
        self._behind_dot = 0
        self._expected.append(_DOT)

    def abandon(self) -> list[Event]:
        """The letter was taken back after 354: only hanging up keeps it from being sent."""
        letter, self.next = self.next, None
        self.over = True
        return [Returned(letter, untouched=True)] if letter else []

    def quit(self) -> None:
        """Say goodbye; only where `idle`."""
        if not self.leaving:
            self.leaving = True
            self._say(Step.QUIT, b"QUIT\r\n")

    def outgoing(self) -> list[bytes]:
        """What is to be written now, handed over; nothing once it is over: letters were given back as not sent."""
        out, self._out = self._out, []
        return [] if self.over else out

    # -- replies ---------------------------------------------------------------------------------------------

    def _on_dot(self, code: int, raw: bytes, events: list[Event]) -> None:
        letter = self.current
        early = self.unsent > self._behind_dot
        if letter is None or (early and code < 400) or 300 <= code < 400:
            self._end(Step.DOT, 0, f"answered before the end or out of place: {code} {readable(raw)}", events)
            return
        self.current = None
        self.answered += 1
        events.append(Answered(letter, Step.DOT, code, readable(raw)))
        if early or code == 421:
            self._end(Step.DOT, code, readable(raw), events)
        elif code >= 400 and not self._group_open:
            self._unclean = True

    def _on_mail(self, code: int, raw: bytes, events: list[Event]) -> None:
        if code < 300 or self.next is None:
            return
        if code < 400:
            self._end(Step.MAIL, code, f"out of place: {code} {readable(raw)}", events)
        elif code == 552 and speaks_of_size(raw):
            self._refused(Step.MAIL, code, raw, events)
        elif self._scouting:
            self._end(Step.MAIL, code, readable(raw), events)
        else:
            events += [Returned(self.next, untouched=True), Trouble(Step.MAIL, code, readable(raw))]
            self._leave = True
            self._drop()

    def _on_rcpt(self, code: int, raw: bytes, events: list[Event]) -> None:
        if code < 300 or self.next is None:
            return
        if code < 400:
            self._end(Step.RCPT, code, f"out of place: {code} {readable(raw)}", events)
        else:
            self._refused(Step.RCPT, code, raw, events)

    def _on_data(self, code: int, raw: bytes, events: list[Event]) -> None:
        self._group_open = False
        if self.next is None:
            if code == 354:
                self._say(Step.VOID, b".\r\n")
        elif code == 354:
            self.wants_body = True
        elif code >= 400:
            self._refused(Step.DATA, code, raw, events)
        else:
            self._end(Step.DATA, code, f"out of place: {code} {readable(raw)}", events)

    def _on_rset(self, code: int, raw: bytes, events: list[Event]) -> None:
        if code >= 300:
            self._end(Step.RSET, code, readable(raw), events)

    def _on_void(self, code: int, raw: bytes, events: list[Event]) -> None:
        """Whatever answers a lone dot speaks of nobody."""

    def _on_quit(self, code: int, raw: bytes, events: list[Event]) -> None:
        self.over = True

    # -- moves -----------------------------------------------------------------------------------------------

    def _refused(self, step: Step, code: int, raw: bytes, events: list[Event]) -> None:
        if code < 500 and self._scouting:
            self._end(step, code, readable(raw), events)
            return
        if self.next is not None:
            events.append(Answered(self.next, step, code, readable(raw)))
            self.answered += 1
        self._drop()

    def _drop(self) -> None:
        self.next = None
        self._unclean = True
        if self._lockstep:
            self._lockstep.clear()
            self._group_open = False

    def _walk(self, commands: bytes) -> None:
        """Without PIPELINING: queue the group, one command at a time."""
        lines = commands.splitlines(keepends=True)
        self._lockstep += zip(_GROUP, lines, strict=True)
        if self._unclean:
            self._unclean = False
            self._lockstep.appendleft((Step.RSET, b"RSET\r\n"))
        self._advance()

    def _advance(self) -> None:
        if self._expected or self.over:
            return
        if self._lockstep:
            self._say(*self._lockstep.popleft())
        elif self.idle and (self._leave or self.begun >= self._most):
            # only now: a QUIT behind the last dot could cost its reply when the server hangs up unread
            self.quit()

    def _say(self, step: Step, line: bytes) -> None:
        self._expected.append(step)
        self._put(line)

    def _put(self, data: bytes) -> None:
        self._out.append(data)
        self.unsent += len(data)
        self._behind_dot += len(data)

    def _end(self, step: Step | None, code: int, why: str, events: list[Event]) -> None:
        """No way to go on: settle both letters by how far they had come."""
        if self.over:
            return
        self.over = True
        self.end_step, self.end_code, self.end_words = step or Step.CONNECT, code, why
        if self.leaving:
            return
        if not self.ready:
            events.append(Trouble(self.end_step, code, why))
            return
        current, self.current = self.current, None
        if current is not None:
            sent_whole = self.unsent <= self._behind_dot
            if not sent_whole:
                current.returns += 1
            events.append(Unanswered(current, why) if sent_whole else Returned(current, untouched=False))
        letter, self.next = self.next, None
        if letter is None:
            return
        # a connection that dies at its first MAIL never served anybody: that is the server's trouble
        at_first_mail = step is Step.MAIL and not self.answered and current is None
        letter.returns += not at_first_mail
        events.append(Returned(letter, untouched=True))
        if at_first_mail:
            events.append(Trouble(Step.MAIL, code, why))
