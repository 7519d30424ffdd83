"""Part “crash”, in crowds: several consumers at once, of which one after the other is killed, stopped or put to sleep.

On SQLite one of them sends and the others stand by; on PostgreSQL they share the run.
"""

import random
import signal
import time
from collections import Counter
from collections.abc import Callable

from mailer.bench.crash_count import Count, compare
from mailer.bench.crash_scene import CONNECTIONS, PART, Scene, judged, scene, struck
from mailer.bench.figures import Figure, Mark
from mailer.bench.places import Place, Workshop
from mailer.bench.running import BenchError, Child, wait_until

CROWD = 4
DELAY_MS = 50.0
PER_BLOW = 1_500  # more than they send between two blows
LATEST_S, LONGEST_SLEEP_S = 0.5, 2.0
GENTLE_S = 30.0
JOIN_S = 60.0


def measure(shop: Workshop, place: Place, blows: int) -> list[Figure]:
    """So many blows at one database, then the end."""
    with scene(shop, place, clients=PER_BLOW * (blows + 1), delay_ms=DELAY_MS) as here:
        met, story = _Crowd(here).go(blows), f"{place.name}, {CROWD} at once"
        return _figures(story, blows, met, compare(here.engine, here.kept), here.unanswered)


class _Crowd:
    """Keeps up the number of consumers and strikes one of those that have something in hand."""

    def __init__(self, here: Scene) -> None:
        self._here = here
        self._alive: dict[int, Child] = {}
        self._struck: Counter[str] = Counter()
        self._blows: tuple[Callable[[Child], bool], ...] = (self._kill, self._stop, self._put_to_sleep)

    def go(self, blows: int) -> Counter[str]:
        """How often each blow met a consumer with something in hand."""
        try:
            for number in range(blows):
                self._fill_up()
                if self._here.is_done:
                    break
                time.sleep(random.random() * LATEST_S)
                self._strike(self._blows[number % len(self._blows)])
            self._fill_up()
            self._here.wait_for_end()
        finally:
            for consumer in self._alive.values():
                consumer.end(signal.SIGKILL)
        return self._struck

    def _fill_up(self) -> None:
        while len(self._alive) < CROWD:
            consumer = self._here.consumer()
            self._alive[consumer.process.pid] = consumer
        wait_until(
            lambda: self._here.is_done or bool(self._here.holders & self._alive.keys()),
            what="one of the crowd to claim",
            timeout_s=JOIN_S,
        )

    def _strike(self, blow: Callable[[Child], bool]) -> None:
        busy = sorted(self._here.holders & self._alive.keys())
        if busy and blow(self._alive[random.choice(busy)]):
            self._struck[blow.__name__.strip("_")] += 1

    def _kill(self, consumer: Child) -> bool:
        """Each says whether it struck while the consumer had a claim."""
        del self._alive[consumer.process.pid]
        consumer.end(signal.SIGKILL)
        return self._is_busy(consumer)

    def _stop(self, consumer: Child) -> bool:
        del self._alive[consumer.process.pid]
        begun_s = time.monotonic()
        consumer.end(signal.SIGTERM, timeout_s=GENTLE_S)
        if time.monotonic() - begun_s > GENTLE_S or consumer.process.returncode:
            raise BenchError("a gentle stop took too long, or ended badly")
        return True  # it was chosen for its claim, and has settled it

    def _put_to_sleep(self, consumer: Child) -> bool:
        consumer.halt()
        was_busy = self._is_busy(consumer)
        time.sleep(random.random() * LONGEST_SLEEP_S)
        consumer.tell(signal.SIGCONT)
        return was_busy

    def _is_busy(self, consumer: Child) -> bool:
        """Asked of one that is dead or asleep: it settles nothing meanwhile."""
        return consumer.process.pid in self._here.holders


def _figures(story: str, asked: int, met: Counter[str], count: Count, unanswered: int) -> list[Figure]:
    """Only kills may leave letters of unknown fate."""
    bound = CONNECTIONS * met["kill"]
    blows = ", ".join(f"{n} × {name.replace('_', ' ')}" for name, n in sorted(met.items()))
    return [
        struck(story, "blows", met.total(), asked, note=blows),
        *judged(story, count),
        Figure(
            PART,
            f"{story}: unanswered",
            (float(unanswered),),
            mark=Mark(bound, bound, at_most=True),
            note=f"{CONNECTIONS} connections × {met['kill']} kills",
        ),
    ]
