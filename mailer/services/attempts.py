"""Statements over the log of a few runs. Pages go by key, never by counting, so that the ten millionth row costs
what the first did; whatever no index knows is looked for in a bounded stretch, and the end of it is told."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeVarTuple

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Row,
    Select,
    String,
    bindparam,
    cast,
    func,
    or_,
    select,
    tuple_,
    type_coerce,
)
from sqlalchemy.orm import Session

from mailer.models import Attempt, Run, RunTime
from mailer.rules.outcome import Outcome
from mailer.services.clients import like

LogRow = Row[*tuple[Any, ...]]
LAST_CLIENT, LAST_NUMBER = 2**63 - 1, 2**31 - 1
# rows looked at for one page where only reading tells (a part of an address, the few accepted of many);
# fewer where they lie far apart, behind the small index of what was not accepted
LOOKED_AT, LOOKED_AT_APART = 50_000, 10_000

COLUMNS = tuple(Attempt.__table__.columns)
# said literally, or no planner sees that the small index of what was not accepted holds the answer
IS_TROUBLED: ColumnElement[bool] = Attempt.outcome != bindparam(
    "usual", Outcome.ACCEPTED, Attempt.outcome.type, literal_execute=True
)

_Columns = TypeVarTuple("_Columns")


def troubled(statement: Select[*_Columns]) -> Select[*_Columns]:
    """Only what was not accepted, through the small index. SQLite, which keeps no statistics, must be told."""
    return statement.where(IS_TROUBLED).with_hint(Attempt, "INDEXED BY ix_attempt_troubled", "sqlite")


def may_hold(outcome: Outcome) -> ColumnElement[bool]:
    """The condition on Run: it may have such attempts. Its counter alone would not tell: a letter that was sent
    again before its fate was learned stands in the log, and the run counts what became of the later one."""
    if outcome is Outcome.ACCEPTED:
        kept = select(RunTime.run_id).where(RunTime.run_id == Run.id, RunTime.accepted > 0).correlate(Run)
        return or_(Run.accepted > 0, (Run.total > 0) & Run.summarised_at.is_(None), kept.exists())
    some = select(Attempt.number).where(Attempt.run_id == Run.id, Attempt.outcome == outcome)
    return troubled(some.correlate(Run)).exists()


def begun_second(session: Session) -> ColumnElement[int]:
    """When the attempt began, in whole seconds since 1970: each database has its own way of saying it."""
    if session.get_bind().dialect.name == "sqlite":
        # without its fraction, which would be rounded
        return cast(func.strftime("%s", func.substr(type_coerce(Attempt.started_at, String), 1, 19)), BigInteger)
    return cast(func.floor(func.date_part("epoch", Attempt.started_at)), BigInteger)


@dataclass(frozen=True, slots=True)
class Place:
    """An attempt by its key: where a page ended. Written `run.client.number` in addresses."""

    run_id: int
    client_id: int = 0
    number: int = 0

    def __str__(self) -> str:
        """As it stands in `?after=`."""
        return f"{self.run_id}.{self.client_id}.{self.number}"

    @classmethod
    def read(cls, text: str) -> "Place | None":
        """The place in `?after=`; None for anything that no page of ours has written."""
        parts = text.split(".")
        if len(parts) != 3 or not all(part.isascii() and part.isdigit() and len(part) < 20 for part in parts):
            return None
        run_id, client_id, number = map(int, parts)
        is_key = run_id <= LAST_CLIENT and client_id <= LAST_CLIENT and number <= LAST_NUMBER
        return cls(run_id, client_id, number) if is_key else None


def place_of(row: LogRow) -> Place:
    """The key of a row of the log."""
    return Place(row.run_id, row.client_id, row.number)


def of_runs(run_ids: Sequence[int], outcome: Outcome | None, clients: Sequence[int] = ()) -> Select[*tuple[Any, ...]]:
    """The attempts of these runs, in no order; narrowed by outcome, or to one client's by key."""
    statement = select(*COLUMNS).where(Attempt.run_id.in_(run_ids))
    if not clients:
        return _with(outcome, statement)
    statement = statement.where(Attempt.client_id.in_(clients))
    return statement.where(Attempt.outcome == outcome) if outcome else statement


def of_run(run_id: int, outcome: Outcome | None, after: Place) -> Select[*tuple[Any, ...]]:
    """One run's attempts behind `after`, by client and number, straight from an index."""
    behind = tuple_(Attempt.client_id, Attempt.number) > tuple_(after.client_id, after.number)
    statement = select(*COLUMNS).where(Attempt.run_id == run_id, behind)
    return _with(outcome, statement).order_by(Attempt.client_id, Attempt.number)


def in_run(
    session: Session, after: Place, limit: int, *, outcome: Outcome | None = None, part: str = ""
) -> tuple[list[LogRow], Place | None]:
    """At most `limit` attempts of `after`'s run behind it; and where looking stopped before the run was through."""
    is_indexed = not part and outcome is not Outcome.ACCEPTED
    if is_indexed:
        return list(session.execute(of_run(after.run_id, outcome, after).limit(limit))), None
    if outcome not in {None, Outcome.ACCEPTED}:
        return _apart(session, after, limit, outcome, part)
    # the stretch is found by index alone, whatever is wanted of it; else one wanted row may cost a million
    source = of_run(after.run_id, None, after)
    stretch = source.limit(LOOKED_AT).subquery()
    wanted = select(stretch).order_by(stretch.c.client_id, stretch.c.number)
    if outcome is Outcome.ACCEPTED:
        wanted = wanted.where(stretch.c.outcome == outcome)
    if part:
        wanted = wanted.where(like(stretch.c.address, part))
    rows = list(session.execute(wanted.limit(limit)))
    return rows, None if len(rows) == limit else _end_of(session, source, LOOKED_AT)


def _apart(
    session: Session, after: Place, limit: int, outcome: Outcome | None, part: str
) -> tuple[list[LogRow], Place | None]:
    """Rows behind the small index: its keys tell first where the stretch ends; fetching the rows is dear."""
    source = of_run(after.run_id, outcome, after)
    end = _end_of(session, source, LOOKED_AT_APART)
    if end is not None:
        upto = tuple_(Attempt.client_id, Attempt.number) <= tuple_(end.client_id, end.number)
        source = source.where(Attempt.client_id <= end.client_id, upto)
    rows = list(session.execute(source.where(like(Attempt.address, part)).limit(limit)))
    return rows, None if len(rows) == limit else end


def _end_of(session: Session, source: Select[*tuple[Any, ...]], most: int) -> Place | None:
    """The last of the first `most` rows; None when there are fewer. Reads keys alone."""
    keys = source.with_only_columns(Attempt.run_id, Attempt.client_id, Attempt.number)
    last = session.execute(keys.offset(most - 1).limit(1)).first()
    return place_of(last) if last else None


def _with(outcome: Outcome | None, statement: Select[*tuple[Any, ...]]) -> Select[*tuple[Any, ...]]:
    if outcome is None:
        return statement
    narrowed = statement.where(Attempt.outcome == outcome)
    return narrowed if outcome is Outcome.ACCEPTED else troubled(narrowed)
