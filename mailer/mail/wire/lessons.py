"""What a mail server has taught is kept from one wire to the next: each would else pay for it again, with
connections, with round trips, and where the server hangs up early with replies.
"""

import time
from collections.abc import Callable

from mailer.mail.wire.quota import Quota
from mailer.mail.wire.settings import Limits, Server

KEPT_S = 3_600.0  # servers change, and to believe in more letters than one takes by now costs a reply


class Lessons:
    """For one server and one wire at a time."""

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._quota: Quota | None = None
        self._until_s = 0.0

    def begin(self, server: Server, limits: Limits) -> Quota:
        """For a new wire: what was learned within the last hour of sending, or a fresh beginning."""
        if self._quota is None or self._monotonic() >= self._until_s:
            self._quota = Quota(server.settings.letters_per_connection, limits.letters)
        self.end()
        return self._quota

    def end(self) -> None:
        """The wire is closed: the hour begins."""
        self._until_s = self._monotonic() + KEPT_S
