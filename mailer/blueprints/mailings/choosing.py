"""What the form of a mailing offers to choose from, and what stands in it at first."""

from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from flask import current_app
from flask_babel import get_locale, ngettext
from flask_babel import gettext as _
from flask_login import current_user
from sqlalchemy import select
from wtforms import Field

from mailer.blueprints.mailings.forms import MOST_PICKED, MailingForm
from mailer.clock import utcnow
from mailer.extensions import db
from mailer.models import Audience, Client, Mailing
from mailer.services import audiences, outlooks, tags
from mailer.services import clients as book
from mailer.services import mailings as plans
from mailer.services.outlooks import Outlook
from mailer.web.forms import with_seen

OFFERED_CLIENTS = 200

Wrong = tuple[Field, str] | None


def defaults(now: datetime) -> dict[str, Any]:
    """A new mailing starts at the next full hour of the owner's clock."""
    here = now.astimezone(ZoneInfo(current_user.time_zone)).replace(tzinfo=None)
    start = here.replace(minute=0, second=0, microsecond=0) + timedelta(hours=1)
    return {"starts_at": start, "time_zone": current_user.time_zone}


def stored(mailing: Mailing) -> dict[str, Any]:
    """A saved mailing as its form shows it."""
    shown = {
        "title": mailing.title,
        "message": mailing.message_id,
        "audience": mailing.audience.value,
        "tags": [tag.id for tag in mailing.tags],
        "clients": [client.id for client in plans.picked_clients(db.session(), mailing, MOST_PICKED)],
        "starts_at": mailing.starts_at,
        "ends_at": mailing.ends_at,
        "time_zone": mailing.time_zone,
        "frequency": mailing.frequency.value,
        "interval": mailing.interval,
        "missed_run": mailing.missed_run.value,
        "draft": mailing.is_draft,
    }
    return with_seen(shown)


def offer(form: MailingForm) -> None:
    """Fill the form's lists with the owner's messages and tags."""
    counted = tags.with_counts(db.session(), current_user.id)
    form.offer(
        plans.messages_to_choose(db.session(), current_user.id),
        [(tag.id, f"{tag.name} ({count})") for tag, count in counted],
    )


def shown_clients(form: MailingForm) -> list[tuple[Client, bool]]:
    """Clients to show in the list: the chosen ones first, then some more; each with whether it is chosen."""
    wanted = set(form.clients.data or ())
    own = book.owned_by(current_user.id)
    chosen = db.session.scalars(own.where(Client.id.in_(wanted)).order_by(Client.id)).all() if wanted else []
    others = db.session.scalars(own.order_by(Client.id.desc()).limit(OFFERED_CLIENTS)).all()
    return [(one, True) for one in chosen] + [(one, False) for one in others if one.id not in wanted]


def is_acceptable(form: MailingForm) -> bool:
    """What the form cannot know by itself: whose the clients are, what time it is, how many a new sender may reach.

    What is wrong stands beside its field.
    """
    found = [_foreign_client(form)]
    if not form.draft.data:
        found += [_past_end(form), _beyond_limit(form)]
    wrong = [one for one in found if one is not None]
    for field, sentence in wrong:
        field.errors = [*field.errors, sentence]
    return not wrong


def is_newest(form: MailingForm, mailing: Mailing) -> bool:
    """Takes the mailing; says it above the form when its plan is not the one that the form was made from."""
    return form.is_newest(
        stored(plans.take(db.session(), mailing))["seen"],
        _("The mailing was changed meanwhile. What you wrote is still here: save again to replace that change."),
    )


def _foreign_client(form: MailingForm) -> Wrong:
    if form.audience.data != Audience.PICKED.value:
        return None
    wanted = set(form.clients.data or ())
    found = select(Client.id).where(Client.owner_id == current_user.id, Client.id.in_(wanted))
    is_own = set(db.session.scalars(found)) == wanted
    return None if is_own else (form.clients, _("One of these clients is not yours."))


def _past_end(form: MailingForm) -> Wrong:
    if not form.is_over(utcnow()):
        return None
    return form.ends_at, _("This end is past: the mailing would never send.")


def _beyond_limit(form: MailingForm) -> Wrong:
    """Where it is known already that a new sender's day is too short; what comes later is skipped by the engine."""
    config = current_app.config["MAILER"]
    limit = config.sending.new_user_daily_limit
    if not limit or current_user.trusted_at is not None:
        return None
    if audiences.reach(db.session(), current_user.id, form.choice()).least <= limit:
        return None
    sentence = ngettext(
        "Until a moderator trusts you, you may write to %(num)s client a day. This audience is larger.",
        "Until a moderator trusts you, you may write to %(num)s clients a day. This audience is larger.",
        limit,
    )
    return form.audience, f"{sentence} {_('Questions: %(contact)s', contact=config.contact)}"


def outlook(form: MailingForm, mailing: Mailing | None, *, sent_on: date | None) -> Outlook | None:
    """What the schedule in the form means, saved or not; None while it is not a schedule yet."""
    if not form.has_schedule():
        return None
    schedule, now = form.schedule(), utcnow()
    return outlooks.of_form(
        db.session(), current_user.id, schedule, mailing, now=now, sent_on=sent_on, week_starts=week_starts()
    )


def week_starts() -> int:
    """The first day of the reader's week, from Monday, 0."""
    return get_locale().first_week_day
