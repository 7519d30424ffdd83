"""Part “crash”: a real `huey_consumer tasks.huey`, killed again and again in mid-run; then everything is counted.

The receiver has each letter on disk before it answers, so that what it holds is the truth.
"""

import random
import signal
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from sqlalchemy import Engine, func, select

from mailer.bench import receivers, world
from mailer.bench.crash_count import Count, compare
from mailer.bench.figures import Figure, Mark
from mailer.bench.places import Place, Workshop
from mailer.bench.running import BenchError, Child, wait_until
from mailer.bench.sizes import Sizes
from mailer.models import Attempt, Run, RunState
from mailer.rules.outcome import Outcome

PART = "crash"
CONSUMER = (sys.executable, "-m", "huey.bin.huey_consumer", "tasks.huey", "-w", "1", "-k", "thread", "-m", "1")
CONNECTIONS = 10
DELAY_MS = 5.0
PER_KILL = 600  # about what ten connections send before the latest kill, at that delay
LATEST_S = 0.3
FIRST_LETTER_S, END_S = 60.0, 180.0
NONE, AT_MOST_ONE_EACH = Mark(0, 0, at_most=True), Mark(CONNECTIONS, CONNECTIONS, at_most=True)


@dataclass
class Story:
    """What the kills at one place came to."""

    kills: int = 0
    in_hand: int = 0
    unanswered: list[int] = field(default_factory=list)
    first_letter_s: list[float] = field(default_factory=list)


def measure(shop: Workshop, sizes: Sizes) -> list[Figure]:
    """Both databases, one after the other."""
    return [figure for place in shop.places() for figure in _at(shop, place, sizes.kills)]


def _at(shop: Workshop, place: Place, kills: int) -> list[Figure]:
    kept = place.folder / "kept"
    kept.touch()
    with place.database() as engine, receivers.own(delay_ms=DELAY_MS, keep=kept) as receiver:
        owners = world.make_owners(engine, 1)
        world.fill_books(engine, owners, PER_KILL * (kills + 1))
        world.plan(engine, owners)
        story = _Killer(shop, place, engine, kept, receiver.port).go(kills)
        return _figures(place.name, story, compare(engine, kept))


class _Killer:
    """Starts consumers and kills them."""

    def __init__(self, shop: Workshop, place: Place, engine: Engine, kept: Path, port: int) -> None:
        self._log = shop.log("consumer")
        self._env = place.env(MAIL_PORT=str(port), SEND_CONNECTIONS=str(CONNECTIONS))
        self._engine = engine
        self._kept = kept
        self._story = Story()

    def go(self, kills: int) -> Story:
        """So many kills, then one that may finish."""
        for _ in range(kills):
            self._with_consumer(self._kill)
        self._with_consumer(self._let_finish)
        return self._story

    def _with_consumer(self, act: Callable[[Child], None]) -> None:
        """Start one, see its first letter, act."""
        before, begun_s = self._kept.stat().st_size, time.monotonic()
        consumer = Child(CONSUMER, env=self._env, log=self._log)
        try:
            wait_until(
                lambda: self._kept.stat().st_size > before or self._is_done(),
                what="the first letter after a start",
                timeout_s=FIRST_LETTER_S,
            )
            self._story.first_letter_s.append(time.monotonic() - begun_s)
            act(consumer)
        finally:
            consumer.end(signal.SIGKILL)

    def _kill(self, consumer: Child) -> None:
        time.sleep(random.random() * LATEST_S)
        self._story.unanswered.append(self._unanswered())
        if not consumer.is_running:
            raise BenchError("the consumer ended by itself before it was killed")
        consumer.end(signal.SIGKILL)
        self._story.kills += 1
        self._story.in_hand += not self._is_done()

    def _let_finish(self, _consumer: Child) -> None:
        wait_until(self._is_done, what="the run to be done", timeout_s=END_S, pause_s=0.05)
        self._story.unanswered.append(self._unanswered())

    def _unanswered(self) -> int:
        rows = select(func.count()).where(Attempt.outcome == Outcome.UNANSWERED)
        with self._engine.connect() as connection:
            return connection.scalar(rows) or 0

    def _is_done(self) -> bool:
        with self._engine.connect() as connection:
            states = connection.scalars(select(Run.state)).all()
        return bool(states) and all(state is RunState.DONE for state in states)


def _figures(name: str, story: Story, count: Count) -> list[Figure]:
    """`unanswered` was read before each kill: the differences belong to the kill before."""
    per_kill = [after - before for before, after in zip(story.unanswered, story.unanswered[1:], strict=False)]
    note = f"{count.letters} letters at the receiver, {count.rows} rows"
    mean = sum(per_kill) / len(per_kill)

    def one(words: str, value: float, mark: Mark | None = None, *, unit: str = "", note: str = "") -> Figure:
        return Figure(PART, f"{name}: {words}", (float(value),), unit, mark, note=note)

    return [
        one("kill -9 in mid-run", story.in_hand, note=f"{story.kills} kills"),
        one("doubles", count.doubles, NONE, note=note),
        one("lost", count.lost, NONE),
        one("lies: accepted, but no letter", count.empty_rows, NONE),
        one("lies: a letter, but no row that may mean it", count.silent_letters, NONE),
        one("unanswered per kill, most", max(per_kill), AT_MOST_ONE_EACH, note=f"{CONNECTIONS} connections"),
        one("unanswered per kill, mean", mean, note=f"{count.arrived} of {sum(per_kill)} had arrived"),
        Figure(PART, f"{name}: start to first letter", tuple(story.first_letter_s), "s", note="imports included"),
    ]
