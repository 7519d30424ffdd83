"""The form of a mailing: shape here; what the schedule means, in rules/schedule.py."""

from collections.abc import Sequence
from datetime import datetime

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import (
    BooleanField,
    DateTimeLocalField,
    Field,
    Form,
    IntegerField,
    RadioField,
    SelectField,
    SelectMultipleField,
    ValidationError,
)
from wtforms.fields.choices import SelectChoice
from wtforms.validators import InputRequired, NumberRange, Optional

from mailer.models import Audience
from mailer.rules.occurrences import FIRST_YEAR, LAST_YEAR
from mailer.rules.schedule import Frequency, MissedRun, Schedule, is_known_zone, known_zones, to_utc
from mailer.services.audiences import Choice
from mailer.services.planning import Plan
from mailer.web.forms import SharedForm, line

MOMENTS = ["%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M"]
MOST_PICKED = 5000
WHEN = frozenset({"starts_at", "ends_at", "time_zone", "frequency", "interval"})
NEEDED = InputRequired(_l("Please fill in this field."))


def _whole(raw: object) -> int:
    text = str(raw)
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else 0


def _few(ids: list[int] | None) -> list[int] | None:
    """No longer than what is refused as too long: each id becomes a value of a statement, and those are counted."""
    return list(dict.fromkeys(ids))[: MOST_PICKED + 1] if ids else ids


def possible_year(_form: Form, field: Field) -> None:
    """Refuse years that no calendar of ours reaches."""
    if field.data is not None and not FIRST_YEAR <= field.data.year <= LAST_YEAR:
        raise ValidationError(_l("This year is out of reach."))


class MailingForm(SharedForm):
    """Which message, to whom, from when until when, how often."""

    title = line(_l("Title"), NEEDED, most=200)
    message = SelectField(_l("Message"), coerce=_whole, validate_choice=False)
    audience = RadioField(
        _l("To whom"),
        choices=[
            SelectChoice(Audience.ALL.value, _l("All my clients")),
            SelectChoice(Audience.TAGS.value, _l("Clients with any of the tags")),
            SelectChoice(Audience.PICKED.value, _l("Picked clients")),
        ],
        default=Audience.ALL.value,
    )
    tags = SelectMultipleField(_l("Tags"), coerce=_whole, validate_choice=False, filters=[_few])
    clients = SelectMultipleField(_l("Clients"), coerce=_whole, validate_choice=False, filters=[_few])
    starts_at = DateTimeLocalField(_l("Start"), format=MOMENTS, validators=[NEEDED, possible_year])
    ends_at = DateTimeLocalField(_l("End"), format=MOMENTS, validators=[Optional(), possible_year])
    time_zone = SelectField(_l("Time zone"), validate_choice=False)
    frequency = RadioField(
        _l("How often"),
        choices=[
            SelectChoice(Frequency.ONCE.value, _l("Once")),
            SelectChoice(Frequency.DAILY.value, _l("Daily")),
            SelectChoice(Frequency.WEEKLY.value, _l("Weekly")),
            SelectChoice(Frequency.MONTHLY.value, _l("Monthly")),
        ],
        default=Frequency.DAILY.value,
    )
    interval = IntegerField(
        _l("Interval"),
        default=1,
        validators=[NEEDED, NumberRange(1, 366, _l("A whole number from 1 to 366."))],
        description=_l("1: every time, 2: every second day, week or month"),
    )
    missed_run = RadioField(
        _l("When a time was missed"),
        choices=[
            SelectChoice(MissedRun.SEND_LATE.value, _l("Send later the same day")),
            SelectChoice(MissedRun.SKIP.value, _l("Skip it")),
        ],
        default=MissedRun.SEND_LATE.value,
    )
    draft = BooleanField(_l("Keep as a draft: nothing is sent yet"))

    def offer(self, messages: Sequence[tuple[int, str]], tags: Sequence[tuple[int, str]]) -> None:
        """Fill the lists to choose from with the owner's own things."""
        self.message.choices = [SelectChoice(0, _("Choose a message")), *(SelectChoice(*one) for one in messages)]
        self.tags.choices = [SelectChoice(*one) for one in tags]
        self.time_zone.choices = [SelectChoice(name) for name in sorted(known_zones())]

    def validate_message(self, field: Field) -> None:
        """One of the owner's messages must be chosen."""
        if field.data not in {one.value for one in field.choices[1:]}:
            raise ValidationError(_("Choose one of your messages."))

    def validate_tags(self, field: Field) -> None:
        """At least one of the owner's tags, when tags are wanted."""
        if self.audience.data != Audience.TAGS.value:
            return
        if not field.data:
            raise ValidationError(_("Choose at least one tag."))
        if not set(field.data) <= {one.value for one in field.choices}:
            raise ValidationError(_("One of these tags is not yours."))

    def validate_clients(self, field: Field) -> None:
        """At least one client, when picked ones are wanted; whose they are is asked by the view."""
        if self.audience.data != Audience.PICKED.value:
            return
        if not field.data:
            raise ValidationError(_("Choose at least one client."))
        if len(set(field.data)) > MOST_PICKED:
            raise ValidationError(_("At most 5,000 clients can be picked. For more, give them a tag."))

    def validate_time_zone(self, field: Field) -> None:
        """A zone that the service knows."""
        if not is_known_zone(field.data or ""):
            raise ValidationError(_("This time zone is not known. Choose one from the list."))

    def validate_ends_at(self, field: Field) -> None:
        """The end is after the start, and not past already."""
        if field.data is None or self.starts_at.data is None:
            return
        if field.data <= self.starts_at.data:
            raise ValidationError(_("The end must be later than the start."))

    def is_over(self, now: datetime) -> bool:
        """Whether the end was already: such a mailing would never send."""
        end = self.ends_at.data
        return end is not None and to_utc(end, self.time_zone.data) < now

    def choice(self) -> Choice:
        """Who is chosen so far, right or not: whoever is not the owner's counts as nobody."""
        chosen = self.audience.data if self.audience.data in set(Audience) else Audience.ALL
        return Choice(Audience(chosen), self.tags.data or (), (self.clients.data or ())[:MOST_PICKED])

    def has_schedule(self) -> bool:
        """Whether nothing is wrong with the fields of the schedule, whatever the others hold."""
        return not WHEN & self.errors.keys()

    def schedule(self) -> Schedule:
        """The schedule; only where `has_schedule`."""
        return Schedule(
            starts_at=self.starts_at.data,
            time_zone=self.time_zone.data,
            frequency=Frequency(self.frequency.data),
            interval=self.interval.data,
            ends_at=self.ends_at.data,
        )

    def plan(self) -> Plan:
        """What the form says, as the service wants it."""
        return Plan(
            title=self.title.data,
            message_id=self.message.data,
            audience=Audience(self.audience.data),
            schedule=self.schedule(),
            missed_run=MissedRun(self.missed_run.data),
            client_ids=tuple(dict.fromkeys(self.clients.data or ())),
            tag_ids=tuple(dict.fromkeys(self.tags.data or ())),
            is_draft=self.draft.data,
        )
