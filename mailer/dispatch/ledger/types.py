"""What the ledger and the loop hand one another: plain values, never rows or ORM objects."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, NamedTuple

from mailer.rules.outcome import Outcome, SkipReason


class Recipient(NamedTuple):
    """One candidate that a claim marked *send*. `number` counts this recipient's attempts in the run from 1."""

    client_id: int
    number: int
    address: str
    name: str


@dataclass(frozen=True, slots=True)
class Recipients:
    """Those of one claim in the journal's order, as columns: nothing has to be made for each of them."""

    client_ids: Sequence[int]
    numbers: Sequence[int]
    addresses: Sequence[str]
    names: Sequence[str]

    @property
    def columns(self) -> tuple[Sequence[Any], ...]:
        """All four, in this order."""
        return self.client_ids, self.numbers, self.addresses, self.names

    def __len__(self) -> int:
        return len(self.client_ids)

    def __getitem__(self, index: int) -> Recipient:
        return Recipient(*(column[index] for column in self.columns))

    def __iter__(self) -> Iterator[Recipient]:
        return map(Recipient, *self.columns)


@dataclass(frozen=True, slots=True)
class Window:
    """A claim in this worker's hands: committed before anybody speaks SMTP about it."""

    claim_id: int
    run_id: int
    recipients: Recipients


class Finished(NamedTuple):
    """What became of one recipient: one row of the log, and perhaps when to try again.

    One is made per letter: a frozen dataclass costs three times as much to make.
    """

    client_id: int
    number: int
    address: str
    started_at: datetime
    took_ms: int
    outcome: Outcome
    reason: SkipReason | None = None
    reply_code: int | None = None
    reply_text: str = ""
    retry_at: datetime | None = None
    is_rebuilt: bool = False


@dataclass(frozen=True, slots=True)
class Accepted:
    """Results of those whose letters went well, as columns: nothing has to be made for each of them.

    `texts` are printable, as every server's words are by the time that they come here.
    """

    client_ids: Sequence[int]
    numbers: Sequence[int]
    addresses: Sequence[str]
    started_at: Sequence[datetime]
    took_ms: Sequence[int]
    codes: Sequence[int]
    texts: Sequence[str]

    def __len__(self) -> int:
        return len(self.client_ids)

    @property
    def rows(self) -> Iterator[Finished]:
        """The same, one by one."""
        who = zip(self.client_ids, self.numbers, self.addresses, self.started_at, self.took_ms, strict=True)
        for facts, code, text in zip(who, self.codes, self.texts, strict=True):
            yield Finished(*facts, Outcome.ACCEPTED, None, code, text)


NOBODY = Accepted((), (), (), (), (), (), ())


@dataclass(frozen=True, slots=True)
class Settlement:
    """Results of one claim. `back` returns to the retry table with the same number, due at `back_at`.

    `is_over` says that nothing of the claim is in hand any more: its row goes. Otherwise it stays
    until a later settlement of the same claim brings the rest.
    """

    claim_id: int
    run_id: int
    finished: tuple[Finished, ...] = ()
    back: tuple[Recipient, ...] = ()
    back_at: datetime | None = None
    is_over: bool = True
    accepted: Accepted = NOBODY

    @property
    def row_by_row(self) -> "Settlement":
        """The same with all results among `finished`, where each has to be looked at."""
        if not self.accepted:
            return self
        return replace(self, finished=(*self.finished, *self.accepted.rows), accepted=NOBODY)


@dataclass(frozen=True, slots=True)
class Order:
    """A wish for the next window of a run: at most `size` recipients."""

    run_id: int
    size: int


@dataclass(frozen=True, slots=True)
class Turn:
    """What one transaction brought: a window or none; claims that were gone (their results were not written)."""

    window: Window | None = None
    # the cursor is at the end and no retry is due now: nothing to claim until `next_retry_at`
    is_dry: bool = False
    # the run may not be claimed from now (paused, off, held, over): the engine lets go of it
    is_closed: bool = False
    next_retry_at: datetime | None = None
    lost_claims: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class RunFacts:
    """What the loop needs to know of an open run to compile its letter and take fair turns."""

    run_id: int
    mailing_id: int
    owner_id: int
    due_on: str
    time_zone: str
    version_id: int
    give_up_at: datetime
    is_draining: bool
    # how often in a row the server was in trouble: what growing pauses grow by
    held_count: int = 0


@dataclass(frozen=True, slots=True)
class OffReading:
    """Read every 500 ms: what of our runs must not be begun any more.

    `closed`: runs that are paused, stopped, off, held, cancelled or whose owner is blocked.
    `suppressed`: (owner_id, address_key) pairs added since the last reading; `clients`: the ids behind them.
    """

    closed: frozenset[int] = frozenset()
    suppressed: frozenset[tuple[int, str]] = field(default_factory=frozenset)
    clients: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True)
class DeadClaim:
    """A claim that another worker holds, or held: recovery asks the journal whether it lives."""

    claim_id: int
    run_id: int
    worker: str
    # (client_id, number, address), in the journal's order; None: settled already
    recipients: tuple[tuple[int, int, str] | None, ...]
    claimed_at: datetime
    leased_until: datetime
    # seconds since the lease ended; negative while it stands (the database's clock)
    over_for_s: float


@dataclass(frozen=True, slots=True)
class DueCursor:
    """Where a batch of due mailings ended: the next one begins above."""

    at: datetime
    mailing_id: int


@dataclass(frozen=True, slots=True)
class Opened:
    """One batch of the tick. `last` is None when there may be no more."""

    run_ids: tuple[int, ...] = ()
    missed_ids: tuple[int, ...] = ()
    last: DueCursor | None = None
