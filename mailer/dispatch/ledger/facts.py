"""A run's row under lock, with what its mailing and owner say: everything that decides whether it may be claimed."""

import logging
from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import date, datetime
from enum import Enum, auto
from functools import cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from mailer.dispatch.ledger.drivers import Driver, Row, Transaction
from mailer.models import HeldReason, RunState
from mailer.rules.outcome import SkipReason

log = logging.getLogger(__name__)

# SQL conditions shared with the readings: m is the mailing, u its owner, r the run
IS_OFF = (
    "(m.paused_at IS NOT NULL OR m.stopped_at IS NOT NULL OR m.disabled_at IS NOT NULL"
    " OR m.archived_at IS NOT NULL OR u.blocked_at IS NOT NULL OR u.deleted_at IS NOT NULL)"
)
# asked per run, the first entry of an index: EXISTS may choose to read all retries (265 ms for 0.2 at a million)
NEXT_TRY = "(SELECT min(t.due_at) FROM retry t WHERE t.run_id = r.id)"
FROM = 'FROM run r JOIN mailing m ON m.id = r.mailing_id JOIN "user" u ON u.id = r.owner_id'

_FACTS = f"""
SELECT r.id, r.mailing_id, r.owner_id, r.state, r.held_reason, r.held_until, r.held_count, r.drain_reason,
  r.cursor, r.upto_client_id, r.is_exhausted, r.opened_at, r.give_up_at, r.accepted, r.refused,
  r.brake_released_at IS NOT NULL, m.audience, {IS_OFF}, u.time_zone, u.trusted_at IS NOT NULL, {{now}},
  {NEXT_TRY}
{FROM} WHERE {{these}} ORDER BY r.id"""


class Gate(Enum):
    """May the run be claimed from now?"""

    OPEN = auto()
    DRAIN = auto()
    CLOSED = auto()


@dataclass(slots=True)
class RunRow:
    """One run as the transaction sees it; `cursor` and `is_exhausted` move while windows are filled."""

    run_id: int
    mailing_id: int
    owner_id: int
    state: RunState
    held_reason: HeldReason | None
    held_until: datetime | None
    held_count: int
    drain_reason: SkipReason | None
    cursor: int
    upto_client_id: int
    is_exhausted: bool
    opened_at: datetime
    give_up_at: datetime | None
    accepted: int
    refused: int
    is_brake_released: bool
    audience: str
    is_off: bool
    zone: ZoneInfo
    is_trusted: bool
    # the database's clock when the row was read
    now: datetime
    next_retry_at: datetime | None

    @property
    def is_over_time(self) -> bool:
        """Nobody is tried again any more."""
        return self.give_up_at is not None and self.give_up_at <= self.now

    def local_day(self, at: datetime) -> date:
        """The owner's date at that moment: the day it is counted to."""
        return at.astimezone(self.zone).date()

    def gate(self) -> Gate:
        """Draining needs no permission: nobody is written to. Trouble with a server ends at its time."""
        if self.state is not RunState.OPEN:
            return Gate.CLOSED
        if self.drain_reason is not None:
            return Gate.DRAIN
        if self.is_off or (self.held_reason is not None and not self._has_waited()):
            return Gate.CLOSED
        return Gate.OPEN

    def _has_waited(self) -> bool:
        ends_by_itself = self.held_reason in {HeldReason.SERVER, HeldReason.SENDER_REFUSED}
        return ends_by_itself and self.held_until is not None and self.held_until <= self.now


def lock(work: Transaction, run_ids: Collection[int]) -> None:
    """Lock these runs until COMMIT, in the order of their ids: else two workers wait for one another.

    A statement of its own: what is read beside a row that was waited for would be older than it.
    """
    driver = work.driver
    if driver.lock_r:
        sql = f"SELECT r.id FROM run r WHERE {driver.among('r.id')} ORDER BY r.id{driver.lock_r}"  # noqa: S608
        work.run(sql, (driver.ids(sorted(run_ids)),))


def read_runs(work: Transaction, run_ids: Collection[int]) -> Callable[[], dict[int, RunRow]]:
    """Ask for these runs; the answer is read later. Missing ones are missing."""
    driver = work.driver
    answer = work.ask(_FACTS.format(these=driver.among("r.id"), now=driver.now), (driver.ids(sorted(run_ids)),))
    return lambda: {row[0]: _read(driver, row) for row in answer()}


@cache
def zone_of(name: str) -> ZoneInfo:
    """The zone; UTC for one that this host does not know (any more), and an alarm: letters go out all the same."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        log.error("ALARM the time zone %r is not known here: days are counted in UTC", name)
        return ZoneInfo("UTC")


def _read(driver: Driver, row: Row) -> RunRow:
    def moment(place: int) -> datetime | None:
        return None if row[place] is None else driver.read_moment(row[place])

    return RunRow(
        run_id=row[0],
        mailing_id=row[1],
        owner_id=row[2],
        state=RunState(row[3]),
        held_reason=HeldReason(row[4]) if row[4] else None,
        held_until=moment(5),
        held_count=row[6],
        drain_reason=SkipReason(row[7]) if row[7] else None,
        cursor=row[8],
        upto_client_id=row[9],
        is_exhausted=bool(row[10]),
        opened_at=driver.read_moment(row[11]),
        give_up_at=moment(12),
        accepted=row[13],
        refused=row[14],
        is_brake_released=bool(row[15]),
        audience=row[16],
        is_off=bool(row[17]),
        zone=zone_of(row[18]),
        is_trusted=bool(row[19]),
        now=driver.read_moment(row[20]),
        next_retry_at=moment(21),
    )
