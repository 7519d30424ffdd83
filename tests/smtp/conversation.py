"""A dialogue on a table: say the server's bytes, read what the client would write and report."""

from mailer.mail.smtp.dialogue import Dialogue
from mailer.mail.smtp.events import Envelope, Event, Terms
from mailer.mail.smtp.settings import Settings
from tests.smtp.cuts import pieces

EHLO = b"250-mx.example\r\n250-PIPELINING\r\n250-SIZE 10000\r\n250-8BITMIME\r\n250 SMTPUTF8\r\n"
PLAIN_EHLO = b"250 mx.example\r\n"
GROUP = b"250 sender\r\n250 recipient\r\n354 go on\r\n"
BODY = b"Subject: hello\r\n\r\nHello\r\n"
COMMANDS = b"MAIL FROM:<us@example.test>\r\nRCPT TO:<%b>\r\nDATA\r\n"


class Conversation:
    """The kernel takes everything that is written, unless a test sets `stuck`."""

    def __init__(self, settings: Settings | None = None, *, ehlo: bytes | None = EHLO) -> None:
        self.talk = Dialogue(settings or Settings())
        self.events: list[Event] = []
        self.stuck = False
        self.talk.connected()
        if ehlo is not None:
            self.say(b"220 mx.example\r\n")
            assert self.say(ehlo) == b""

    def written(self) -> bytes:
        out = b"".join(self.talk.outgoing())
        if not self.stuck:
            self.talk.unsent -= len(out)
        return out

    def say(self, data: bytes, *, at_once: bool = False) -> bytes:
        """The server says this, `at_once` in one piece whatever the cut; what the client writes then."""
        before = self.written()
        assert before == b"", f"not read by the test: {before!r}"
        written = b""
        for piece in [data] if at_once else pieces(data):
            self.events += self.talk.receive(piece)
            written += self.written()
        return written

    def offer(self, recipient: str = "bob@example.test", **facts: object) -> Envelope:
        envelope = Envelope(Terms("us@example.test", **facts), recipient)  # type: ignore[arg-type]
        assert self.talk.wants_envelope
        assert self.talk.offer(envelope) is None
        return envelope

    def begin(self, recipient: str = "bob@example.test") -> Envelope:
        """Offer a letter and take its envelope through to 354."""
        envelope = self.offer(recipient)
        assert self.written().endswith(COMMANDS % recipient.encode())
        assert self.say(GROUP) == b""
        assert self.talk.wants_body
        return envelope

    def give_body(self, letter: bytes = BODY) -> bytes:
        self.talk.body([letter])
        return self.written()

    def lose(self, why: str = "gone") -> None:
        self.events += self.talk.lost(why)

    def news(self) -> list[Event]:
        """The events since the last look."""
        events, self.events = self.events, []
        return events
