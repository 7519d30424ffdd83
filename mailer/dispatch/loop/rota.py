"""Whose turn it is: the open runs in a ring, so that a small run never waits for the end of a big one."""

from collections.abc import Iterable
from itertools import islice

from mailer.dispatch.ledger.types import Order, RunFacts

LEAST = 32  # recipients of an order: many small runs share the price of one transaction, in windows worth having


class Rota:
    """Runs with something to claim, in the order in which they are served."""

    def __init__(self) -> None:
        self._ring: dict[int, RunFacts] = {}

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

    def orders(self, room: int) -> list[tuple[RunFacts, Order]]:
        """The next runs' orders, that together bring at most `room` recipients; they go to the end of the ring."""
        chosen = list(islice(self._ring.values(), max(1, room // LEAST)))
        for run in chosen:
            self._ring[run.run_id] = self._ring.pop(run.run_id)
        return [(run, Order(run.run_id, max(1, room // len(chosen)))) for run in chosen]
