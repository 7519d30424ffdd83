"""Makes new lines: where the server is, under which settings, with which certificate trusted."""

import ssl
from collections.abc import Callable, Collection
from dataclasses import replace

from mailer.mail.smtp.settings import Tls
from mailer.mail.wire.line import Line
from mailer.mail.wire.names import Address, Names
from mailer.mail.wire.poller import Poller
from mailer.mail.wire.quota import Quota
from mailer.mail.wire.settings import Server


class Opener:
    """One server's door. The default context checks certificate and host name."""

    def __init__(
        self, server: Server, poller: Poller, wake: Callable[[], None], context: ssl.SSLContext | None
    ) -> None:
        self._server = server
        self._poller = poller
        # reading the system's certificates takes 50 ms: not where there is no TLS
        uses_tls = server.settings.tls is not Tls.NONE
        self._context = context or (
            ssl.create_default_context() if uses_tls else ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        )
        self._names = Names(server.host, server.port, wake)

    def lines(self, count: int, quota: Quota, others: Collection[Line], *, now_s: float, limit_s: float) -> list[Line]:
        """Lines still to be connected beside these; none while the name is looked up. Raises OSError."""
        addresses = self._names.addresses(now_s, limit_s)
        if not addresses:
            return []
        among, made = len(others) + count, list[Line]()
        is_scouted = any(line.dialogue.is_scout for line in others)
        for _ in range(count):
            line = self._line(addresses, *quota.for_next(among, is_scouted=is_scouted))
            is_scouted = is_scouted or line.dialogue.is_scout
            made.append(line)
        return made

    def answered(self, line: Line) -> None:
        """The server spoke at this line's address: the next ones begin there."""
        if line.address:
            self._names.prefer(line.address)

    def _line(self, addresses: list[Address], letters: int, proven: int) -> Line:
        settings = replace(self._server.settings, letters_per_connection=letters, proven_letters=proven)
        return Line(addresses, settings, host=self._server.host, context=self._context, poller=self._poller)
