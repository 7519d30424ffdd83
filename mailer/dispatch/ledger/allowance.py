"""How many clients an owner who is not trusted yet may still write to today."""

from mailer.dispatch.ledger.drivers import Transaction
from mailer.dispatch.ledger.facts import RunRow

# who got a final answer today, and who is in hand or waiting to be tried: each client is in one of the two
_ATTEMPTED = """
SELECT coalesce((SELECT sum(n) FROM daily_total
    WHERE owner_id = %s AND counted_on = %s AND outcome IN ('accepted', 'refused', 'unanswered')), 0)
  + coalesce((SELECT sum(total - accepted - refused - skipped - unanswered) FROM run
    WHERE owner_id = %s AND state = 'open'), 0)"""


class Allowance:
    """Of one transaction. `limit` clients a day, 0 = no limit."""

    def __init__(self, work: Transaction, limit: int) -> None:
        """Nothing is asked before somebody needs it."""
        self._work = work
        self._limit = limit
        self._left: dict[int, int] = {}

    def is_free(self, run: RunRow) -> bool:
        """A trusted owner has no limit."""
        return run.is_trusted or not self._limit

    def take(self, run: RunRow) -> bool:
        """Use one up; False when the day's are gone."""
        if self.is_free(run):
            return True
        left = self._left.get(run.owner_id)
        if left is None:
            left = self._limit - self._attempted(run)
        self._left[run.owner_id] = left - 1
        return left > 0

    def _attempted(self, run: RunRow) -> int:
        day = self._work.driver.day(run.local_day(run.now))
        return int(self._work.rows(_ATTEMPTED, (run.owner_id, day, run.owner_id))[0][0])
