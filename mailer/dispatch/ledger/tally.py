"""The counters of one transaction: kept with the rows, written in as few statements as there are runs and days."""

import json
from collections import Counter, defaultdict
from collections.abc import Collection, Sequence
from datetime import date, datetime
from operator import attrgetter

from mailer.dispatch.ledger.drivers import Transaction
from mailer.dispatch.ledger.facts import RunRow
from mailer.dispatch.ledger.types import Accepted, Finished
from mailer.models import HeldReason
from mailer.rules.outcome import FINALS, Outcome

# fewer answers than this say nothing about a list of addresses
BRAKE_AFTER = 50

# as many rows as there are runs, or days and outcomes, in one statement: each of its own costs a tenth of a millisecond
_RUNS = """
UPDATE run SET total = run.total + v.total, accepted = run.accepted + v.accepted, refused = run.refused + v.refused,
  skipped = run.skipped + v.skipped, unanswered = run.unanswered + v.unanswered,
  deferred = run.deferred + v.retries, cursor = v.cursor, is_exhausted = v.is_exhausted
FROM {v} WHERE run.id = v.id"""
_COUNTS = ("total", "accepted", "refused", "skipped", "unanswered", "retries")
_CHANGE = (
    ("id", "int8"), *((name, "int4") for name in _COUNTS), ("cursor", "int8"), ("is_exhausted", "bool")
)  # fmt: skip
_DAYS = """
INSERT INTO daily_total (owner_id, counted_on, outcome, n)
SELECT v.owner_id, v.counted_on, v.outcome, v.n FROM {v} WHERE TRUE
ON CONFLICT (owner_id, counted_on, outcome) DO UPDATE SET n = daily_total.n + excluded.n"""
_DAY = (("owner_id", "int8"), ("counted_on", "date"), ("outcome", "varchar"), ("n", "int4"))
_BRAKE = "UPDATE run SET held_reason = %s, held_at = %s, held_until = NULL WHERE id = %s"
# the server takes letters again: its next trouble is a first one
_RELIEF = "UPDATE run SET held_count = 0, held_words = '' WHERE id = %s"


class Tally:
    """What changes per run and per owner's day. `deferred` of a run counts its retry rows above number one."""

    def __init__(self) -> None:
        """Everything at zero."""
        self.runs: defaultdict[int, Counter[str]] = defaultdict(Counter)
        self.days: Counter[tuple[int, date, Outcome]] = Counter()
        self.relieved: set[int] = set()

    def touch(self, run: RunRow) -> None:
        """Its cursor may have moved, or come to the end without finding anybody."""
        self.runs[run.run_id].update()

    def attempts(self, run: RunRow, finished: Sequence[Finished]) -> None:
        """Count rows of the log that are being written."""
        outcomes = Counter(map(_OUTCOME_OF, finished))
        counts = self.runs[run.run_id]
        for outcome, n in outcomes.items():
            if outcome in FINALS:
                counts[outcome] += n
        moments = set(map(_STARTED_AT_OF, finished))  # few, for neighbours share theirs
        if self._is_one_day(run, moments):
            for outcome, n in outcomes.items():
                self.days[run.owner_id, run.local_day(min(moments)), outcome] += n
        else:
            self.days.update((run.owner_id, run.local_day(one.started_at), one.outcome) for one in finished)
        if outcomes.keys() - {Outcome.SKIPPED, Outcome.UNANSWERED}:
            self._relieve(run)

    def accepted(self, run: RunRow, accepted: Accepted) -> None:
        """The same of results that are columns already."""
        if not accepted:
            return
        self.runs[run.run_id][Outcome.ACCEPTED] += len(accepted)
        moments = set(accepted.started_at)
        if self._is_one_day(run, moments):
            self.days[run.owner_id, run.local_day(min(moments)), Outcome.ACCEPTED] += len(accepted)
        else:
            self.days.update((run.owner_id, run.local_day(at), Outcome.ACCEPTED) for at in accepted.started_at)
        self._relieve(run)

    def learned(self, run: RunRow, day: date, outcome: Outcome, *, is_counted: bool) -> None:
        """An unanswered one turned out otherwise; `is_counted`: it was not sent again by hand."""
        self.days[run.owner_id, day, Outcome.UNANSWERED] -= 1
        self.days[run.owner_id, day, outcome] += 1
        if is_counted:
            self.runs[run.run_id][Outcome.UNANSWERED] -= 1
            self.runs[run.run_id][outcome] += 1

    def _is_one_day(self, run: RunRow, moments: Collection[datetime]) -> bool:
        """All but the window at midnight."""
        return bool(moments) and run.local_day(min(moments)) == run.local_day(max(moments))

    def _relieve(self, run: RunRow) -> None:
        if run.held_count and run.held_reason is None:
            self.relieved.add(run.run_id)

    def write(self, work: Transaction, runs: dict[int, RunRow]) -> None:
        """One statement for all runs that changed, one for all owners' days and outcomes; always in the same order."""
        changes = [
            (run_id, *(counts[name] for name in _COUNTS), runs[run_id].cursor, runs[run_id].is_exhausted)
            for run_id, counts in sorted(self.runs.items())
        ]
        if changes:
            work.run(_RUNS.format(v=work.driver.relation(_CHANGE)), (json.dumps(changes),))
        for run_id in sorted(self.relieved):
            work.run(_RELIEF, (run_id,))
        days = [(owner, day.isoformat(), outcome, n) for (owner, day, outcome), n in sorted(self.days.items())]
        if days:
            work.run(_DAYS.format(v=work.driver.relation(_DAY)), (json.dumps(days),))

    def brake(self, work: Transaction, run: RunRow, percent: int) -> None:
        """Hold a run whose share of refusals is `percent` or more; once a moderator let it go on, no more."""
        counts = self.runs[run.run_id]
        refused = run.refused + counts[Outcome.REFUSED]
        answered = refused + run.accepted + counts[Outcome.ACCEPTED]
        if run.is_brake_released or run.held_reason is not None or answered < BRAKE_AFTER:
            return
        if refused * 100 >= percent * answered:
            run.held_reason, run.held_until = HeldReason.BRAKE, None
            work.run(_BRAKE, (HeldReason.BRAKE, work.driver.moment(run.now), run.run_id))


_OUTCOME_OF, _STARTED_AT_OF = attrgetter("outcome"), attrgetter("started_at")
