"""What the loop has the clerk do from time to time: look for runs, renew leases, hold runs, close complete ones."""

import logging
import math
import threading

from mailer.dispatch.ledger.interface import LedgerUnavailable
from mailer.dispatch.ledger.limits import FENCE_S
from mailer.dispatch.ledger.types import RunFacts
from mailer.dispatch.loop.bag import Bag
from mailer.dispatch.loop.books import RETRY_S, Books
from mailer.dispatch.loop.clerk import Clerk
from mailer.dispatch.loop.parts import Parts
from mailer.dispatch.loop.rest import put_to_rest
from mailer.mail.smtp.events import Step
from mailer.mail.wire import Wire
from mailer.models import HeldReason

LOOK_S = 1.0
LOOK_AT_MOST = 500
RENEW_S = 15.0
# of signing in (RFC 4954 §6), which a server may first ask for when we name our sender
SIGN_IN = frozenset({530, 534, 535, 538})

log = logging.getLogger(__name__)


class Chores:
    """`found_nothing`: the last look saw no run to serve. `is_holding`: runs are being put to rest, or must be."""

    def __init__(
        self,
        parts: Parts,
        books: Books,
        bag: Bag,
        clerk: Clerk,
        wire: Wire,
        *,
        worker: str,
        mailing_id: int | None,
    ) -> None:
        self._parts, self._ledger = parts, parts.ledger
        self._clock, self._monotonic = parts.clock, parts.monotonic
        self._books, self._bag, self._clerk, self._wire = books, bag, clerk, wire
        self._worker, self._mailing_id = worker, mailing_id
        self._looked_s = 0.0
        self._is_looking = False
        self._is_wanted = self._is_deaf = False
        self._renewed_s = self._monotonic()
        self._counted: set[int] = set()
        self._counting: threading.Thread | None = None
        self.found_nothing = False
        self.is_holding = False
        self._hold_again_s = math.inf
        self.is_leaving = False
        self.trouble = ""

    def do_what_is_due(self, *, may_look: bool) -> None:
        """Once per turn of the loop."""
        now_s = self._monotonic()
        if (self._wire.resting and not self.is_holding) or now_s >= self._hold_again_s:
            self._hold()
        if now_s >= self._renewed_s + RENEW_S:
            self._renewed_s = now_s
            self._clerk.submit(lambda: self._renew(now_s + FENCE_S), self._renewed, self._failed)
        if may_look and not self._is_looking and not self.is_holding and now_s >= self._look_at_s():
            self._looked_s, self._is_looking, self._is_wanted = now_s, True, False
            self._clerk.submit(self._look, self._looked, self._look_failed)

    def wait_s(self) -> float:
        """How long the loop may sleep before the next look; what is being done ends the sleep by itself."""
        if self._is_looking or self.is_holding or self.is_leaving:
            return LOOK_S
        return max(0.0, self._look_at_s() - self._monotonic())

    @property
    def is_busy(self) -> bool:
        """Something is being done, or must be done before anybody may call this idle."""
        return self._is_looking or self.is_holding or self._books.may_be_complete

    def look_now(self) -> None:
        """From any thread: something may be due that was not a moment ago."""
        self._is_wanted = True
        self.found_nothing = False
        self.trouble = ""

    def leave(self) -> None:
        """The last word to the ledger: another may send."""
        if self._counting is not None:
            self._counting.join()
        self._clerk.submit(lambda: self._ledger.leave_sender(self._worker), _ignore, _warn)

    def _failed(self, error: Exception) -> None:
        self._is_deaf = True
        log.warning("the database did not answer: %s", error)

    # -- looking for work ------------------------------------------------------------------------------------

    def _look_at_s(self) -> float:
        """Each second, and as soon as the ring is empty, though not in a frenzy; at once when nothing is in hand."""
        may_be_last = self._books.may_be_complete and self._books.is_clean and not self._is_deaf
        if self._is_wanted or may_be_last:
            return 0.0
        is_idle = self.found_nothing and not self._books.may_be_complete
        is_calm = len(self._books.rota) or is_idle or self._is_deaf
        return self._looked_s + (LOOK_S if is_calm else LOOK_S / 20)

    def _look(self) -> list[RunFacts]:
        """In the clerk's thread."""
        if self._books.may_be_complete:
            self._books.may_be_complete = False
            while self._ledger.finish_complete(self._clock()):
                pass
        return self._ledger.open_runs(LOOK_AT_MOST, mailing_id=self._mailing_id)

    def _looked(self, runs: list[RunFacts]) -> None:
        self._is_looking = self._is_deaf = False
        self._books.rota.refresh(runs)
        self.found_nothing = not (runs or self._is_wanted)
        self._count_next()

    def _look_failed(self, error: Exception) -> None:
        self._is_looking = False
        self._failed(error)

    def _count_next(self) -> None:
        """How big is a run that goes on for a while? One at a time, beside the clerk: it may take a second."""
        if self._counting is not None and self._counting.is_alive():
            return
        big = (hand.run.run_id for hand in self._books.hands.values() if hand.run.run_id in self._books.rota)
        run_id = next((run_id for run_id in big if run_id not in self._counted), None)
        if run_id is not None:
            self._counted.add(run_id)
            self._counting = threading.Thread(target=self._count, args=(run_id,), name="count", daemon=True)
            self._counting.start()

    def _count(self, run_id: int) -> None:
        try:
            self._ledger.count_expected(run_id)
        except LedgerUnavailable as error:
            log.warning("run %d is not counted: %s", run_id, error)

    # -- leases ----------------------------------------------------------------------------------------------

    def _renew(self, lease_s: float) -> tuple[set[int], float, bool]:
        """In the clerk's thread."""
        return self._ledger.renew(self._worker), lease_s, self._ledger.renew_sender(self._worker)

    def _renewed(self, renewed: tuple[set[int], float, bool]) -> None:
        standing, lease_s, is_sender = renewed
        hands = self._books.hands
        self._books.forget(hands.keys() - standing)
        for hand in hands.values():
            hand.lease_s = max(hand.lease_s, lease_s)
        orphans = standing - hands.keys()
        if orphans:  # a commit whose answer was lost: nothing of them was begun
            self._clerk.submit(lambda: self._ledger.give_back(self._worker, orphans), _ignore, self._failed)
        if not is_sender:
            log.error("another process sends now: this one stops")
            self.is_leaving = True

    # -- trouble ---------------------------------------------------------------------------------------------

    def _hold(self) -> None:
        """The server or the account fails: nobody is used up, every run waits with the server's words."""
        self.is_holding, self._hold_again_s = True, math.inf
        step, code, text = self._bag.trouble_seen or (Step.CONNECT, 0, "")
        self.trouble = f"{step}: {code} {text}" if code else f"{step}: {text}"
        log.error("trouble with the mail server at %s", self.trouble)
        for hand in list(self._books.hands.values()):
            self._bag.take_back(hand)
        in_hand = {hand.run.run_id: hand.run for hand in self._books.hands.values()}
        is_sender = step is Step.MAIL and 500 <= code <= 599 and code not in SIGN_IN
        reason = HeldReason.SENDER_REFUSED if is_sender else HeldReason.SERVER
        words = self.trouble
        self._clerk.submit(
            lambda: put_to_rest(self._parts, self._mailing_id, reason, words, in_hand), self._held, self._hold_failed
        )

    def _held(self, _nothing: None) -> None:
        self.is_holding = False
        self._books.rota.refresh(())
        self._wire.resume()
        self._is_wanted = True

    def _hold_failed(self, error: Exception) -> None:
        """Nothing is claimed or looked for until it is done; asked at once again, it would be thousands a second."""
        self._hold_again_s = self._monotonic() + RETRY_S
        self._failed(error)


def _ignore(_nothing: object) -> None:
    """The job was all that mattered."""


def _warn(error: Exception) -> None:
    log.warning("the lease runs out by itself: %s", error)
