"""One order being filled: retries that are due, then the next of the audience, each marked send or skip.

Reads and marks; what it decided is written by `write`. The run's row is locked all the while.
"""

from collections.abc import Callable
from datetime import UTC, datetime

from mailer.dispatch.ledger import candidates
from mailer.dispatch.ledger.allowance import Allowance
from mailer.dispatch.ledger.candidates import Page
from mailer.dispatch.ledger.conflicts import without_written
from mailer.dispatch.ledger.drivers import Answer, Row, Transaction
from mailer.dispatch.ledger.facts import Gate, RunRow
from mailer.dispatch.ledger.rows import ATTEMPT, attempt_columns, list_recipients, skipped
from mailer.dispatch.ledger.tally import Tally
from mailer.dispatch.ledger.types import Finished, Order, Recipient, Recipients, Turn, Window
from mailer.rules.outcome import SkipReason

# pages of nothing but skips in one transaction: a million suppressed drain quickly, nobody waits long for a lock
PAGES = 5
_EVER = datetime(9999, 1, 1, tzinfo=UTC)

_TAKE_UP = "UPDATE run SET held_reason = NULL, held_at = NULL, held_until = NULL WHERE id = %s"
_LAST_WORDS = "SELECT client_id, number, reply_code, reply_text FROM attempt WHERE run_id = %s AND {these}"


class Filling:
    """`ask` sends for a page, `read` marks it; together until somebody is to be written to or nobody is left."""

    def __init__(
        self,
        work: Transaction,
        order: Order,
        run: RunRow | None,
        allowance: Allowance,
        tally: Tally,
        *,
        only_drains: bool,
        is_careful: bool,
    ) -> None:
        """`only_drains` leaves alone what is to be sent; `is_careful` looks for rows that are there already."""
        self._work = work
        self.run_id = order.run_id
        self._size = order.size
        self._run = run
        self._allowance = allowance
        self._tally = tally
        self._is_careful = is_careful
        gate = run.gate() if run else Gate.CLOSED
        self._gate = Gate.CLOSED if only_drains and gate is not Gate.DRAIN else gate
        self._send: list[Recipient] = []
        # the usual case, where nobody has to be looked at by themselves: a page's recipients and the claim's list
        self._whole: tuple[Recipients, str] | None = None
        self._skip: list[Finished] = []
        self._pages = 0
        self._has_retries = False
        self._asked: tuple[Answer | None, Callable[[], Page] | None] = (None, None)
        self._pending: Answer | None = None

    @property
    def wants_more(self) -> bool:
        """Another page should be asked for."""
        if self._run is None or self._gate is Gate.CLOSED or self._pages >= PAGES or self._send or self._whole:
            return False
        return self._pages == 0 or self._has_retries or not self._run.is_exhausted

    def ask(self) -> None:
        """Send for what is due and for the next page."""
        run = self._open_run()
        if self._pages == 0 and run.held_reason is not None and self._gate is Gate.OPEN:
            self._work.run(_TAKE_UP, (run.run_id,))
        until = run.now if self._gate is Gate.OPEN and not run.is_over_time else _EVER
        is_due = self._has_retries or (run.next_retry_at is not None and run.next_retry_at <= until)
        again = candidates.retries(self._work, run, until, self._size) if is_due else None
        new = None if run.is_exhausted else candidates.page(self._work, run, self._size)
        self._asked = again, new

    def read(self) -> None:
        """Mark them. Retries go first; the cursor moves past as many new ones as the window has room for."""
        run = self._open_run()
        self._pages += 1
        due, new = self._asked
        again = due() if due else []
        self._has_retries = len(again) == self._size
        self._mark_retries(run, again)
        if new:
            self._mark_page(run, new(), self._size - len(again))

    def claim(self) -> tuple[int, str] | None:
        """The run and the list of its recipients, where there is somebody to be written to; before `turn`."""
        if self._send:
            people = Recipients(*zip(*self._send, strict=True))
            self._whole = people, list_recipients(people)
        return (self.run_id, self._whole[1]) if self._whole else None

    def write(self) -> None:
        """Write the skipped, count."""
        run = self._run
        if run is None or self._gate is Gate.CLOSED:
            return
        self._tally.touch(run)
        if self._skip:
            self._work.insert(ATTEMPT, attempt_columns(self._work.driver, run.run_id, self._skip))
            self._tally.attempts(run, self._skip)
        if run.is_exhausted and run.next_retry_at is not None:
            self._pending = self._work.ask("SELECT min(due_at) FROM retry WHERE run_id = %s", (run.run_id,))

    def turn(self, claim_id: int | None) -> Turn:
        """What it came to; after COMMIT. `claim_id`: what became of `claim`."""
        run = self._run
        if run is None or self._gate is Gate.CLOSED:
            return Turn(is_closed=True)
        window = None
        if claim_id is not None and self._whole:
            window = Window(claim_id=claim_id, run_id=run.run_id, recipients=self._whole[0])
        due = self._pending()[0][0] if self._pending else None
        next_retry_at = None if due is None else self._work.driver.read_moment(due)
        is_waiting = next_retry_at is None or next_retry_at > run.now
        return Turn(window, is_dry=run.is_exhausted and is_waiting, next_retry_at=next_retry_at)

    def _open_run(self) -> RunRow:
        if self._run is None:
            raise LookupError("no such run")
        return self._run

    def _mark_retries(self, run: RunRow, found: list[Row]) -> None:
        if not found:
            return
        these = self._work.driver.among("client_id")
        ids = self._work.driver.ids(row[0] for row in found)
        self._work.run(f"DELETE FROM retry WHERE run_id = %s AND {these}", (run.run_id, ids))  # noqa: S608
        self._tally.runs[run.run_id]["retries"] -= sum(row[1] > 1 for row in found)
        gone = self._given_up(run, found, ids) if run.is_over_time and not run.drain_reason else {}
        for row in self._without_written(run, found):
            one = _recipient(row)
            if one.client_id in gone:
                self._skip.append(skipped(one, SkipReason.GAVE_UP, run.now, *gone[one.client_id]))
            else:
                self._mark(run, one, row[4])

    def _given_up(self, run: RunRow, found: list[Row], ids: object) -> dict[int, tuple[int | None, str]]:
        """Last words of those whose time to be tried again is over; whoever was never tried still is."""
        words = self._work.rows(_LAST_WORDS.format(these=self._work.driver.among("client_id")), (run.run_id, ids))
        last = {(client_id, number): (code, text) for client_id, number, code, text in words}
        return {row[0]: last.get((row[0], row[1] - 1), (None, "")) for row in found if row[1] > 1}

    def _mark_page(self, run: RunRow, page: Page, room: int) -> None:
        n = len(page.client_ids)
        run.is_exhausted = n <= room and n < self._size
        if not n or not room:
            return
        run.cursor = page.client_ids[min(n, room) - 1]
        if n > room or not self._is_usual(run):
            self._mark_new(run, page.rows[:room])
            return
        self._tally.runs[run.run_id]["total"] += n
        if any(page.reasons):
            self._skip += [skipped(_recipient(row), SkipReason(row[4]), run.now) for row in page.rows if row[4]]
        people, listed = page.sendable()
        if people:
            self._whole = people, listed

    def _is_usual(self, run: RunRow) -> bool:
        """Only the recipient may speak against a letter, and no retry shares the window."""
        is_open = self._gate is Gate.OPEN and run.drain_reason is None and self._allowance.is_free(run)
        return is_open and not self._is_careful and not self._send

    def _mark_new(self, run: RunRow, found: list[Row]) -> None:
        found = self._without_written(run, found)
        self._tally.runs[run.run_id]["total"] += len(found)
        for row in found:
            limit = None if row[4] or self._gate is Gate.DRAIN or self._allowance.take(run) else SkipReason.DAILY_LIMIT
            self._mark(run, _recipient(row), row[4] or limit)

    def _mark(self, run: RunRow, one: Recipient, reason: str | None) -> None:
        why = run.drain_reason or reason
        if why is None:
            self._send.append(one)
        else:
            self._skip.append(skipped(one, SkipReason(why), run.now))

    def _without_written(self, run: RunRow, found: list[Row]) -> list[Row]:
        if not self._is_careful or not found:
            return found
        return without_written(self._work, run.run_id, found)


def _recipient(row: Row) -> Recipient:
    return Recipient(client_id=row[0], number=row[1], address=row[2], name=row[3] or "")
