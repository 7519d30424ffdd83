"""How far runs have come, from their kept counters; and what is due, for those who only want to look."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import astuple, dataclass
from datetime import datetime

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from mailer.models import Claim, Mailing, Run, RunState
from mailer.rules.lifecycle import MailingStatus
from mailer.services import audiences, mailings
from mailer.services.audiences import Reach

AT_ONCE = 500
SENDING = {MailingStatus.SCHEDULED, MailingStatus.ACTIVE}


@dataclass(frozen=True, slots=True)
class Progress:
    """Sums over runs. `expected` is what is known of the size; `deferred` wait for another try."""

    expected: int = 0
    total: int = 0
    accepted: int = 0
    refused: int = 0
    skipped: int = 0
    unanswered: int = 0
    deferred: int = 0

    def __add__(self, other: "Progress") -> "Progress":
        return Progress(*(a + b for a, b in zip(astuple(self), astuple(other), strict=True)))

    def __sub__(self, other: "Progress") -> "Progress":
        return Progress(*(a - b for a, b in zip(astuple(self), astuple(other), strict=True)))

    @property
    def settled(self) -> int:
        """Recipients whose fate is written down for good."""
        return self.accepted + self.refused + self.skipped + self.unanswered

    @property
    def begun(self) -> int:
        """Claimed once and without a fate yet: in some worker's hands, or given back to be sent."""
        return self.total - self.settled - self.deferred


@dataclass(frozen=True, slots=True)
class Due:
    """One run that `flask send` would work on: open already, or to be opened by its tick.

    `recipients` are at most so many where the exact number would take long to count (`is_exact`).
    """

    mailing_id: int
    title: str
    at: datetime
    recipients: int
    is_exact: bool
    is_open: bool
    held_words: str = ""


def open_runs(session: Session, mailing_id: int | None = None) -> list[int]:
    """Ids of all open runs, or of one mailing's."""
    statement = select(Run.id).where(Run.state == RunState.OPEN).order_by(Run.id)
    return list(session.scalars(statement if mailing_id is None else statement.where(Run.mailing_id == mailing_id)))


def progress(session: Session, run_ids: Sequence[int]) -> Progress:
    """The sums over these runs, in a few statements however many they are."""
    known = func.coalesce(Run.expected, Run.total)
    counters = (known, Run.total, Run.accepted, Run.refused, Run.skipped, Run.unanswered, Run.deferred)
    sums = Progress()
    for ids in _slices(run_ids):
        row = session.execute(select(*(func.coalesce(func.sum(one), 0) for one in counters)).where(Run.id.in_(ids)))
        sums += Progress(*map(int, row.one()))
    return sums


def is_claimed(session: Session, run_ids: Sequence[int]) -> bool:
    """True when some worker, alive or dead, holds recipients of these runs."""
    held = (select(Claim.id).where(Claim.run_id.in_(ids)).limit(1) for ids in _slices(run_ids))
    return any(session.scalar(one) is not None for one in held)


def waiting(session: Session, run_ids: Sequence[int]) -> dict[str, int]:
    """Why runs of these wait: the reason, or the server's words, and how many runs."""
    reasons: dict[str, int] = {}
    for ids in _slices(run_ids):
        held = select(Run.held_reason, Run.held_words, func.count()).group_by(Run.held_reason, Run.held_words)
        for reason, words, n in session.execute(
            held.where(Run.id.in_(ids), Run.state == RunState.OPEN, Run.held_reason.is_not(None))
        ):
            said = words or str(reason)
            reasons[said] = reasons.get(said, 0) + n
    return reasons


def due(session: Session, mailing_id: int | None, *, now: datetime) -> Iterator[Due]:
    """Open runs first, then the mailings whose time has come; nothing is written."""
    for run in session.scalars(_of(select(Run).where(Run.state == RunState.OPEN).order_by(Run.id), mailing_id)):
        size = Reach(run.expected, run.expected) if run.expected else _reach(session, run.mailing)
        left = max(0, size.most - run.accepted - run.refused - run.skipped - run.unanswered)
        yield Due(run.mailing_id, run.mailing.title, run.scheduled_for, left, size.is_exact, True, run.held_words)
    coming = select(Mailing).where(Mailing.next_run_at <= now).order_by(Mailing.next_run_at)
    if mailing_id is not None:
        coming = coming.where(Mailing.id == mailing_id)
    for mailing in session.scalars(coming):
        is_sending = mailings.standing(session, mailing, now=now).status in SENDING
        if is_sending and mailing.next_run_at is not None:
            size = _reach(session, mailing)
            yield Due(mailing.id, mailing.title, mailing.next_run_at, size.most, size.is_exact, False)


def _reach(session: Session, mailing: Mailing) -> Reach:
    return audiences.reach(session, mailing.owner_id, audiences.choice_of(session, mailing))


def _of(statement: Select[Run], mailing_id: int | None) -> Select[Run]:
    return statement if mailing_id is None else statement.where(Run.mailing_id == mailing_id)


def _slices(ids: Sequence[int]) -> Iterator[Collection[int]]:
    """SQLite takes so many values in one statement and no more."""
    for start in range(0, len(ids), AT_ONCE):
        yield ids[start : start + AT_ONCE]
