"""Sends the service's own letters from the outbox, in the consumer: no visitor waits for a mail server.

The task carries nothing. A link's secret is made here, a moment before it is sent, and kept only as a hash;
a lost task loses nothing, because the minute asks again.
"""

import logging
from collections.abc import Sequence
from datetime import datetime
from time import monotonic

from flask import Flask, current_app
from flask_babel import force_locale
from huey import crontab
from huey.exceptions import HueyException
from redis.exceptions import RedisError
from sqlalchemy.orm import Session

from mailer import orm
from mailer.clock import utcnow
from mailer.config import Config
from mailer.dispatch import moderation_notes, notes, notices, summaries
from mailer.extensions import db
from mailer.mail.account import Letter, Transport, open_transport
from mailer.mail.patience import OF_ONE_LETTER, TROUBLE
from mailer.models import AccountLetter, Post, User
from mailer.services import account_letters, account_links, accounts, addresses, brakes, upkeep
from mailer.services.account_letters import Kind
from mailer.services.account_links import Purpose
from mailer.services.passwords import NO_PASSWORD

log = logging.getLogger(__name__)

SLICE_S = 10.0  # of a consumer with one worker: the tick must not wait longer
PRIORITY = 5  # after the tick, before the engine's slices
_TASK = "account_letters"


def register(app: Flask) -> None:
    """Hang our two tasks on this app's queue: letters at once when rung for, chores each minute."""
    huey = app.extensions["huey"]

    @huey.task(name="send_account_letters", priority=PRIORITY)
    def send() -> None:
        with app.app_context():
            deliver_due(now=utcnow())

    @huey.periodic_task(crontab(), name="account_chores", priority=PRIORITY)
    def chores() -> None:
        with app.app_context():
            do_chores(now=utcnow())

    app.extensions[_TASK] = send


def do_chores(*, now: datetime) -> None:
    """What is done each minute beside the tick, and after `flask send`: notices, the outbox, tidying up,
    and counting closed runs for the reports. One that fails keeps none of the others from being done."""
    for chore in (tell_owners, tell_moderators, deliver_due, tidy_up, keep_summaries):
        try:
            chore(now=now)
        except Exception:
            log.exception("a chore of the minute failed: %s", chore.__name__)
            db.session.rollback()


def tidy_up(*, now: datetime) -> None:
    """Drop what is over in the account tables."""
    upkeep.do(db.session(), now=now, config=current_app.config["MAILER"], commit=db.session.commit)


def keep_summaries(*, now: datetime) -> None:
    """Count closed runs for the reports."""
    summaries.keep(db.session(), now=now, commit=db.session.commit)


def tell_owners(*, now: datetime) -> None:
    """Put letters about troubled runs into the outbox. Nearly always there is nothing: look without a write lock."""
    session = db.session()
    with orm.reading():
        run_ids = notices.untold(session, now=now)
        session.rollback()
    if run_ids:
        notices.tell(session, run_ids, now=now)
        session.commit()


def tell_moderators(*, now: datetime) -> None:
    """Ask for letters about runs that the brake holds, once for each run."""
    session = db.session()
    with orm.reading():  # nearly always there is nothing: look without a write lock
        is_new = brakes.has_untold(session)
        session.rollback()
    if is_new:
        brakes.tell(session, now=now)
        session.commit()


def ring() -> None:
    """Ask the consumer to look into the outbox now; call it after the commit. Never fails."""
    try:
        current_app.extensions[_TASK]()
    except (OSError, RedisError, HueyException) as error:
        log.warning("the queue does not answer, letters go out within a minute: %s", error)


def transport() -> Transport:
    """The mail server of the settings, or the folder of letters in development."""
    config: Config = current_app.config["MAILER"]
    return open_transport(config.mail, site=config.site.name, folder=config.var_dir / "letters")


def deliver_due(*, now: datetime) -> int:
    """Send what is due; how many letters left. Stops at trouble with the server: it is likely down for all."""
    session, carrier, sent, until = db.session(), transport(), 0, monotonic() + SLICE_S
    for letter_id in _due(session, now=now):
        if monotonic() > until:
            break
        letter = _next(session, letter_id, now=now)
        if letter is None:
            continue
        try:
            carrier.send(letter, now=now)  # the transaction is over: a slow server must not hold it
        except TROUBLE as error:
            log.warning("an account letter could not be sent, it will be tried again: %s", error)
            if isinstance(error, OF_ONE_LETTER):
                continue
            break
        account_letters.drop(session, letter_id)
        session.commit()
        sent += 1
    session.rollback()
    return sent


def _due(session: Session, *, now: datetime) -> Sequence[int]:
    with orm.reading():  # nearly always there is nothing: look without a write lock
        ids = account_letters.due(session, now=now)
        session.rollback()
    return ids


def _next(session: Session, letter_id: int, *, now: datetime) -> Letter | None:
    """Claim and write one letter; None when another worker has it or there is nothing to say."""
    row = account_letters.take(session, letter_id, now=now)
    letter = _compose(session, row, now=now) if row else None
    if row and letter is None:
        account_letters.drop(session, letter_id)
    session.commit()
    return letter


def _compose(session: Session, row: AccountLetter, *, now: datetime) -> Letter | None:
    kind, address = Kind(row.kind), addresses.read(row.email)
    person = session.get(User, row.user_id) if row.user_id else None
    if kind is Kind.POST_READ:
        return _about_post(session, row, person)
    holder = accounts.by_address(session, address) if address else None
    is_taken = kind is Kind.CHANGE_EMAIL and holder not in {None, person}
    # to the address as its owner spelled it, not as a visitor typed it: two spellings of one key may be two mailboxes
    reader, to = (holder, holder.email) if holder and (person is None or is_taken) else (person, row.email)
    if reader is None or reader.deleted_at is not None:
        return None  # nobody has this address: the visitor was told the same as everybody
    with force_locale(reader.locale):
        if kind in moderation_notes.KINDS:
            note = moderation_notes.of(session, kind, reader)
        elif kind is Kind.RUN:
            note = notices.of(session, row.about_id)
        else:
            note = notes.known() if is_taken else _note(session, kind, reader, to, now=now)
        return notes.written(note, to=to, locale=reader.locale) if note else None


def _about_post(session: Session, row: AccountLetter, author: User | None) -> Letter | None:
    """To the author in their language, to the site in its own; None when the post is gone."""
    post = session.get(Post, row.about_id) if row.about_id else None
    locale = author.locale if author else current_app.config["MAILER"].default_locale
    with force_locale(locale):
        note = notes.post_read(post.title, post.slug, post.views) if post else None
        return notes.written(note, to=row.email, locale=locale) if note else None


def _note(session: Session, kind: Kind, reader: User, to: str, *, now: datetime) -> notes.Note:
    match kind:
        case Kind.RESET:
            return notes.reset(account_links.issue(session, reader, Purpose.RESET, email=to, now=now))
        case Kind.SIGN_UP if reader.confirmed_at is None:
            return _beginning(session, reader, to, now=now)
        case Kind.CHANGE_EMAIL:
            token = account_links.issue(session, reader, Purpose.CHANGE_EMAIL, email=to, now=now)
            return notes.change_email(token)
        case Kind.EMAIL_CHANGED:
            return notes.email_changed(reader.email)
        case Kind.PASSWORD_CHANGED:
            return notes.password_changed()
    return notes.known()


def _beginning(session: Session, reader: User, to: str, *, now: datetime) -> notes.Note:
    """Confirm the address; or, where no password counts yet, choose one, which confirms it too."""
    if reader.password_hash == NO_PASSWORD:
        return notes.first_password(account_links.issue(session, reader, Purpose.RESET, email=to, now=now))
    return notes.confirm(account_links.issue(session, reader, Purpose.CONFIRM, email=to, now=now))
