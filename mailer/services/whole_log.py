"""The log across owners, for moderators: newest run first, then the clients it reached last. Pages go by key in one
direction of one index; what no index knows is looked for in a bounded stretch, and the end of it is told."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date

from sqlalchemy import Select, select, tuple_
from sqlalchemy.orm import Session, contains_eager

from mailer.models import Attempt, Mailing, Run, User
from mailer.rules.outcome import Outcome
from mailer.services import oversight
from mailer.services.attempts import COLUMNS, IS_TROUBLED, LogRow, Place, may_hold, place_of

# attempts looked at in one bite, runs looked through for it, and bites for one page
LOOKED_AT, RUNS_AT_ONCE, MOST_BITES = 20_000, 200, 3
KEY = (Attempt.run_id, Attempt.client_id, Attempt.number)


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is asked for; `since` and `until` are the days of the runs, both included."""

    outcome: Outcome | None = None
    code: int | None = None
    owner_id: int | None = None
    run_id: int | None = None
    since: date | None = None
    until: date | None = None

    @property
    def is_troubled(self) -> bool:
        """Whether only attempts that were not accepted can fit: they have a small index of their own."""
        return self.outcome not in {None, Outcome.ACCEPTED} or (self.outcome is None and (self.code or 0) >= 400)


@dataclass(slots=True)
class LogPage:
    """Rows, their runs with mailing and owner, and where the next page begins. `is_cut`: looking stopped early."""

    rows: list[LogRow] = field(default_factory=list)
    runs: dict[int, Run] = field(default_factory=dict)
    following: Place | None = None
    is_cut: bool = False


def page(session: Session, viewer: User, wanted: Wanted, before: Place | None = None, *, limit: int = 50) -> LogPage:
    """The page that begins below `before`; the number of statements does not depend on the rows."""
    found, place = LogPage(), before
    for _bite in range(MOST_BITES):
        runs = session.scalars(_candidates(viewer, wanted, place).limit(RUNS_AT_ONCE + 1)).all()
        bite = list(_one_bite(runs[:RUNS_AT_ONCE], wanted))
        if not bite:
            return found
        found.runs.update({run.id: run for run in bite})
        rows, stopped = _look(session, bite, wanted, place, limit - len(found.rows) + 1)
        found.rows += rows
        if len(found.rows) > limit:
            del found.rows[limit:]
            found.following = place_of(found.rows[-1])
            return found
        place = stopped or Place(bite[-1].id)
        if stopped is None and bite[-1] is runs[-1]:
            return found
    found.following, found.is_cut = place, True
    return found


def _candidates(viewer: User, wanted: Wanted, place: Place | None) -> Select[Run]:
    """Runs that may hold what is wanted, newest first."""
    statement = (
        select(Run)
        .join(Run.mailing)
        .join(Mailing.owner)
        .options(contains_eager(Run.mailing).contains_eager(Mailing.owner))
        .where(oversight.within_sight(viewer))
        .order_by(Run.id.desc())
    )
    if place is not None:
        # a place without a client stands behind the whole run
        statement = statement.where(Run.id <= place.run_id if place.client_id else Run.id < place.run_id)
    narrowed = (
        (wanted.owner_id, Run.owner_id.__eq__),
        (wanted.run_id, Run.id.__eq__),
        (wanted.since, Run.due_on.__ge__),
        (wanted.until, Run.due_on.__le__),
    )
    statement = statement.where(*(compare(value) for value, compare in narrowed if value is not None))
    return statement.where(may_hold(wanted.outcome) if wanted.outcome else Run.total > 0)


def _one_bite(runs: Sequence[Run], wanted: Wanted) -> Iterator[Run]:
    """The first runs that hold about LOOKED_AT rows together, at least one."""
    size = 0
    for run in runs:
        # the index of what was not accepted leaves out the rest, however many there are
        weight = run.total - run.accepted if wanted.is_troubled else run.total
        if size and size + weight > LOOKED_AT:
            return
        size += max(weight, 1)
        yield run


def _look(
    session: Session, runs: Sequence[Run], wanted: Wanted, place: Place | None, limit: int
) -> tuple[list[LogRow], Place | None]:
    """At most `limit` rows of these runs below `place`; and where looking stopped before they were through."""
    ids = [run.id for run in runs]
    source = select(*COLUMNS).where(Attempt.run_id == ids[0] if len(ids) == 1 else Attempt.run_id.in_(ids))
    if place is not None and place.client_id and place.run_id in ids:
        source = source.where(tuple_(*KEY) < tuple_(place.run_id, place.client_id, place.number))
    if wanted.outcome not in {None, Outcome.ACCEPTED}:
        source = source.where(Attempt.outcome == wanted.outcome, IS_TROUBLED)
    elif wanted.is_troubled and len(ids) > 1:  # one run alone may be huge: there the key's own order is the cheaper way
        source = source.where(IS_TROUBLED)
    source = source.order_by(*(column.desc() for column in KEY))
    if wanted.code is None and wanted.outcome is not Outcome.ACCEPTED:
        return list(session.execute(source.limit(limit))), None
    stretch = source.limit(LOOKED_AT).subquery()
    statement = select(stretch).order_by(stretch.c.run_id.desc(), stretch.c.client_id.desc(), stretch.c.number.desc())
    if wanted.code is not None:
        statement = statement.where(stretch.c.reply_code == wanted.code)
    if wanted.outcome is Outcome.ACCEPTED:
        statement = statement.where(stretch.c.outcome == Outcome.ACCEPTED)
    rows = list(session.execute(statement.limit(limit)))
    if len(rows) == limit:
        return rows, None
    last = session.execute(source.offset(LOOKED_AT - 1).limit(1)).first()
    return rows, place_of(last) if last else None
