"""One shift: from having work to having none. A thread of its own serves all open runs over shared connections.

The slices of the queue only allow it to claim; what is in hand it finishes by itself, so that no connection
and no lease is ever left alone. Ends by itself when idle, or gently when told to stop.
"""

import gc
import logging
import threading
from collections.abc import Collection

from mailer.dispatch.journal import Journal
from mailer.dispatch.ledger import open_driver
from mailer.dispatch.ledger.types import OffReading
from mailer.dispatch.letters import Letters, Postmark
from mailer.dispatch.loop.bag import Bag
from mailer.dispatch.loop.books import Books
from mailer.dispatch.loop.chores import Chores
from mailer.dispatch.loop.clerk import Clerk
from mailer.dispatch.loop.garbage import Garbage
from mailer.dispatch.loop.parts import Parts
from mailer.dispatch.offswitch import OffSwitch
from mailer.dispatch.pace import Pace
from mailer.mail.wire import Wire

LINGER_S = 3.0  # connections stay for the work that may come next
SETTLE_S = 4.0

log = logging.getLogger(__name__)


class Shift:
    """Everything public may be called from any thread."""

    def __init__(self, parts: Parts, journal: Journal, worker: str, *, mailing_id: int | None = None) -> None:
        """The journal is closed when the shift ends, and its file removed where nobody needs it."""
        sending = parts.config.sending
        self._parts, self._journal = parts, journal
        self._monotonic, self._clock, self._stop_s = parts.monotonic, parts.clock, parts.stop_s
        self._pace = Pace(sending.rate_per_minute, parts.monotonic)
        self._postmark = Postmark(parts.config, parts.key)
        self._bag = Bag(self._journal, self._pace, self._postmark, parts.monotonic, parts.clock())
        quota = parts.lessons.begin(parts.server, parts.limits)
        self._wire = Wire(parts.server, monotonic=parts.monotonic, limits=parts.limits, quota=quota)
        self._clerk = Clerk("clerk", self._wire.wake)
        letters = Letters(open_driver(parts.database), self._postmark.sender, parts.footers)
        self.books = Books(
            parts,
            letters,
            self._journal,
            self._bag,
            self._clerk,
            worker=worker,
            window=window_size(sending.window, sending.connections, self._pace.per_s),
        )
        self.chores = Chores(
            parts, self.books, self._bag, self._clerk, self._wire, worker=worker, mailing_id=mailing_id
        )
        self._off: OffSwitch | None = None
        self._claim_until_s = 0.0
        self._stop_at_s: float | None = None
        self._garbage = Garbage(parts.monotonic)
        self._idle_since_s = 0.0
        self._is_broken = False
        self.news = threading.Condition()
        self.is_idle = False
        self.is_ending = False
        self._thread = threading.Thread(target=self._run, name="shift", daemon=True)

    def start(self, claim_until_s: float) -> None:
        """Begin; windows are claimed until this monotonic second. Raises RuntimeError where no thread is to be had."""
        self._claim_until_s = claim_until_s
        try:
            self._off = OffSwitch(self._parts.ledger, self._watched, self._report, self._clock)
            self._thread.start()
        except RuntimeError:
            self._leave()
            raise

    def allow(self, claim_until_s: float) -> bool:
        """Another slice: claim until then, and look for work now. False: this shift is ending, start another."""
        with self.news:
            if self.is_ending:
                return False
            self._claim_until_s = claim_until_s
            self.is_idle = False
            self.chores.look_now()
        self._wire.wake()
        return True

    def stop(self) -> None:
        """Gently: nothing new is begun, what is on the wire is finished and written."""
        self.chores.is_leaving = True
        self._wire.wake()

    def join(self, timeout_s: float) -> bool:
        """True when the thread has ended."""
        self._thread.join(timeout_s)
        return not self._thread.is_alive()

    # -- the thread ------------------------------------------------------------------------------------------

    def _run(self) -> None:
        gc.disable()  # see `Garbage`
        try:
            while not self._is_done():
                self._turn()
        except Exception:
            self._is_broken = True
            self.chores.trouble = "the sending loop broke off"
            log.exception("the sending loop broke off; what it held is recovered from its journal")
        finally:
            self._leave()
            gc.enable()
            with self.news:
                self.is_ending = self.is_idle = True
                self.news.notify_all()

    def _turn(self) -> None:
        bag, books, chores = self._bag, self.books, self.chores
        bag.set_time(self._clock())
        self._clerk.deliver()  # the last turn may have waited for a disk: "off" is heard before a letter begins
        self._wire.turn(bag, self._wait_s())
        self._clerk.deliver()
        if chores.is_leaving and not bag.is_shut:
            self._shut()
        may_claim = not chores.is_leaving and self._monotonic() < self._claim_until_s
        chores.do_what_is_due(may_look=not chores.is_leaving)
        books.turn(may_claim=may_claim and not chores.is_holding, at_once=bag.is_shut)
        self._garbage.collect_when_due(books.windows)

    def _wait_s(self) -> float:
        wait_s = min(self.books.wait_s(), self.chores.wait_s())
        return min(wait_s, self._pace.wait_s()) if self._pace.per_s and self._bag.waiting() else wait_s

    def _is_done(self) -> bool:
        """Idle for long enough, or nothing more to wait for on a stop."""
        now_s = self._monotonic()
        is_quiet = self.books.is_clean and not self._wire.in_flight
        if self._stop_at_s is not None:
            return is_quiet or now_s >= self._stop_at_s
        may_claim = now_s < self._claim_until_s
        if not is_quiet or self.chores.is_busy or (may_claim and not self.chores.found_nothing):
            self._idle_since_s = now_s
            return False
        with self.news:
            if not self.is_idle:
                self._idle_since_s = now_s
                self.is_idle = True
                self.news.notify_all()
            self.is_ending = now_s >= self._idle_since_s + LINGER_S
            return self.is_ending

    def _shut(self) -> None:
        self._bag.is_shut = True
        self._stop_at_s = self._monotonic() + self._stop_s
        self._wire.stop_taking()
        self._take_all_back()

    def _take_all_back(self) -> None:
        for hand in list(self.books.hands.values()):
            self._bag.take_back(hand)

    def _leave(self) -> None:
        """Hang up, write the last results, let go of lease and journal. Whatever fails here, recovery mends."""
        self._bag.is_shut = True
        parts = (
            self._take_all_back,
            lambda: self._wire.close(self._bag, grace_s=0),
            self._wire.cut,
            self._parts.lessons.end,
            self._write_the_rest,
            self._end_watch,
            self.chores.leave,
            self._clerk.close,
            self._let_go,
        )
        for part in parts:
            try:
                part()
            except Exception:
                self._is_broken = True
                log.exception("the sending loop did not end in good order; recovery mends it")

    def _write_the_rest(self) -> None:
        until_s = self._monotonic() + SETTLE_S
        while not self.books.is_clean and self._monotonic() < until_s:
            self.books.turn(may_claim=False, at_once=True)
            self._clerk.wait(0.05)
            self._clerk.deliver()

    def _end_watch(self) -> None:
        if self._off is not None:
            self._off.close()

    def _let_go(self) -> None:
        """Of the journal: a claim may stand that nobody here knows of, and its recovery wants the file."""
        is_needed = self._is_broken or self.books.has_failed or not self.books.is_clean
        self._journal.close(remove=not is_needed)

    # -- the off-switch --------------------------------------------------------------------------------------

    def _watched(self) -> Collection[int]:
        """In the off-switch's thread: a copy, for the loop goes on meanwhile."""
        return {hand.run.run_id for hand in list(self.books.hands.values())}

    def _report(self, reading: OffReading) -> None:
        self._clerk.post(self._switch_off, reading)

    def _switch_off(self, reading: OffReading) -> None:
        for run_id in reading.closed:
            self.books.rota.drop(run_id)
        for hand in list(self.books.hands.values()):
            if hand.run.run_id in reading.closed:
                self._bag.take_back(hand)
            hand.bar(reading.clients)


def window_size(wanted: int, connections: int, per_s: float) -> int:
    """K: enough for all connections, at most 500; small where the pace is slow, so that workers share."""
    size = min(500, max(100, 2 * connections, wanted))
    return size if not per_s else max(10, min(size, int(per_s * 10)))
