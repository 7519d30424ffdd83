"""Results become rows, and only where their claim still stands. Counts what it writes, in the same transaction."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

from mailer.dispatch.ledger.drivers import Column, Row, Transaction
from mailer.dispatch.ledger.facts import RunRow
from mailer.dispatch.ledger.rows import (
    ATTEMPT,
    RETRY,
    accepted_columns,
    attempt_columns,
    back_row,
    given_up,
    read_recipients,
    retry_row,
    without,
)
from mailer.dispatch.ledger.tally import Tally
from mailer.dispatch.ledger.types import Finished, Settlement
from mailer.rules.outcome import Outcome

_LEARN = """
UPDATE attempt SET outcome = %s, took_ms = %s, reply_code = %s, reply_text = %s, is_rebuilt = %s
WHERE run_id = %s AND client_id = %s AND number = %s AND outcome = 'unanswered'
RETURNING resent_at, started_at"""
# what is kept of a closed run for reports is out of date (services/summaries.forget)
_RECOUNT = """
UPDATE run SET summarised_at = NULL,
  summarised_upto = CASE WHEN summarised_upto > 0 THEN -1 ELSE summarised_upto - 1 END
WHERE id = %s"""


class Settling:
    """The settlements of one transaction."""

    def __init__(self, work: Transaction, runs: dict[int, RunRow], tally: Tally, *, is_dead: bool = False) -> None:
        """`runs` are locked: nobody else settles their claims now. `is_dead`: what is settled was read before that."""
        self._work = work
        self._runs = runs
        self._tally = tally
        self._is_dead = is_dead
        self._attempts: list[list[Any]] = [[] for _ in ATTEMPT.columns]
        self._retries: list[Row] = []

    def settle(self, settlements: Sequence[Settlement], standing: dict[int, str]) -> tuple[int, ...]:
        """Write them; `standing` are the claims' lists. Ids of the claims that are gone: others settled those."""
        lost = []
        for settlement in settlements:
            run = self._runs.get(settlement.run_id)
            if run is None or settlement.claim_id not in standing:
                lost.append(settlement.claim_id)
                if run is not None:
                    self._learn(run, settlement.row_by_row.finished)
                continue
            # a living worker knows what it has in hand; of a dead one's claim a part may have been settled meanwhile
            is_whole = settlement.is_over and not self._is_dead
            self._take(run, settlement if is_whole else self._shrink(settlement.row_by_row, standing))
        over = [one.claim_id for one in settlements if one.is_over and one.claim_id in standing]
        self._write(over)
        return tuple(lost)

    def _take(self, run: RunRow, settlement: Settlement) -> None:
        """Rows of one claim."""
        driver, run_id = self._work.driver, run.run_id
        deferred = [one for one in settlement.finished if one.outcome is Outcome.DEFERRED]
        finished = [*settlement.finished, *(given_up(one, run.now) for one in deferred if one.retry_at is None)]
        self._log(attempt_columns(driver, run_id, finished))
        self._log(accepted_columns(driver, run_id, settlement.accepted))
        again = [retry_row(driver, run_id, one, one.retry_at) for one in deferred if one.retry_at]
        back = [back_row(driver, run_id, one, settlement.back_at or run.now) for one in settlement.back]
        self._retries += again + back
        self._tally.attempts(run, finished)
        self._tally.accepted(run, settlement.accepted)
        self._tally.runs[run_id]["retries"] += sum(row[2] > 1 for row in again + back)
        due = [one.retry_at for one in deferred if one.retry_at]
        due += [settlement.back_at or run.now] * bool(settlement.back)
        if due:
            run.next_retry_at = min([*due, *([run.next_retry_at] if run.next_retry_at else [])])

    def _log(self, columns: Sequence[Column]) -> None:
        for column, more in zip(self._attempts, columns, strict=True):
            column.extend(more)

    def _shrink(self, settlement: Settlement, standing: dict[int, str]) -> Settlement:
        """Only what is still on the claim's list, which loses it if it stays. So the same part settles once."""
        listed = read_recipients(standing[settlement.claim_id])
        here = {one[:2] for one in listed if one}
        finished = tuple(one for one in settlement.finished if (one.client_id, one.number) in here)
        back = tuple(one for one in settlement.back if (one.client_id, one.number) in here)
        settled = {(one.client_id, one.number) for one in finished} | {(one.client_id, one.number) for one in back}
        if settled and not settlement.is_over:
            standing[settlement.claim_id] = text = without(listed, settled)
            self._work.run("UPDATE claim SET recipients = %s WHERE id = %s", (text, settlement.claim_id))
        return replace(settlement, finished=finished, back=back)

    def _learn(self, run: RunRow, finished: Iterable[Finished]) -> None:
        """Late truth: what recovery called unanswered was answered after all."""
        for one in finished:
            if one.outcome not in {Outcome.ACCEPTED, Outcome.REFUSED}:
                continue
            truth = (one.outcome.value, one.took_ms, one.reply_code, one.reply_text, one.is_rebuilt)
            found = self._work.rows(_LEARN, (*truth, run.run_id, one.client_id, one.number))
            for resent_at, started_at in found:
                day = run.local_day(self._work.driver.read_moment(started_at))
                self._tally.learned(run, day, one.outcome, is_counted=resent_at is None)
                self._work.run(_RECOUNT, (run.run_id,))

    def _write(self, over: list[int]) -> None:
        self._work.insert(ATTEMPT, self._attempts)
        self._work.insert(RETRY, [*zip(*self._retries, strict=True)])
        if over:
            these = self._work.driver.among("id")
            self._work.run(f"DELETE FROM claim WHERE {these}", (self._work.driver.ids(over),))  # noqa: S608
