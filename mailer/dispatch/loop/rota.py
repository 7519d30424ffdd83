"""Whose turn it is: the open runs in a ring, so that a small run never waits for the end of a big one."""

from collections.abc import Iterable
from itertools import islice, takewhile

from mailer.dispatch.ledger.types import Order, RunFacts

LEAST = 32  # recipients of an order: many small runs share the price of one transaction, in windows worth having
MOST = 500  # of one run: what a claim may hold


class Rota:
    """Runs with something to claim, in the order in which they are served."""

    def __init__(self) -> None:
        self._ring: dict[int, RunFacts] = {}
        self._suspects: set[int] = set()

    def __len__(self) -> int:
        return len(self._ring)

    def __contains__(self, run_id: int) -> bool:
        return run_id in self._ring

    def refresh(self, runs: Iterable[RunFacts]) -> None:
        """The database's list: newcomers queue up behind, those gone from it are left out."""
        fresh = {run.run_id: run for run in runs}
        kept = {run_id: fresh[run_id] for run_id in self._ring if run_id in fresh}
        self._ring = kept | fresh

    def drop(self, run_id: int) -> None:
        """Nothing more to claim there for now."""
        self._ring.pop(run_id, None)

    def orders(self, room: int, *, most: int = MOST) -> list[tuple[RunFacts, Order]]:
        """The next runs' orders, that bring at most `room` recipients together, of one run at most `most`.

        They go to the end of the ring.
        """
        chosen = self._together(list(islice(self._ring.values(), max(1, room // LEAST))))
        for run in chosen:
            self._ring[run.run_id] = self._ring.pop(run.run_id)
        return [(run, Order(run.run_id, max(1, min(most, room // len(chosen))))) for run in chosen]

    def suspect(self, run_ids: Iterable[int]) -> None:
        """One of these broke their transaction: each is ordered by itself, until that goes well."""
        self._suspects.update(run_ids)

    def trust(self, run_ids: Iterable[int]) -> None:
        """An order of these went well."""
        self._suspects.difference_update(run_ids)

    def _together(self, runs: list[RunFacts]) -> list[RunFacts]:
        free = list(takewhile(lambda run: run.run_id not in self._suspects, runs))
        return free or runs[:1]
