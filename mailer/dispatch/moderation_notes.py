"""What letters about moderation say. The facts are read when the letter is written, so that an old letter never
claims what was taken back meanwhile: then there is nothing to say."""

from flask import current_app
from flask_babel import gettext as _
from sqlalchemy import select
from sqlalchemy.orm import Session

from mailer.config import Config
from mailer.dispatch.notes import Note, public_link
from mailer.models import Mailing, User
from mailer.services import oversight
from mailer.services.account_letters import Kind

KINDS = frozenset({Kind.BLOCKED, Kind.MAILING_OFF, Kind.BRAKE})
MOST_NAMED = 20


def of(session: Session, kind: Kind, reader: User) -> Note | None:
    """The words of this kind for this reader; None when they are true no more."""
    if kind is Kind.BLOCKED:
        return _blocked(reader)
    return _switched_off(session, reader) if kind is Kind.MAILING_OFF else _brake(session, reader)


def _blocked(reader: User) -> Note | None:
    if reader.blocked_at is None:
        return None
    return Note(
        _("Your account is blocked"),
        (
            _("A moderator has blocked your account. The reason: %(reason)s", reason=reader.blocked_reason),
            _("Nothing is sent for you any more, and you cannot sign in."),
        ),
        after=_contact(),
    )


def _switched_off(session: Session, reader: User) -> Note | None:
    off = select(Mailing).where(Mailing.owner_id == reader.id, Mailing.disabled_at.is_not(None))
    mailings = session.scalars(
        off.where(Mailing.archived_at.is_(None)).order_by(Mailing.disabled_at.desc()).limit(MOST_NAMED)
    ).all()
    if not mailings:
        return None
    named = (_("“%(title)s”: %(reason)s", title=one.title, reason=one.disabled_reason) for one in mailings)
    return Note(
        _("A mailing of yours is switched off"),
        (_("A moderator has switched off these mailings. They send nothing until a moderator allows it:"), *named),
        public_link("mailings.index"),
        _("Open my mailings"),
        _contact(),
    )


def _brake(session: Session, reader: User) -> Note | None:
    runs = session.scalars(oversight.held_by_brake(reader).limit(MOST_NAMED)).all()
    if not runs:
        return None
    named = (_("“%(title)s” of %(owner)s", title=run.mailing.title, owner=run.mailing.owner.email) for run in runs)
    return Note(
        _("A mailing was stopped by the brake"),
        (_("Too many letters of these mailings were refused, so they wait for you:"), *named),
        public_link("admin.index"),
        _("Open the panel"),
    )


def _contact() -> tuple[str, ...]:
    config: Config = current_app.config["MAILER"]
    return (_("Questions: %(contact)s", contact=config.contact),)
