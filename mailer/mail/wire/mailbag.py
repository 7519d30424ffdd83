"""The one interface between the wire and whoever has letters; the wire calls it from its own thread."""

from collections.abc import Sequence
from typing import Protocol

from mailer.mail.smtp.events import Answered, Body, Envelope, Step, Taken, Unfit


class Mailbag(Protocol):
    """Every letter pulled ends in exactly one of taken, answered, returned, unanswered, unsendable.

    No method may block: the loop stands still meanwhile. `took_ms` counts from the letter's first command.
    """

    def waiting(self) -> int:
        """How many letters `next_letter` could give now; a guess too low only means fewer connections."""

    def next_letters(self, most: int) -> Sequence[Envelope]:
        """Pull; fewer than `most`: no more wait now."""

    def prepare(self) -> bool:
        """The server has enough to do for a moment: get letters ready. False: no more are wanted now."""

    def bodies(self, envelopes: Sequence[Envelope]) -> Sequence[Body | None]:
        """One for each, asked after 354, just before its first byte goes out. None: taken back, `returned` follows."""

    def taken(self, letters: Sequence[Taken], now_s: float) -> None:
        """As `answered`, for those that went well: what there is to say of them is said at once."""

    def answered(self, answers: Sequence[Answered], now_s: float) -> None:
        """The server's last words about these letters: refusals at rcpt or data, any replies to the dot.

        `now_s` is the wire's time, as `begun_s` of their envelopes is.
        """

    def returned(self, envelope: Envelope, *, untouched: bool) -> None:
        """Certainly not sent; `untouched`: no byte of the body left. See `Envelope.returns`, RETURNS_LIMIT."""

    def unanswered(self, envelope: Envelope, why: str, took_ms: int) -> None:
        """The whole body left, no reply came: fate unknown."""

    def unsendable(self, envelope: Envelope, why: Unfit) -> None:
        """Nothing was said to the server: it offers no way to take this letter."""

    def trouble(self, step: Step, code: int, text: str) -> None:
        """Server's or account's fault; the wire rests until `resume`. Code 0: no reply, our own words."""
