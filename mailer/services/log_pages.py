"""An owner's log as pages: newest run first, then by client. The kept counters of the runs tell which of them to
look into, and which few small ones to read together, so the statements per page do not grow with its rows."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from sqlalchemy import ColumnElement, Select, select, tuple_
from sqlalchemy.orm import Session, joinedload

from mailer.models import Attempt, Client, Run
from mailer.rules.outcome import Outcome
from mailer.services import addresses, attempts, reports
from mailer.services.attempts import LAST_CLIENT, LAST_NUMBER, LogRow, Place, place_of

# runs of at most SMALL rows are read together, up to TOGETHER rows at a time; a page takes a few such bites
SMALL, TOGETHER, MOST_BITES, RUNS_AT_ONCE = 200, 500, 8, 100
# P4 bounds them: one per open connection, a claim at worst
USUAL_UNANSWERED = 20


@dataclass(frozen=True, slots=True)
class Wanted:
    """What of the log is asked for. A part of an address is looked for in one run, a whole one in all of them."""

    owner_id: int
    run_id: int | None = None
    outcome: Outcome | None = None
    part: str = ""


@dataclass(slots=True)
class LogPage:
    """Rows, their runs, and where the next page begins. `is_cut`: more may follow though the page is not full.

    `needs_run`: nothing was looked for, because this search works within one run only.
    """

    rows: list[LogRow] = field(default_factory=list)
    runs: dict[int, Run] = field(default_factory=dict)
    following: Place | None = None
    is_cut: bool = False
    needs_run: bool = False


def page(session: Session, wanted: Wanted, after: Place | None = None, *, limit: int = 50) -> LogPage:
    """One page behind `after`; raises NotFound for a run that is not the owner's."""
    return _Walk(session, wanted, limit).page(after)


def every_row(session: Session, wanted: Wanted, *, at_once: int = 2000) -> Iterator[tuple[LogRow, Run]]:
    """All rows, page by page: a slow reader holds no transaction open, and memory does not grow."""
    after: Place | None = None
    while True:
        part = page(session, wanted, after, limit=at_once)
        session.expunge_all()
        session.rollback()
        yield from [(row, part.runs[row.run_id]) for row in part.rows]
        if part.following is None:
            return
        after = part.following


class _Walk:
    """Fills one page."""

    def __init__(self, session: Session, wanted: Wanted, limit: int) -> None:
        self._session = session
        self._wanted = wanted
        self._limit = limit
        self._clients = self._known_clients()
        self._found = LogPage()

    def page(self, after: Place | None) -> LogPage:
        """The page behind `after`."""
        wanted, found = self._wanted, self._found
        if wanted.run_id is not None:
            run = reports.get(self._session, wanted.owner_id, wanted.run_id)
            self._one_run(run, after if after and after.run_id == run.id else Place(run.id))
        elif wanted.part and not self._clients:
            found.needs_run = True
        else:
            self._many_runs(after)
        return found

    def _known_clients(self) -> Sequence[int]:
        """The client of a whole address, if the address book has it."""
        address = addresses.read(self._wanted.part)
        if address is None:
            return ()
        own = select(Client.id).where(Client.owner_id == self._wanted.owner_id)
        return self._session.scalars(own.where(Client.address_key == address.key)).all()

    def _one_run(self, run: Run, after: Place) -> None:
        """By key where the client is known; else, for a client who is gone or a part of an address, by looking."""
        if self._clients and not after.client_id:
            self._take([run], self._together([run]), None)
        if not self._found.rows:
            self._take([run], *self._look(after, self._wanted.part))

    def _many_runs(self, after: Place | None) -> None:
        """The rest of the run where the last page ended, then bite by bite."""
        start = reports.get(self._session, self._wanted.owner_id, after.run_id) if after else None
        if after and start:
            rest = (self._together([start], after), None) if self._clients else self._look(after)
            self._take([start], *rest)
        if self._found.following is None:
            self._bite_by_bite(start)

    def _bite_by_bite(self, start: Run | None) -> None:
        runs = self._session.scalars(self._candidates(start).limit(RUNS_AT_ONCE + 1)).all()
        bites = list(self._bites(runs[:RUNS_AT_ONCE]))[:MOST_BITES]
        for bite in bites:
            is_big = len(bite) == 1 and not self._clients
            self._take(bite, *(self._look(Place(bite[0].id)) if is_big else (self._together(bite), None)))
            if self._found.following is not None:
                return
        if bites and bites[-1][-1] is not runs[-1]:
            self._found.following = Place(bites[-1][-1].id, LAST_CLIENT, LAST_NUMBER)
            self._found.is_cut = True

    def _take(self, runs: Sequence[Run], rows: list[LogRow], stopped: Place | None) -> None:
        """Add to the page; what is too much for it, or left unread, begins the next one."""
        found = self._found
        found.runs.update({run.id: run for run in runs})
        rows = [*found.rows, *rows]
        found.rows = rows[: self._limit]
        if len(rows) > self._limit:
            found.following = place_of(found.rows[-1])
        elif stopped:
            found.following, found.is_cut = stopped, True

    def _look(self, after: Place, part: str = "") -> tuple[list[LogRow], Place | None]:
        room = self._limit - len(self._found.rows)
        return attempts.in_run(self._session, after, room + 1, outcome=self._wanted.outcome, part=part)

    def _together(self, runs: Sequence[Run], after: Place | None = None) -> list[LogRow]:
        """The few rows of small runs, or of one client, in the order of the runs given."""
        rank = {run.id: place for place, run in enumerate(runs)}
        statement = attempts.of_runs(list(rank), self._wanted.outcome, self._clients)
        if after:
            statement = statement.where(
                tuple_(Attempt.client_id, Attempt.number) > tuple_(after.client_id, after.number)
            )
        rows = self._session.execute(statement)
        return sorted(rows, key=lambda row: (rank[row.run_id], row.client_id, row.number))

    def _candidates(self, start: Run | None) -> Select[Run]:
        """Runs that hold what is wanted, newest first, behind `start`."""
        statement = (
            reports.owned_by(self._wanted.owner_id)
            .options(joinedload(Run.mailing))
            .where(_may_hold(self._wanted.outcome, self._clients))
            .order_by(Run.scheduled_for.desc(), Run.id.desc())
        )
        if start is None:
            return statement
        return statement.where(tuple_(Run.scheduled_for, Run.id) < tuple_(start.scheduled_for, start.id))

    def _bites(self, runs: Sequence[Run]) -> Iterator[list[Run]]:
        """Neighbours in the order given: big runs alone, small ones together."""
        bite: list[Run] = []
        size = 0
        for run in runs:
            weight = 1 if self._clients else _weight(run, self._wanted.outcome)
            if bite and (weight > SMALL or size + weight > TOGETHER):
                yield bite
                bite, size = [], 0
            bite.append(run)
            size += weight if weight <= SMALL else TOGETHER
        if bite:
            yield bite


def _may_hold(outcome: Outcome | None, clients: Sequence[int]) -> ColumnElement[bool]:
    """By key where the clients are known."""
    if not clients:
        return attempts.may_hold(outcome) if outcome else Run.total > 0
    some = select(Attempt.number).where(Attempt.run_id == Run.id, Attempt.client_id.in_(clients)).correlate(Run)
    return (some.where(Attempt.outcome == outcome) if outcome else some).exists()


def _weight(run: Run, outcome: Outcome | None) -> int:
    """About how many rows of this outcome the run holds; how often it was deferred is not counted for good."""
    known = {
        Outcome.ACCEPTED: run.accepted or run.total,
        Outcome.REFUSED: run.refused,
        Outcome.SKIPPED: run.skipped,
        Outcome.UNANSWERED: max(run.unanswered, USUAL_UNANSWERED),
    }
    return known.get(outcome, run.total) if outcome else run.total
