"""The ledger as the loop, the tick and recovery see it: few verbs, plain values, each one short transaction.

Nothing behind it speaks SMTP. Raises `LedgerUnavailable` when the database cannot be reached: whether the
transaction was committed is then unknown, and doing the same again is safe (a claim settles once).
"""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Protocol

from mailer.dispatch.ledger.types import (
    DeadClaim,
    DueCursor,
    OffReading,
    Opened,
    Order,
    RunFacts,
    Settlement,
    Turn,
)
from mailer.models import HeldReason


class LedgerUnavailable(Exception):
    """The database did not answer. Nothing is known of the transaction's fate; try the same again."""


class Ledger(Protocol):
    """One per process; safe to call from several threads."""

    def turn(self, settlements: Sequence[Settlement], order: Order | None, *, worker: str) -> Turn:
        """Write results and take the next window, in one transaction; see `turns`."""

    def turns(
        self, settlements: Sequence[Settlement], orders: Sequence[Order], *, worker: str
    ) -> list[Turn]:
        """The same for several runs at once (many small runs share one commit): one Turn per order, in order.

        Each run is ordered once at most; raises ValueError otherwise.
        `lost_claims` stands in the first Turn; without orders one Turn is returned all the same.
        A Turn with neither window nor `is_dry` nor `is_closed` saw only skips: ask again.
        """

    def drain(self, run_id: int, size: int) -> Turn:
        """Write skipped rows of a run that is being drained, and claim nobody; `is_closed`: it is not being drained."""

    def beat_if_quiet(self, name: str, now: datetime) -> bool:
        """Nothing is due or open, no claim and no sender is there: then a tick has only to beat, and has done so."""

    def open_runs(self, limit: int, *, mailing_id: int | None = None) -> list[RunFacts]:
        """Runs that have something to claim now, oldest first; draining ones too (they need no letter)."""

    def open_due(
        self, now: datetime, *, after: DueCursor | None = None, mailing_id: int | None = None
    ) -> Opened:
        """Open the runs of up to 500 due mailings, in one transaction. One whose last run is open waits."""

    def renew(self, worker: str) -> set[int]:
        """Lease all claims of this worker for another LEASE_S; the ids of those that still stand."""

    def give_back(self, worker: str, claim_ids: Collection[int]) -> None:
        """Claims of ours of which nothing was begun (a commit whose answer was lost): to be sent again at once."""

    def read_off(self, run_ids: Collection[int], since: datetime) -> OffReading:
        """Which of these runs must not begin another letter, and who was suppressed since, or since they were claimed.

        A little of what was told before is told again.
        """

    def hold(
        self, run_ids: Collection[int], reason: HeldReason, words: str, until: datetime | None
    ) -> set[int]:
        """Open runs wait, with the server's words in sight; ids of those newly held. None: till released by hand."""

    def release_due(self) -> set[int]:
        """Take runs up again whose `held_until` has come (server trouble only)."""

    def pause_s(self) -> float | None:
        """Seconds until `release_due` has something to do; None: no run waits for a server."""

    def count_expected(self, run_id: int) -> int:
        """Count the audience up to the run's last client, beside the sending; kept in `run.expected`."""

    def finish_complete(self, now: datetime) -> list[int]:
        """Close runs that are complete and whose rows add up; ids. A mismatch stays open and is logged."""

    def dead_claims(self, worker: str) -> list[DeadClaim]:
        """All claims of other workers, with how long their lease has been over (negative: it stands)."""

    def settle_dead(self, claim: DeadClaim, settlement: Settlement) -> bool:
        """Settle for a dead worker what is not written yet; False when the claim is gone or was renewed."""

    def take_sender(self, worker: str) -> bool:
        """May this worker send? SQLite: one process at a time, for LEASE_S. PostgreSQL: always."""

    def renew_sender(self, worker: str) -> bool:
        """Hold on to it; False when another has it."""

    def sender(self) -> str | None:
        """The worker that took the sender's place, whether or not its lease still stands."""

    def leave_sender(self, worker: str) -> None:
        """Let the next one send at once."""

    def close_dead_ends(self, now: datetime) -> set[int]:
        """Drain open runs that can never be sent any more: stopped, deleted, blocked, or held past their time."""

    def beat(self, name: str, now: datetime) -> None:
        """Write the heartbeat row of this name."""
