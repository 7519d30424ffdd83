"""The kept figures of closed runs: which runs want them, adding a stretch of the log to them, throwing them away.

Each stretch is a compare-and-set on `run.summarised_upto`: two who count at once, or a run that is opened again
meanwhile, do no harm. The caller commits.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from operator import add as add_up
from typing import Any

from sqlalchemy import ColumnElement, Row, bindparam, case, delete, func, select, tuple_, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from mailer.models import Run, RunDomain, RunReason, RunState, RunTime, User
from mailer.models.summaries import QUARTER_S
from mailer.orm import Base
from mailer.rules.outcome import Outcome
from mailer.services.figures import NOWHERE, Figures, moment

DOMAINS_KEPT, REASONS_KEPT = 50, 100
# names counted on the way there: if everybody has a domain of their own, whoever comes later is one of the others
DOMAINS_COUNTED = 20_000
TABLES: tuple[type[RunReason | RunDomain | RunTime], ...] = (RunReason, RunDomain, RunTime)

Rows = list[dict[str, Any]]
_COUNTS = tuple(outcome.value for outcome in Outcome)
_STATES = [RunState.DONE, RunState.CANCELLED]
# said literally, so that both databases see that the small index of such runs holds the answer
_IS_WANTED: ColumnElement[bool] = (
    Run.state.in_(bindparam("closed", _STATES, Run.state.type, expanding=True, literal_execute=True))
    & Run.summarised_at.is_(None)
)
# their log is just being erased; what is left of it then is counted like any other
_IS_LEAVING = (
    select(User.id).where(User.id == Run.owner_id, User.deleted_at.is_not(None), User.erased_at.is_(None)).exists()
)
# what is kept of them is not whole: a count under way, or one that is out of date
IS_HALF_COUNTED: ColumnElement[bool] = Run.summarised_at.is_(None) & (Run.summarised_upto != 0)
_FROM_START: Any = case((Run.summarised_upto > 0, -1), else_=Run.summarised_upto - 1)


@dataclass(frozen=True, slots=True)
class Stretch:
    """Part of a run's log, counted: behind the client `seen`, up to the client `upto`; `is_last`: no more follows."""

    run_id: int
    owner_id: int
    seen: int
    upto: int
    is_last: bool
    figures: Figures

    @property
    def is_first(self) -> bool:
        """Whether what was kept before is out of date."""
        return self.seen <= 0


def wanted(session: Session, *, most: int) -> Sequence[Row[*tuple[Any, ...]]]:
    """Closed runs whose figures are not kept yet, the oldest first: id, owner_id, total, upto and times."""
    columns = (Run.id, Run.owner_id, Run.total, Run.summarised_upto, Run.opened_at, Run.finished_at)
    return session.execute(select(*columns).where(_IS_WANTED, ~_IS_LEAVING).order_by(Run.id).limit(most)).all()


def add(session: Session, stretches: Sequence[Stretch], *, now: datetime) -> int:
    """Add stretches of different runs to what is kept; how many were still right, the others are left out."""
    mine = [one for one in stretches if _is_moved(session, one, now)]
    fresh = [one.run_id for one in mine if one.is_first]
    for table in TABLES if fresh else ():
        session.execute(delete(table).where(table.run_id.in_(fresh)))
    for one in mine:
        if not one.is_first:
            _lump(session, one)
    _merge(session, RunReason, _reasons(mine), ("n",))
    _merge(session, RunDomain, _domains(mine), _COUNTS)
    _merge(session, RunTime, _times(mine), _COUNTS)
    for one in mine:
        if one.is_last:
            _fold(session, one)
    return len(mine)


def forget(session: Session, run: Run) -> None:
    """The log of this run changes: its figures are to be counted anew, and a count under way is void."""
    run.summarised_at, run.summarised_upto = None, _FROM_START
    session.flush()


def erase(session: Session, run_id: int) -> None:
    """Its owner left: totals stay, but no words, and no domain that may be a person's own."""
    half_counted = update(Run).where(Run.id == run_id, Run.summarised_at.is_(None))
    session.execute(half_counted.values(summarised_upto=_FROM_START))
    session.execute(update(RunReason).where(RunReason.run_id == run_id).values(words=""))
    session.execute(delete(RunDomain).where(RunDomain.run_id == run_id))


def _is_moved(session: Session, one: Stretch, now: datetime) -> bool:
    move = update(Run).where(Run.id == one.run_id, Run.summarised_upto == one.seen, _IS_WANTED, ~_IS_LEAVING)
    place = {"summarised_upto": one.upto, "summarised_at": now if one.is_last else None}
    moved = session.execute(move.values(place).returning(Run.id).execution_options(synchronize_session=False))
    return moved.first() is not None


def _lump(session: Session, one: Stretch) -> None:
    """Count domains not met before under NOWHERE, when there are too many: what is folded must stay a moment's work."""
    domains, mine = one.figures.domains, RunDomain.run_id == one.run_id
    met = session.scalar(select(func.count()).where(mine)) or 0
    if met + len(domains) <= DOMAINS_COUNTED:
        return
    known = set(session.scalars(select(RunDomain.domain).where(mine, RunDomain.domain.in_(domains))))
    for name in domains.keys() - known - {NOWHERE}:
        late = domains.pop(name)
        domains[NOWHERE][:] = map(add_up, domains[NOWHERE], late)


def _reasons(stretches: Sequence[Stretch]) -> Rows:
    return [
        {"run_id": one.run_id, "outcome": Outcome(key.outcome), "reason": key.reason, "reply_code": key.code}
        | {"enhanced": key.enhanced, "n": group.n, "words": group.words}
        for one in stretches
        for key, group in one.figures.reasons.items()
    ]


def _domains(stretches: Sequence[Stretch]) -> Rows:
    return [
        {"run_id": one.run_id, "domain": domain, **counts.by_name}
        for one in stretches
        for domain, counts in one.figures.domains.items()
    ]


def _times(stretches: Sequence[Stretch]) -> Rows:
    return [
        {"run_id": one.run_id, "owner_id": one.owner_id, "width_s": width_s, "begins_at": moment(second)}
        | counts.by_name
        for one in stretches
        for width_s, times in ({QUARTER_S: one.figures.quarters()} | {one.figures.width_s: one.figures.times}).items()
        for second, counts in times.items()
    ]


def _merge(session: Session, table: type[Base], rows: Rows, counted: Sequence[str]) -> None:
    """Insert, or add to what stands there; words that stand there stay, unless there are none."""
    if not rows:
        return
    dialect = postgresql if session.get_bind().dialect.name == "postgresql" else sqlite
    statement = dialect.insert(table.__table__)
    own, new = table.__table__.columns, statement.excluded
    sums: dict[str, Any] = {name: own[name] + new[name] for name in counted}
    if "words" in own:
        sums["words"] = case((own["words"] == "", new["words"]), else_=own["words"])
    merge = statement.on_conflict_do_update(index_elements=list(table.__table__.primary_key), set_=sums)
    # past the unit of work, which costs as much again per row
    session.connection().execute(merge, sorted(rows, key=_key_of(table)))


def _key_of(table: type[Base]) -> Any:
    # always in the same order, lest two who write at once wait for one another
    names = [column.key for column in table.__table__.primary_key]
    return lambda row: tuple(row[name] for name in names)


def _fold(session: Session, one: Stretch) -> None:
    """Keep the most frequent by name. What fits into one stretch without them needs no look."""
    if not one.is_first or len(one.figures.domains) > DOMAINS_KEPT:
        _fold_domains(session, one.run_id)
    if not one.is_first or len(one.figures.reasons) > REASONS_KEPT:
        _fold_reasons(session, one.run_id)


def _fold_domains(session: Session, run_id: int) -> None:
    mine = RunDomain.run_id == run_id
    columns = [getattr(RunDomain, name) for name in _COUNTS]
    total = sum(columns[1:], columns[0])
    top = select(RunDomain.domain).where(mine, RunDomain.domain != NOWHERE).order_by(total.desc(), RunDomain.domain)
    rest = mine, RunDomain.domain.not_in(top.limit(DOMAINS_KEPT))
    sums = session.execute(select(*(func.sum(column).label(column.key) for column in columns)).where(*rest)).one()
    session.execute(delete(RunDomain).where(*rest).execution_options(synchronize_session=False))
    if sums.accepted is not None:
        _merge(session, RunDomain, [{"run_id": run_id, "domain": NOWHERE, **sums._mapping}], _COUNTS)


def _fold_reasons(session: Session, run_id: int) -> None:
    """The rare ones lose their enhanced code: of the plain codes there are only so many."""
    key = (RunReason.outcome, RunReason.reason, RunReason.reply_code, RunReason.enhanced)
    mine = RunReason.run_id == run_id
    top = select(*key).where(mine).order_by(RunReason.n.desc(), *key).limit(REASONS_KEPT)
    rest = mine, RunReason.enhanced != "", tuple_(*key).not_in(top)
    sums = select(*key[:3], func.sum(RunReason.n).label("n"), func.max(RunReason.words).label("words"))
    rows = session.execute(sums.where(*rest).group_by(*key[:3])).mappings().all()
    session.execute(delete(RunReason).where(*rest).execution_options(synchronize_session=False))
    _merge(session, RunReason, [{**row, "run_id": run_id, "enhanced": ""} for row in rows], ("n",))
