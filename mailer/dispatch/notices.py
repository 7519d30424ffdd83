"""Tells owners, once per run, that it was missed, waits for a broken server, or ended with refusals.

The letter goes into the outbox (services/account_letters); its words are found when it is written.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

from flask_babel import gettext as _
from flask_babel import ngettext
from sqlalchemy import ColumnElement, and_, func, or_, select, update
from sqlalchemy.orm import Session

from mailer.dispatch.notes import Note, public_link
from mailer.models import HeldReason, Run, RunState, User
from mailer.services import account_letters
from mailer.services.account_letters import Kind
from mailer.services.silences import in_words

# a short trouble is over before anybody could read about it
PATIENCE = timedelta(minutes=10)
# newest runs that are looked at, by the primary key: no index is worth having for so rare a question
RECENT = 20_000
MOST_AT_ONCE = 200
TROUBLE = (HeldReason.SERVER, HeldReason.SENDER_REFUSED)


def untold(session: Session, *, now: datetime) -> Sequence[int]:
    """Runs whose owners want to know and were not told."""
    newest = session.scalar(select(func.max(Run.id))) or 0
    statement = (
        select(Run.id)
        .join(User, User.id == Run.owner_id)
        .where(Run.id > newest - RECENT, Run.noticed_at.is_(None), User.wants_notices, _is_worth_a_letter(now))
        .where(User.blocked_at.is_(None), User.deleted_at.is_(None), User.confirmed_at.is_not(None))
    )
    return session.scalars(statement.order_by(Run.id).limit(MOST_AT_ONCE)).all()


def tell(session: Session, run_ids: Sequence[int], *, now: datetime) -> int:
    """Put a letter for each of these runs into the outbox; how many. Compare-and-set: a second teller tells nobody."""
    told = 0
    for run_id in run_ids:
        mine = update(Run).where(Run.id == run_id, Run.noticed_at.is_(None)).values(noticed_at=now)
        owner_id = session.scalar(mine.returning(Run.owner_id))
        if owner_id is not None:
            owner = session.get_one(User, owner_id)
            account_letters.ask(session, Kind.RUN, email=owner.email, user=owner, about_id=run_id, now=now)
            told += 1
    return told


def of(session: Session, run_id: int | None) -> Note | None:
    """The words about this run as it stands now; None when all is well again or it is gone."""
    run = session.get(Run, run_id) if run_id else None
    if run is None:
        return None
    if run.state is RunState.MISSED:
        return _missed(run)
    if run.held_reason in TROUBLE:
        return _waits(run)
    return _troubled(run) if run.refused or run.unanswered else None


def _is_worth_a_letter(now: datetime) -> ColumnElement[bool]:
    has_waited = and_(Run.state == RunState.OPEN, Run.held_reason.in_(TROUBLE), Run.held_at <= now - PATIENCE)
    has_losses = and_(Run.state == RunState.DONE, Run.refused + Run.unanswered > 0)
    return or_(Run.state == RunState.MISSED, has_waited, has_losses)


def _missed(run: Run) -> Note:
    count = ngettext("%(num)s time was missed.", "%(num)s times were missed.", max(1, run.missed_count))
    return Note(
        _("A mailing was not sent: %(title)s", title=run.mailing.title),
        (
            _("The mailing “%(title)s” was due, and the service was not running then.", title=run.mailing.title),
            count,
        ),
        public_link("reports.mailing", mailing_id=str(run.mailing_id)),
        _("Open the report"),
        _how_to_stop(),
    )


def _waits(run: Run) -> Note:
    return Note(
        _("A mailing waits for the mail server: %(title)s", title=run.mailing.title),
        (
            _("The mail server does not take letters of the mailing “%(title)s”.", title=run.mailing.title),
            _("It said: %(words)s", words=in_words(run.held_words) or "—"),
            _("Nobody is lost: it goes on by itself when the server is back."),
        ),
        public_link("reports.run", run_id=str(run.id)),
        _("Open the report"),
        _how_to_stop(),
    )


def _troubled(run: Run) -> Note:
    refused = ngettext("%(num)s letter was refused.", "%(num)s letters were refused.", run.refused)
    unanswered = ngettext(
        "%(num)s letter got no answer: nobody knows whether it arrived.",
        "%(num)s letters got no answer: nobody knows whether they arrived.",
        run.unanswered,
    )
    counts = ((refused,) if run.refused else ()) + ((unanswered,) if run.unanswered else ())
    return Note(
        _("Some letters did not arrive: %(title)s", title=run.mailing.title),
        (_("The mailing “%(title)s” has been sent.", title=run.mailing.title), *counts),
        public_link("reports.run", run_id=str(run.id)),
        _("Open the report"),
        _how_to_stop(),
    )


def _how_to_stop() -> tuple[str, ...]:
    return (_("You can switch such letters off in your profile."),)
