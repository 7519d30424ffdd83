"""Who is alive: leases of claims and of the one sender of SQLite, by the database's clock; and the heartbeat."""

from collections.abc import Collection
from datetime import datetime

from mailer.dispatch.ledger.drivers import Driver, Transaction
from mailer.dispatch.ledger.limits import LEASE_S
from mailer.dispatch.ledger.rows import read_recipients
from mailer.dispatch.ledger.types import DeadClaim, Recipient, Settlement

_RENEW = "UPDATE claim SET leased_until = {later} WHERE worker = %s RETURNING id"
_MINE = "SELECT id, run_id, recipients FROM claim WHERE worker = %s AND {these}"
_OTHERS = """
SELECT id, run_id, worker, recipients, claimed_at, leased_until, {over}
FROM claim WHERE worker <> %s ORDER BY id"""
_TAKE = """
INSERT INTO sender (name, worker, leased_until) VALUES ('sender', %s, {later})
ON CONFLICT (name) DO UPDATE SET worker = excluded.worker, leased_until = excluded.leased_until
WHERE sender.worker = excluded.worker OR sender.leased_until < {now}
RETURNING worker"""
_KEEP = "UPDATE sender SET leased_until = {later} WHERE name = 'sender' AND worker = %s RETURNING worker"
# the next one mends a lost one: no reason to wait for the disk
_BEAT = """
{hastily}INSERT INTO heartbeat (name, beat_at) SELECT %s, %s{from_hastily} WHERE TRUE
ON CONFLICT (name) DO UPDATE SET beat_at = excluded.beat_at"""

# one look instead of seven, each answered by the first entry of a small or partial index
_IS_QUIET = """
SELECT NOT (coalesce((SELECT min(m.next_run_at) FROM mailing m WHERE m.next_run_at IS NOT NULL) <= %s, FALSE)
  OR EXISTS (SELECT 1 FROM run r WHERE r.state = 'open') OR EXISTS (SELECT 1 FROM claim)
  OR EXISTS (SELECT 1 FROM sender))"""


def renew(driver: Driver, worker: str) -> set[int]:
    """See `Ledger.renew`."""
    with driver.transaction() as work:
        return {row[0] for row in work.rows(_RENEW.format(later=driver.later(LEASE_S)), (worker,))}


def untouched(driver: Driver, worker: str, claim_ids: Collection[int]) -> list[Settlement]:
    """The settlements that put all of these claims back to be sent."""
    with driver.reading() as work:
        found = work.rows(_MINE.format(these=driver.among("id")), (worker, driver.ids(claim_ids)))
    return [
        Settlement(claim_id, run_id, back=tuple(Recipient(*one, name="") for one in read_recipients(text) if one))
        for claim_id, run_id, text in found
    ]


def dead_claims(driver: Driver, worker: str) -> list[DeadClaim]:
    """See `Ledger.dead_claims`."""
    with driver.reading() as work:
        found = work.rows(_OTHERS.format(over=driver.seconds_since("leased_until")), (worker,))
    return [
        DeadClaim(
            claim_id=row[0],
            run_id=row[1],
            worker=row[2],
            recipients=tuple(read_recipients(row[3])),
            claimed_at=driver.read_moment(row[4]),
            leased_until=driver.read_moment(row[5]),
            over_for_s=row[6],
        )
        for row in found
    ]


def take_sender(driver: Driver, worker: str) -> bool:
    """See `Ledger.take_sender`."""
    if not driver.is_single:
        return True
    with driver.transaction() as work:
        return bool(work.rows(_TAKE.format(later=driver.later(LEASE_S), now=driver.now), (worker,)))


def renew_sender(driver: Driver, worker: str) -> bool:
    """See `Ledger.renew_sender`."""
    if not driver.is_single:
        return True
    with driver.transaction() as work:
        return bool(work.rows(_KEEP.format(later=driver.later(LEASE_S)), (worker,)))


def sender(driver: Driver) -> str | None:
    """See `Ledger.sender`."""
    with driver.reading() as work:
        found = work.rows("SELECT worker FROM sender WHERE name = 'sender'")
    return found[0][0] if found else None


def leave_sender(driver: Driver, worker: str) -> None:
    """See `Ledger.leave_sender`."""
    if driver.is_single:
        with driver.transaction() as work:
            work.run("DELETE FROM sender WHERE name = 'sender' AND worker = %s", (worker,))


def beat(driver: Driver, name: str, now: datetime) -> None:
    """See `Ledger.beat`."""
    with driver.transaction() as work:
        _beat(work, name, now)


def beat_if_quiet(driver: Driver, name: str, now: datetime) -> bool:
    """See `Ledger.beat_if_quiet`: one transaction, for that is what a tick with nothing to do costs."""
    with driver.transaction() as work:
        is_quiet = bool(work.rows(_IS_QUIET, (driver.moment(now),))[0][0])
        if is_quiet:
            _beat(work, name, now)
    return is_quiet


def _beat(work: Transaction, name: str, now: datetime) -> None:
    driver = work.driver
    hastily, from_hastily = driver.hastily
    work.run(_BEAT.format(hastily=hastily, from_hastily=from_hastily), (name, driver.moment(now)))
