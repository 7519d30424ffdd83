"""Part “crash”, asleep: a consumer whose journal is elsewhere is stopped until lease and grace are over, and wakes up.

With the product's own minutes; the tests of the suite let them run faster. On SQLite it loses the sender's place too.
"""

import random
import signal
import sqlite3
import time
from collections import Counter
from contextlib import closing
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.exc import OperationalError

from mailer.bench.crash_count import compare, letters
from mailer.bench.crash_scene import NONE, PART, Scene, judged, scene
from mailer.bench.figures import Figure, Mark
from mailer.bench.places import Place, Workshop
from mailer.bench.running import BenchError, Child, wait_until
from mailer.dispatch import remains
from mailer.dispatch.journal import WRITING
from mailer.dispatch.ledger.limits import LEASE_S
from mailer.dispatch.ledger.rows import read_recipients
from mailer.dispatch.loop.chores import RENEW_S
from mailer.dispatch.recovery import GRACE_S
from mailer.models import Claim

CLIENTS = 2_000
DELAY_MS = 20.0
WINDOWS = 2 * 500  # the largest: without the journal all of a claim is unanswered
ASLEEP_S = 200.0
AWAKE_S = 10.0
TRIES = 50
# its last lease was renewed so long ago at most: who sleeps for less has lost nothing
LOST = Mark(LEASE_S - RENEW_S + GRACE_S, LEASE_S - RENEW_S + GRACE_S)


def measure(shop: Workshop, place: Place) -> list[Figure]:
    """Takes more than two minutes: a lease, its grace, and a tick."""
    with scene(shop, place, clients=CLIENTS, delay_ms=DELAY_MS) as here:
        elsewhere = place.folder / "elsewhere"
        sleeper = here.consumer(VAR_DIR=str(elsewhere), INSTANCE_DIR=str(elsewhere))
        other = None
        try:
            here.wait_for_letters(0, what="the first letter")
            _put_to_sleep(here, sleeper)
            begun_s, on_the_wire = time.monotonic(), _on_the_wire(here, sleeper, elsewhere / "journal")
            other = here.consumer()
            wait_until(lambda: here.is_done, what="the others to finish without it", timeout_s=ASLEEP_S, pause_s=0.5)
            asleep_s, unanswered = time.monotonic() - begun_s, here.unanswered
            late = _wake(here, sleeper)
        finally:
            for consumer in filter(None, (sleeper, other)):
                consumer.end(signal.SIGKILL)
        return _figures(here, asleep_s, unanswered, late, on_the_wire)


def _figures(here: Scene, asleep_s: float, unanswered: int, late: Counter[str], on_the_wire: set[str]) -> list[Figure]:
    story, count = f"{here.place.name}, asleep", compare(here.engine, here.kept)
    begun = sum(n for address, n in late.items() if address not in on_the_wire)
    written = f"afterwards {here.unanswered}, of which {count.arrived} had arrived"

    def one(words: str, value: float, mark: Mark, note: str = "", unit: str = "") -> Figure:
        return Figure(PART, f"{story}{words}", (float(value),), unit, mark, note=note)

    return [
        one(": for", asleep_s, LOST, unit="s"),
        one(": bodies begun after it woke", begun, NONE, f"{len(on_the_wire)} on the wire, {late.total()} came late"),
        *judged(story, count),
        one(": unanswered, before it woke", unanswered, Mark(WINDOWS, WINDOWS, at_most=True), written),
    ]


def _wake(here: Scene, sleeper: Child) -> Counter[str]:
    """The letters that come now."""
    before = here.size
    sleeper.tell(signal.SIGCONT)
    time.sleep(AWAKE_S)
    if not sleeper.is_running:
        raise BenchError("the consumer woke up and ended: what it would have sent is unknown")
    return letters(here.kept, before)


def _on_the_wire(here: Scene, sleeper: Child, journals: Path) -> set[str]:
    """The addresses of bodies that it has begun and knows no answer to, by its journal and its claims' lists."""
    with here.look() as connection:
        claims = connection.execute(select(Claim.id, Claim.worker, Claim.recipients)).all()
    if {int(claim.worker.rsplit("-", 2)[1]) for claim in claims} != {sleeper.process.pid}:
        raise BenchError("the consumer fell asleep with nothing in hand")
    found = remains.peek(journals, claims[0].worker)
    return {
        one[2]
        for claim in claims
        for one, (state, _code) in zip(read_recipients(claim.recipients), found.get(claim.id, ()), strict=False)
        if one is not None and state == WRITING
    }


def _put_to_sleep(here: Scene, consumer: Child) -> None:
    """Outside a transaction: one that sleeps with a lock in its hands keeps everybody waiting."""
    for _ in range(TRIES):
        consumer.halt()
        if _is_free(here):
            return
        consumer.tell(signal.SIGCONT)
        time.sleep(random.random() * 0.05)  # or the next stop meets the same transaction
    raise BenchError("the consumer held a lock whenever it was stopped")


def _is_free(here: Scene) -> bool:
    """Nobody else writes: SQLite's one write lock is to be had, or the run's row."""
    try:
        if here.engine.dialect.name == "sqlite":
            with closing(sqlite3.connect(str(here.engine.url.database), timeout=0)) as other:
                other.execute("BEGIN IMMEDIATE")
        else:
            with here.engine.connect() as connection:
                connection.exec_driver_sql("SELECT id FROM run FOR UPDATE NOWAIT")
    except (OperationalError, sqlite3.OperationalError):
        return False
    return True
