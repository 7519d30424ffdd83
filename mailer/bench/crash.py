"""Part “crash”: a real `huey_consumer tasks.huey`, killed again and again in mid-run; then everything is counted.

The receiver has each letter on disk before it answers, so that what it holds is the truth. A long run goes on with
a crowd of consumers and with one that sleeps longer than its lease.
"""

import random
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from mailer.bench import crash_crowd, crash_sleep
from mailer.bench.crash_count import Count, compare
from mailer.bench.crash_scene import CONNECTIONS, PART, Scene, judged, scene, struck
from mailer.bench.figures import Figure, Mark
from mailer.bench.places import Place, Workshop
from mailer.bench.running import BenchError, Child
from mailer.bench.sizes import Sizes

DELAY_MS = 5.0
PER_KILL = 600  # about what ten connections send before the latest kill, at that delay
LATEST_S = 0.3
LONG = 10  # kills: who asks for so many has time for the other stories
AT_MOST_ONE_EACH = Mark(CONNECTIONS, CONNECTIONS, at_most=True)


@dataclass
class Story:
    """What the kills at one place came to. `in_hand`: how many met somebody with a claim."""

    kills: int = 0
    in_hand: int = 0
    unanswered: list[int] = field(default_factory=list)
    first_letter_s: list[float] = field(default_factory=list)


def measure(shop: Workshop, sizes: Sizes) -> list[Figure]:
    """Both databases, one after the other."""
    figures = [figure for place in shop.places() for figure in _at(shop, place, sizes.kills)]
    if sizes.kills >= LONG:
        figures += [figure for place in shop.places() for figure in crash_crowd.measure(shop, place, sizes.kills)]
        figures += [figure for place in shop.places() for figure in crash_sleep.measure(shop, place)]
    return figures


def _at(shop: Workshop, place: Place, kills: int) -> list[Figure]:
    with scene(shop, place, clients=PER_KILL * (kills + 1), delay_ms=DELAY_MS) as here:
        story = _Killer(here).go(kills)
        return _figures(place.name, story, compare(here.engine, here.kept))


class _Killer:
    """Starts consumers and kills them."""

    def __init__(self, here: Scene) -> None:
        self._here = here
        self._story = Story()

    def go(self, kills: int) -> Story:
        """So many kills, then one that may finish."""
        for _ in range(kills):
            self._with_consumer(self._kill)
        self._with_consumer(self._let_finish)
        return self._story

    def _with_consumer(self, act: Callable[[Child], None]) -> None:
        """Start one, see its first letter, act."""
        before, begun_s = self._here.size, time.monotonic()
        consumer = self._here.consumer()
        try:
            self._here.wait_for_letters(before, what="the first letter after a start")
            self._story.first_letter_s.append(time.monotonic() - begun_s)
            act(consumer)
        finally:
            consumer.end(signal.SIGKILL)

    def _kill(self, consumer: Child) -> None:
        time.sleep(random.random() * LATEST_S)
        self._story.unanswered.append(self._here.unanswered)
        if not consumer.is_running:
            raise BenchError("the consumer ended by itself before it was killed")
        consumer.end(signal.SIGKILL)
        self._story.kills += 1
        # the dead settle nothing any more: a claim that stands was in hand
        self._story.in_hand += consumer.process.pid in self._here.holders

    def _let_finish(self, _consumer: Child) -> None:
        self._here.wait_for_end()
        self._story.unanswered.append(self._here.unanswered)


def _figures(name: str, story: Story, count: Count) -> list[Figure]:
    """`unanswered` was read before each kill: the differences belong to the kill before."""
    per_kill = [after - before for before, after in zip(story.unanswered, story.unanswered[1:], strict=False)]
    mean = sum(per_kill) / len(per_kill)

    def one(words: str, value: float, mark: Mark | None = None, *, note: str = "") -> Figure:
        return Figure(PART, f"{name}: {words}", (float(value),), "", mark, note=note)

    return [
        struck(name, "kill -9", story.in_hand, story.kills, note=f"{story.kills} kills"),
        *judged(name, count),
        one("unanswered per kill, most", max(per_kill), AT_MOST_ONE_EACH, note=f"{CONNECTIONS} connections"),
        one("unanswered per kill, mean", mean, note=f"{count.arrived} of {sum(per_kill)} had arrived"),
        Figure(PART, f"{name}: start to first letter", tuple(story.first_letter_s), "s", note="imports included"),
    ]
