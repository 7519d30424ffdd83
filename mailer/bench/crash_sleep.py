"""Part “crash”, asleep: a consumer whose journal is elsewhere is stopped until lease and grace are over, and wakes up.

With the product's own minutes; the tests of the suite let them run faster.
"""

import signal
import time

from sqlalchemy.exc import OperationalError

from mailer.bench.crash_count import compare
from mailer.bench.crash_scene import PART, Scene, judged, scene
from mailer.bench.figures import Figure, Mark
from mailer.bench.places import Place, Workshop
from mailer.bench.running import BenchError, Child, wait_until

_TRY = {
    "sqlite": "UPDATE run SET held_count = held_count",
    "postgresql": "SELECT id FROM run FOR UPDATE NOWAIT",
}
CLIENTS = 2_000
DELAY_MS = 20.0
WINDOWS = 2 * 500  # the largest: without the journal all of a claim is unanswered
ASLEEP_S = 200.0
AWAKE_S = 10.0
TRIES = 50


def measure(shop: Workshop, place: Place) -> list[Figure]:
    """Takes more than two minutes: a lease, its grace, and a tick."""
    with scene(shop, place, clients=CLIENTS, delay_ms=DELAY_MS) as here:
        elsewhere = place.folder / "elsewhere"
        sleeper = here.consumer(VAR_DIR=str(elsewhere), INSTANCE_DIR=str(elsewhere))
        other = None
        try:
            here.wait_for_letters(0, what="the first letter")
            _put_to_sleep(here, sleeper)
            begun_s = time.monotonic()
            if sleeper.process.pid not in here.holders:
                raise BenchError("the consumer fell asleep with nothing in hand")
            other = here.consumer()
            wait_until(lambda: here.is_done, what="the others to finish without it", timeout_s=ASLEEP_S, pause_s=0.5)
            asleep_s, unanswered = time.monotonic() - begun_s, here.unanswered
            sleeper.process.send_signal(signal.SIGCONT)
            before = here.size
            time.sleep(AWAKE_S)
            late, left = here.size - before, here.unanswered
        finally:
            for consumer in filter(None, (sleeper, other)):
                consumer.end(signal.SIGKILL)
        story, count = f"{place.name}, asleep", compare(here.engine, here.kept)
        return [
            Figure(PART, f"{story}: for", (asleep_s,), "s", note=f"{late} bytes in the receiver's file afterwards"),
            *judged(story, count),
            Figure(
                PART,
                f"{story}: unanswered, before it woke",
                (float(unanswered),),
                mark=Mark(WINDOWS, WINDOWS, at_most=True),
                note=f"afterwards {left}, of which {count.arrived} had arrived",
            ),
        ]


def _put_to_sleep(here: Scene, consumer: Child) -> None:
    """Outside a transaction: one that sleeps with a lock in its hands keeps everybody waiting."""
    for _ in range(TRIES):
        consumer.process.send_signal(signal.SIGSTOP)
        if _is_free(here):
            return
        consumer.process.send_signal(signal.SIGCONT)
    raise BenchError("the consumer held a lock whenever it was stopped")


def _is_free(here: Scene) -> bool:
    try:
        with here.engine.connect() as connection:
            connection.exec_driver_sql(_TRY[here.engine.dialect.name])
            connection.rollback()
    except OperationalError:
        return False
    return True
