"""Reads every half second what must not be begun any more, so that "off" takes effect in the middle of a run."""

import logging
import threading
from collections.abc import Callable, Collection
from datetime import datetime

from mailer.dispatch.ledger.interface import Ledger, LedgerUnavailable
from mailer.dispatch.ledger.types import OffReading

PERIOD_S = 0.5

log = logging.getLogger(__name__)


class OffSwitch:
    """A thread of its own: it must read on while the clerk waits for a disk. Ends with `close`."""

    def __init__(
        self,
        ledger: Ledger,
        watched: Callable[[], Collection[int]],
        report: Callable[[OffReading], None],
        clock: Callable[[], datetime],
    ) -> None:
        self._ledger = ledger
        self._watched = watched
        self._report = report
        self._clock = clock
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="off-switch", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """End the thread."""
        self._over.set()
        self._thread.join()

    def _watch(self) -> None:
        since = self._clock()
        while not self._over.wait(PERIOD_S):
            try:
                since = self._look(since)
            except LedgerUnavailable:
                # the lease fence stops the sending when this lasts
                log.warning("the off-switch cannot read the database")
            except Exception:  # the thread must live: nobody would notice that off is not off any more
                log.exception("the off-switch could not look")

    def _look(self, since: datetime) -> datetime:
        """One reading; since when the next one reads."""
        run_ids = self._watched()
        if not run_ids:
            return since
        began_at = self._clock()
        reading = self._ledger.read_off(run_ids, since)
        if reading.closed or reading.clients:
            self._report(reading)
        return began_at
