"""The numbers of the public front page, and an owner's overview of what runs, what comes and what went wrong."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import date, datetime, timedelta

from sqlalchemy import ColumnElement, Select, and_, func, or_, select
from sqlalchemy.orm import Session, contains_eager

from mailer.models import Client, DailyTotal, Mailing, Run, RunState
from mailer.rules.outcome import Outcome
from mailer.services.mailings import HAS_OPEN_RUN, HAS_RUNS, owned_by

SHOWN = 5
TROUBLE_KEPT = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class Totals:
    """What the service does, in four numbers."""

    mailings: int
    active: int
    clients: int
    letters: int


FIGURES = tuple(field.name for field in fields(Totals))


@dataclass(frozen=True, slots=True)
class Overview:
    """An owner's own first page; each list is short."""

    running: Sequence[Run]
    coming: Sequence[Mailing]
    troubled: Sequence[Run]


def totals(session: Session, *, today: date, now: datetime) -> Totals:
    """Mailings, active ones, distinct addresses, and letters accepted since the first of the month."""
    return Totals(**{figure: count(session, figure, today=today, now=now) for figure in FIGURES})


def count(session: Session, figure: str, *, today: date, now: datetime) -> int:
    """One of FIGURES by its name."""
    return int(session.scalar(_statement(figure, today, now)) or 0)


def _statement(figure: str, today: date, now: datetime) -> Select[int]:
    living = select(func.count()).select_from(Mailing).where(Mailing.archived_at.is_(None))
    match figure:
        case "mailings":
            return living
        case "active":
            return living.where(_is_active(now))
        case "clients":
            return select(func.count(Client.address_key.distinct()))
    accepted = (DailyTotal.counted_on >= today.replace(day=1), DailyTotal.outcome == Outcome.ACCEPTED)
    return select(func.coalesce(func.sum(DailyTotal.n), 0)).where(*accepted)


def _is_active(now: datetime) -> ColumnElement[bool]:
    """MailingStatus.ACTIVE of rules/lifecycle.py as a condition; a test holds the two together."""
    has_more = or_(Mailing.next_run_at.is_not(None), HAS_OPEN_RUN)
    has_begun = or_(HAS_RUNS, Mailing.next_run_at.is_(None), Mailing.next_run_at <= now)
    stops = (Mailing.disabled_at, Mailing.stopped_at, Mailing.paused_at)
    return and_(~Mailing.is_draft, *(stop.is_(None) for stop in stops), has_more, has_begun)


def overview(session: Session, owner_id: int, *, now: datetime) -> Overview:
    """Running now, the next sends, and runs of the last thirty days that need a look."""
    troubled = or_(Run.held_reason.is_not(None), Run.state == RunState.MISSED, Run.refused > 0, Run.unanswered > 0)
    recent = Run.scheduled_for > now - TROUBLE_KEPT
    coming = owned_by(owner_id).where(Mailing.next_run_at.is_not(None)).order_by(Mailing.next_run_at)
    return Overview(
        running=session.scalars(_runs(owner_id).where(Run.state == RunState.OPEN, Run.held_reason.is_(None))).all(),
        coming=session.scalars(coming.limit(SHOWN)).all(),
        troubled=session.scalars(_runs(owner_id).where(troubled, recent)).all(),
    )


def _runs(owner_id: int) -> Select[Run]:
    return (
        select(Run)
        .join(Run.mailing)
        .options(contains_eager(Run.mailing))
        .where(Run.owner_id == owner_id)
        .order_by(Run.scheduled_for.desc(), Run.id.desc())
        .limit(SHOWN)
    )
