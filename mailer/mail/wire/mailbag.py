"""The one interface between the wire and whoever has letters; the wire calls it from its own thread."""

from typing import Protocol

from mailer.mail.smtp.events import Envelope, Step, Unfit


class Mailbag(Protocol):
    """Every letter pulled ends in exactly one of answered, returned, unanswered, unsendable.

    No method may block: the loop stands still meanwhile. `took_ms` counts from the letter's first command.
    """

    def waiting(self) -> int:
        """How many letters `next_letter` could give now; a guess too low only means fewer connections."""

    def next_letter(self) -> Envelope | None:
        """Pull; None: nothing waits now."""

    def body(self, envelope: Envelope) -> bytes | None:
        """Asked after 354, just before the first byte goes out. None: taken back, `returned` follows."""

    def answered(self, envelope: Envelope, step: Step, code: int, text: str, took_ms: int) -> None:
        """The server's last word about this letter: a refusal at rcpt or data, any reply to the dot."""

    def returned(self, envelope: Envelope, *, untouched: bool) -> None:
        """Certainly not sent; `untouched`: no byte of the body left. See `Envelope.returns`, RETURNS_LIMIT."""

    def unanswered(self, envelope: Envelope, why: str, took_ms: int) -> None:
        """The whole body left, no reply came: fate unknown."""

    def unsendable(self, envelope: Envelope, why: Unfit) -> None:
        """Nothing was said to the server: it offers no way to take this letter."""

    def trouble(self, step: Step, code: int, text: str) -> None:
        """Server's or account's fault; the wire rests until `resume`. Code 0: no reply, our own words."""
