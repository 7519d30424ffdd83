"""One connection: a non-blocking socket, TLS where wanted, and the dialogue that it carries."""

import os
import socket
import ssl
from collections.abc import Callable, Sequence
from errno import EINPROGRESS, EWOULDBLOCK
from selectors import EVENT_READ, EVENT_WRITE

from mailer.mail.smtp.dialogue import Dialogue
from mailer.mail.smtp.events import Event, Step
from mailer.mail.smtp.settings import Settings
from mailer.mail.wire.names import Address
from mailer.mail.wire.poller import QUICK, Poller
from mailer.mail.wire.settings import Limits
from mailer.mail.wire.tls import deaf, ear_of, interest_in, received, wrapped

CHUNK = 16_384
SIP = 448  # replies to one letter; as much as Python's own allocator serves, which is quicker than the system's
CLOSED = "the server closed the connection"
_UNDER_WAY = (0, EINPROGRESS, EWOULDBLOCK)
_NOTHING: Sequence[Event] = ()
_WOULD_BLOCK = (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError)


class Line:
    """Nothing here raises but `ear`: a broken line shows in the events and in `dialogue.over`.

    Where a socket can only be read, `ear(SIP)` is what the server says; nothing, or OSError: `work` sees to the line.
    `since_s` is when the server last got on, kept by the wire. The poller knows the line by its descriptor.
    """

    __slots__ = (
        "_addresses",
        "_context",
        "_fd",
        "_host",
        "_poller",
        "_reading",
        "_sock",
        "_talking",
        "_unsent",
        "_watched",
        "address",
        "dialogue",
        "ear",
        "since_s",
    )

    def __init__(
        self,
        addresses: list[Address],
        settings: Settings,
        *,
        host: str,
        context: ssl.SSLContext,
        poller: Poller,
    ) -> None:
        self.dialogue = Dialogue(settings)
        self._addresses = iter(list(addresses))
        self._context = context
        self._host = host
        self._poller = poller
        self._sock: socket.socket
        self._fd = -1
        self._watched = 0
        self._reading = EVENT_READ
        self._talking = False
        self._unsent: bytes | memoryview = b""
        self.ear: Callable[[int], bytes] = deaf
        self.address: Address | None = None
        self.since_s = 0.0

    @property
    def unsent(self) -> bool:
        """The kernel has not taken everything yet."""
        return bool(self._unsent)

    def connect(self, why: str = "the server has no address") -> list[Event]:
        """Begin with the next address; `why` is said when there is none left."""
        for address in self._addresses:
            self.close()
            try:
                self._sock = socket.socket(address[0], socket.SOCK_STREAM)
            except OSError as error:
                why = str(error)
                continue
            self._fd = self._sock.fileno()
            self._sock.setblocking(False)
            self._sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            code = self._sock.connect_ex(address[1])
            if code in _UNDER_WAY:
                self.address = address
                self._watch(EVENT_WRITE)
                return []
            why = os.strerror(code)
        self.close()
        return self.dialogue.lost(why)

    def work(self, mask: int) -> list[Event]:
        """The poller says that the socket can go on."""
        events: list[Event] = []
        try:
            if not self._talking:
                return self._set_up()
            if mask & EVENT_WRITE and self._unsent:
                self._push()
            # to the end: it may not be told of again, and behind the last words the server may have hung up
            goes_on, is_next = self._watched & QUICK, mask & EVENT_READ
            while is_next and not self.dialogue.over:
                events += self._hear()
                is_next = goes_on
        except _WOULD_BLOCK:
            pass
        except OSError as error:
            events += self._broken(str(error))
        return events

    def flush(self) -> Sequence[Event]:
        """Write what the dialogue has to say; what the kernel does not take waits for the poller."""
        out = self.dialogue.outgoing()
        return self._add(b"".join(out)) if out else _NOTHING

    def write(self, data: bytes) -> Sequence[Event]:
        """What `carry_on` has handed out, which nobody has counted as unsent; else as `flush`."""
        count = 0
        try:
            # the usual case by itself: the kernel takes all of it
            if not self._unsent and (count := self._sock.send(data)) == len(data):
                return _NOTHING
        except OSError:
            pass  # `_add` meets it again
        self.dialogue.unsent += len(data) - count
        return self._add(memoryview(data)[count:])

    def overdue(self, now_s: float, limits: Limits, *, is_wanted: bool) -> list[Event] | None:
        """Time limits: for a reply, for writing a body, for keeping a line that nobody uses; None: all is in time."""
        talk = self.dialogue
        step = talk.awaiting
        limit_s = limits.patience_s(step, writing=self.unsent) if step or is_wanted else 0
        if now_s - self.since_s < limit_s:
            return None
        self.since_s = now_s
        if step is Step.CONNECT:
            return self.connect(f"no connection within {limit_s:g} s")
        if self._talking and (heard := self.work(EVENT_READ)):
            return heard  # it had come and was not told of, as may be behind an urgent octet
        if step:
            doing = "taking the body" if self.unsent else f"answering {step}"
            return talk.lost(f"no progress in {doing} for {limit_s:g} s")
        talk.quit()
        return []

    def close(self) -> None:
        """Hang up; also without a goodbye."""
        if self._fd >= 0:
            self._let_go()
            self._sock.close()

    def _add(self, data: bytes | memoryview) -> Sequence[Event]:
        self._unsent = b"".join((self._unsent, data)) if self._unsent else data
        try:
            self._push()
        except OSError as error:
            return self._broken(str(error))
        return _NOTHING

    def _push(self) -> None:
        unsent, send = self._unsent, self._sock.send
        try:
            while unsent:
                count = send(unsent)
                self.dialogue.unsent -= count
                unsent = memoryview(unsent)[count:] if count < len(unsent) else b""
        except _WOULD_BLOCK:
            pass
        self._unsent = unsent
        if unsent or self._watched != self._reading:
            self._watch(EVENT_READ | EVENT_WRITE if unsent else self._reading)

    def _hear(self) -> list[Event]:
        talk = self.dialogue
        if not (data := received(self._sock, CHUNK)):
            return talk.lost(CLOSED)
        events = talk.receive(data)
        if not talk.ready and talk.greeting.tls_wanted and not talk.over:
            self._talking = False
            events += self._shake_hands()
        elif talk.ready and self.ear is deaf and not talk.over:
            self.ear, self._reading = ear_of(self._sock), interest_in(self._sock)
            if self._watched == EVENT_READ:
                self._watch(self._reading)
        return events

    def _set_up(self) -> list[Event]:
        greeting = self.dialogue.greeting
        if greeting.step is Step.CONNECT:
            code = self._sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
            if code:
                return self.connect(os.strerror(code))
            self._watch(EVENT_READ)
            self.dialogue.connected()
        if greeting.tls_wanted:
            return self._shake_hands()
        self._talking = True
        return []

    def _let_go(self) -> None:
        """Of the descriptor, before whoever closes it: its number may be somebody else's in the next moment."""
        fd, watched = self._fd, self._watched
        self._fd, self._watched, self.ear = -1, 0, deaf
        if watched:
            self._poller.unregister(fd)

    def _shake_hands(self) -> list[Event]:
        try:
            if not isinstance(self._sock, ssl.SSLSocket):
                self._let_go()  # where the connection was reset meanwhile, wrapping closes it
                self._sock = wrapped(self._sock, self._context, self._host)
                self._fd = self._sock.fileno()
            self._sock.do_handshake()
        except ssl.SSLWantReadError:
            self._watch(EVENT_READ)
            return []
        except ssl.SSLWantWriteError:
            self._watch(EVENT_WRITE)
            return []
        self._watch(EVENT_READ)
        self._talking = True
        self.dialogue.secured()
        return []

    def _watch(self, interest: int) -> None:
        if interest != self._watched:
            if self._watched:
                self._poller.modify(self._fd, interest, self)
            else:
                self._poller.register(self._fd, interest, self)
            self._watched = interest

    def _broken(self, why: str) -> list[Event]:
        """The line failed; replies that had arrived before still count."""
        events: list[Event] = []
        try:
            while self._talking and (data := self._sock.recv(CHUNK)):
                events += self.dialogue.receive(data)
        except OSError:
            pass  # nothing more was there to read
        return events + self.dialogue.lost(why)
