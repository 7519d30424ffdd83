"""Between the loop and the ledger: results go out and windows come in, in one transaction at a time.

Runs in the loop's thread but for the jobs, which the clerk runs. Speaks no SMTP.
"""

import logging
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from operator import attrgetter

from sqlalchemy.exc import SQLAlchemyError

from mailer.dispatch.graveyard import bury, dead
from mailer.dispatch.journal import Journal
from mailer.dispatch.ledger.interface import LedgerUnavailable
from mailer.dispatch.ledger.limits import FENCE_S
from mailer.dispatch.ledger.types import Finished, Order, RunFacts, Settlement, Turn, Window
from mailer.dispatch.letters import Letters
from mailer.dispatch.loop.bag import Bag
from mailer.dispatch.loop.clerk import Clerk
from mailer.dispatch.loop.hands import Hand
from mailer.dispatch.loop.parts import Parts
from mailer.dispatch.loop.rota import Rota
from mailer.mail.letter import Letter
from mailer.rules.outcome import Outcome

FLUSH_S = 0.2
RETRY_S = 0.5
# where loads follow each other this fast, and the last was written this quickly, the loop writes the next itself: two
# threads that compute at once wake each other all the time, and to wait for the other costs a letter in twenty
RUSH_S, QUICK_S = 0.035, 0.01
MOST_HANDS = 200  # claims: the journal has room for 256

log = logging.getLogger(__name__)
_OUTCOME_OF = attrgetter("outcome")
Wish = tuple[RunFacts, Order]


@dataclass(frozen=True, slots=True)
class Booked:
    """What one transaction brought, with the compiled letters of its windows' message versions."""

    settlements: Sequence[Settlement]
    wishes: Sequence[Wish]
    turns: Sequence[Turn]
    letters: Mapping[int, Letter | None]
    lease_s: float
    took_s: float


class Books:
    """The windows in hand and what is still to be written about them. `window` is K, the size of a claim."""

    def __init__(
        self,
        parts: Parts,
        letters: Letters,
        journal: Journal,
        bag: Bag,
        clerk: Clerk,
        *,
        worker: str,
        window: int,
    ) -> None:
        self._parts, self._ledger = parts, parts.ledger
        self._letters = letters
        self._journal = journal
        self._bag = bag
        self._clerk = clerk
        self._worker = worker
        self._window = window
        self._monotonic = parts.monotonic
        self.rota = Rota()
        self.hands: dict[int, Hand] = {}
        self.totals: Counter[Outcome] = Counter()
        self.is_busy = False
        self.windows = 0
        self.may_be_complete = False
        self.has_failed = False
        self._unwritten: list[Settlement] = []
        self._flushed_s = parts.monotonic()
        self._took_s = QUICK_S
        self._not_before_s = 0.0

    @property
    def is_clean(self) -> bool:
        """Nothing in hand, nothing to write, nobody writing."""
        return not (self.hands or self._unwritten or self.is_busy)

    def wait_s(self) -> float:
        """How long the loop may sleep before `turn` has something to do."""
        if self.is_busy or not (self._unwritten or self._results()):
            return FLUSH_S
        return max(0.0, self._flushed_s + FLUSH_S - self._monotonic())

    def turn(self, *, may_claim: bool, at_once: bool = False) -> None:
        """Send the clerk with results and orders, when there is cause; `at_once` waits for no full load."""
        now_s = self._monotonic()
        if self.is_busy or now_s < self._not_before_s:
            return
        wishes = self._wishes() if may_claim and not self._unwritten else []
        # the last ones wait for nobody
        is_due = at_once or now_s >= self._flushed_s + FLUSH_S or not self._unfinished()
        if not wishes and not (is_due and (self._results() or self._unwritten)):
            return
        settlements = self._unwritten or self._settlements(now_s, everything=is_due)
        self._unwritten = []
        is_rush = now_s < self._flushed_s + RUSH_S and self._took_s < QUICK_S
        self._flushed_s = now_s
        self.is_busy = True
        hand_over = self._clerk.do_here if is_rush else self._clerk.submit
        failed = partial(self._failed, settlements, [run.run_id for run, _order in wishes])
        hand_over(partial(self._book, settlements, wishes), self._booked, failed)

    def forget(self, claim_ids: set[int]) -> None:
        """These claims are gone from the database: begin nothing more of them.

        The hands stay until what is on the wire is answered: a truth that comes late is still written, and no other
        claim takes the journal's region that it is marked in.
        """
        for claim_id in claim_ids & self.hands.keys():
            hand = self.hands[claim_id]
            if not hand.is_gone:
                log.error("claim %d is gone: another worker settled it", claim_id)
                self._bag.forget(hand)

    def _wishes(self) -> list[Wish]:
        # recipients not finished yet are counted, not claims: a straggler must not cost a window
        room = 2 * self._window - self._unfinished()
        if room < self._window or not len(self.rota) or len(self.hands) > MOST_HANDS:
            return []
        return self.rota.orders(room, most=self._window)

    def _unfinished(self) -> int:
        return sum(hand.left for hand in self.hands.values())

    def _results(self) -> int:
        return sum(hand.results for hand in self.hands.values())

    def _settlements(self, now_s: float, *, everything: bool) -> list[Settlement]:
        """A claim that stays has its list read and written again: others than whole ones go when they have waited."""
        found = []
        for hand in self.hands.values():
            if hand.results and (everything or hand.left == 0 or now_s >= hand.written_s + FLUSH_S):
                hand.written_s = now_s
                found.append(hand.settlement(self._bag.now, now_s))
        return found

    def _book(self, settlements: Sequence[Settlement], wishes: Sequence[Wish]) -> Booked:
        """In the clerk's thread, or the loop's."""
        begun_s = self._monotonic()
        orders = [order for _run, order in wishes]
        turns = self._ledger.turns(settlements, orders, worker=self._worker)
        if found := dead(settlements):
            self._bury(found)
        claimed = {run.version_id for (run, _order), turn in zip(wishes, turns, strict=False) if turn.window}
        letters = self._letters.of(claimed)
        return Booked(settlements, wishes, turns, letters, begun_s + FENCE_S, self._monotonic() - begun_s)

    def _bury(self, found: list[tuple[int, Finished]]) -> None:
        """The log is written already: trouble here must not have it written again."""
        try:
            bury(self._parts.database, found, now=self._parts.clock())
        except SQLAlchemyError as error:
            log.warning("dead addresses were not put on the stop list: %s", error)

    def _booked(self, booked: Booked) -> None:
        self.is_busy = False
        self.rota.trust(run.run_id for run, _order in booked.wishes)
        self._took_s = booked.took_s
        for lost in booked.turns:
            self.forget(set(lost.lost_claims))
        for settlement in booked.settlements:
            self._settled(settlement)
        for (run, _order), turn in zip(booked.wishes, booked.turns, strict=False):
            if turn.window is not None:
                self._take(turn.window, run, booked.letters[run.version_id], booked.lease_s)
            if turn.is_dry or turn.is_closed:
                self.may_be_complete = True
                self.rota.drop(run.run_id)

    def _settled(self, settlement: Settlement) -> None:
        self.totals.update(map(_OUTCOME_OF, settlement.finished))
        self.totals[Outcome.ACCEPTED] += len(settlement.accepted)
        if settlement.is_over and settlement.claim_id in self.hands:
            del self.hands[settlement.claim_id]
            self._journal.end(settlement.claim_id)
            self.may_be_complete |= settlement.run_id not in self.rota

    def _take(self, window: Window, run: RunFacts, letter: Letter | None, lease_s: float) -> None:
        slot = self._journal.begin(window.claim_id, len(window.recipients))
        hand = Hand(window, run, letter, slot, lease_s, written_s=self._monotonic())
        self.hands[window.claim_id] = hand
        self.windows += 1
        self._bag.put(hand)

    def _failed(self, settlements: list[Settlement], run_ids: list[int], error: Exception) -> None:
        """Whether it was committed is unknown; the same again is safe, for a claim settles once.

        Where the database is there, it may be one run's fault, which must not keep the others from being ordered.
        """
        if not isinstance(error, LedgerUnavailable):
            self.rota.suspect(run_ids)
            log.error("ALARM an order of runs %s failed: %r", run_ids, error)
        self.is_busy = False
        self._unwritten = settlements
        self._took_s = QUICK_S
        self.has_failed = True
        self._not_before_s = self._monotonic() + RETRY_S
        log.error("results wait for the database: %s", error)
