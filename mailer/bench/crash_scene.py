"""What the crash stories share: one due mailing, a receiver that keeps before it answers, consumers, and the count.

A blow struck in mid-run when a claim of its consumer's stood: that some run is open would say nothing.
"""

import math
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Connection, Engine, func, select, update

from mailer.bench import receivers, world
from mailer.bench.crash_count import Count
from mailer.bench.figures import Figure, Mark
from mailer.bench.places import Place, Workshop
from mailer.bench.running import Child, wait_until
from mailer.models import Attempt, Claim, Run, RunState, User
from mailer.orm import reading
from mailer.rules.outcome import Outcome

PART = "crash"
CONNECTIONS = 10
ENOUGH = 0.8  # of the blows must strike in mid-run; one may fall between two windows
FIRST_LETTER_S, END_S = 60.0, 600.0  # thirty thousand letters take minutes at a slow receiver, where one may send
NONE = Mark(0, 0, at_most=True)
CONSUMER = (sys.executable, "-m", "huey.bin.huey_consumer", "tasks.huey", "-w", "1", "-k", "thread", "-m", "1")
GENTLE = ("-g", "TERM", "-t", "30")


@dataclass(frozen=True, slots=True)
class Scene:
    """`kept` is the receiver's file: a line per letter, synced before its answer."""

    place: Place
    engine: Engine
    kept: Path
    port: int
    log: Path

    def consumer(self, **changes: str) -> Child:
        """A real one, started now."""
        env = self.place.env(MAIL_PORT=str(self.port), SEND_CONNECTIONS=str(CONNECTIONS), **changes)
        return Child([*CONSUMER, *GENTLE], env=env, log=self.log)

    def wait_for_letters(self, beyond: int, *, what: str) -> None:
        """Until the receiver's file is larger than so many bytes, or nothing is left to send."""
        wait_until(lambda: self.size > beyond or self.is_done, what=what, timeout_s=FIRST_LETTER_S)

    def wait_for_end(self) -> None:
        """Until the run is closed, which the ledger does only when its rows add up."""
        wait_until(lambda: self.is_done, what="the run to be done", timeout_s=END_S, pause_s=0.05)

    @property
    def size(self) -> int:
        """Bytes in the receiver's file."""
        return self.kept.stat().st_size

    @property
    def is_done(self) -> bool:
        """Every run is closed, and there is one."""
        with self.look() as connection:
            states = connection.scalars(select(Run.state)).all()
        return bool(states) and all(state is RunState.DONE for state in states)

    @property
    def unanswered(self) -> int:
        """Rows of unknown fate so far."""
        rows = select(func.count()).where(Attempt.outcome == Outcome.UNANSWERED)
        with self.look() as connection:
            return connection.scalar(rows) or 0

    @property
    def holders(self) -> set[int]:
        """The process ids of those who have a claim: a worker's name is host, process and chance."""
        with self.look() as connection:
            workers = connection.scalars(select(Claim.worker)).all()
        return {int(worker.rsplit("-", 2)[1]) for worker in workers}

    @contextmanager
    def look(self) -> Iterator[Connection]:
        """Without SQLite's write lock: whoever is about to be struck must not be kept waiting for it."""
        with reading(), self.engine.connect() as connection:
            yield connection


@contextmanager
def scene(shop: Workshop, place: Place, *, clients: int, delay_ms: float) -> Iterator[Scene]:
    """A mailing to so many clients is due, and nobody has begun."""
    kept = place.folder / "kept"
    kept.touch()
    with place.database() as engine, receivers.own(delay_ms=delay_ms, keep=kept) as receiver:
        owners = world.make_owners(engine, 1)
        world.fill_books(engine, owners, clients)
        world.plan(engine, owners)
        with engine.begin() as connection:  # a letter to the owner would be none of the run's
            connection.execute(update(User).values(wants_notices=False))
        yield Scene(place, engine, kept, receiver.port, shop.log("consumer"))


def struck(story: str, words: str, hits: int, asked: int, note: str) -> Figure:
    """How many of the blows struck in mid-run. Where few did, no other figure of the story proves anything."""
    mark = Mark(math.ceil(ENOUGH * asked), asked)
    return Figure(PART, f"{story}: {words} in mid-run", (float(hits),), "", mark, note=note)


def judged(story: str, count: Count) -> list[Figure]:
    """What no story may leave behind."""

    def one(words: str, value: int, note: str = "") -> Figure:
        return Figure(PART, f"{story}: {words}", (float(value),), "", NONE, note=note)

    return [
        one("doubles", count.doubles, f"{count.letters} letters at the receiver, {count.rows} rows"),
        one("lost", count.lost),
        one("lies: accepted, but no letter", count.empty_rows),
        one("lies: a letter, but no row that may mean it", count.silent_letters),
    ]
