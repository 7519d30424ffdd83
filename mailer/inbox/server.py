"""A real mail server on the loopback that takes every letter and keeps it, and that plays three parts on request:
`refuse@…` is answered 550, `later@…` 451 at a letter's first try, `slow@…` only after some seconds. Sends nothing on.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Callable
from datetime import datetime
from email.parser import BytesHeaderParser

from aiosmtpd.smtp import SMTP, Envelope, Session

from mailer.inbox.box import Box

HOST = "127.0.0.1"
HOST_NAME = "inbox.localhost"
SLOW_S = 5.0
MOST_REMEMBERED = 10_000
Clock = Callable[[], datetime]

TAKEN = "250 2.0.0 Taken: see it in the local inbox"
REFUSED = "550 5.1.1 No such mailbox (the local inbox refuses everything for refuse@ on purpose)"
LATER = "451 4.3.0 Try again later (the local inbox takes a letter for later@ at its second try)"


class Porter:
    """Answers at the door and keeps what comes; aiosmtpd calls its `handle_…` methods."""

    def __init__(self, box: Box, *, clock: Clock, slow_s: float = SLOW_S) -> None:
        self._box, self._clock, self._slow_s = box, clock, slow_s
        self._put_off: OrderedDict[str, None] = OrderedDict()

    async def handle_RCPT(  # noqa: N802 - aiosmtpd's name
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        """Take a recipient, or not."""
        if _part_of(address) == "refuse":
            return REFUSED
        envelope.rcpt_tos.append(address)
        envelope.rcpt_options.extend(options)
        return "250 2.1.5 OK"

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802
        """Take a letter, later or slowly if a recipient says so."""
        parts = {_part_of(address) for address in envelope.rcpt_tos}
        raw = envelope.original_content or b""
        if "later" in parts and self._is_first_try(raw):
            return LATER
        if "slow" in parts:
            await asyncio.sleep(self._slow_s)
        self._box.keep(envelope.mail_from or "", envelope.rcpt_tos, raw, now=self._clock())
        return TAKEN

    def _is_first_try(self, raw: bytes) -> bool:
        """By Message-ID, which a second try must keep."""
        name = str(BytesHeaderParser().parsebytes(raw)["Message-ID"])
        if name in self._put_off:
            return False
        self._put_off[name] = None
        if len(self._put_off) > MOST_REMEMBERED:
            self._put_off.popitem(last=False)
        return True


async def serve(porter: Porter, port: int, *, until: asyncio.Event, ready: Callable[[int], None]) -> None:
    """Listen on the loopback (port 0: any) until told to end; `ready` gets the port. OSError when it is taken."""
    loop = asyncio.get_running_loop()

    def greet() -> SMTP:
        return SMTP(porter, enable_SMTPUTF8=True, hostname=HOST_NAME, ident="local inbox", loop=loop)

    server = await loop.create_server(greet, HOST, port)
    ready(server.sockets[0].getsockname()[1])
    try:
        await until.wait()
    finally:
        server.close()


def _part_of(address: str) -> str:
    return address.partition("@")[0].casefold()
