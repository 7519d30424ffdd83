"""The bookshop's three messages and its four mailings, one of each frequency; the last one is due at once."""

from dataclasses import dataclass
from datetime import datetime, time, timedelta
from pathlib import Path

from sqlalchemy.orm import Session

from mailer.models import Audience, Mailing, Message, Tag, User
from mailer.rules.schedule import Frequency, MissedRun, Schedule, to_wall
from mailer.services import messages, planning
from mailer.services.demo import cast
from mailer.services.demo.people import Scene
from mailer.services.messages import MessageFacts
from mailer.services.planning import Plan

FOLDER = Path(__file__).with_name("letters")
SUBJECTS = {
    "daily": "{{ name | Читатель }}, ваша книга дня",
    "weekly": "New on our shelves this week",
    "club": "Ночь у маяка · A night at the lighthouse",
}


@dataclass(frozen=True, slots=True)
class Sketch:
    """A mailing in few words; `days_ago` is its first day, a tag of None means everybody."""

    title: str
    message: str
    frequency: Frequency
    days_ago: int
    at: time
    tag: str | None
    missed_run: MissedRun = MissedRun.SEND_LATE


PAST = (
    Sketch("Книга дня", "daily", Frequency.DAILY, 60, time(9), cast.RUSSIAN, MissedRun.SKIP),
    Sketch("New on our shelves", "weekly", Frequency.WEEKLY, 58, time(10, 30), cast.ENGLISH),
    Sketch("Клуб читателей · Book club", "club", Frequency.MONTHLY, 58, time(18), None),
)


def write_messages(session: Session, owner: User, scene: Scene) -> dict[str, Message]:
    """All three, by the name of their files."""
    when = scene.now - timedelta(days=63)
    facts = {name: MessageFacts(subject, _read(name, "txt"), _read(name, "html")) for name, subject in SUBJECTS.items()}
    return {name: messages.create(session, owner.id, fact, now=when) for name, fact in facts.items()}


def plan_past(session: Session, message: Message, sketch: Sketch, tags: dict[str, Tag], scene: Scene) -> Mailing:
    """A recurring mailing of the message's owner that was planned two months ago and has been active since."""
    day = to_wall(scene.now, scene.time_zone).date() - timedelta(days=sketch.days_ago)
    plan = Plan(
        title=sketch.title,
        message_id=message.id,
        audience=Audience.ALL if sketch.tag is None else Audience.TAGS,
        schedule=Schedule(datetime.combine(day, sketch.at), scene.time_zone, sketch.frequency),
        missed_run=sketch.missed_run,
        tag_ids=() if sketch.tag is None else (tags[sketch.tag].id,),
    )
    return planning.create(session, message.owner_id, plan, now=scene.now - timedelta(days=63))


def plan_now(session: Session, message: Message, scene: Scene) -> Mailing:
    """To everybody, once, due this minute: the first letters that a newcomer sees."""
    plan = Plan(
        title="Приглашение на сегодня · Tonight’s invitation",
        message_id=message.id,
        audience=Audience.ALL,
        schedule=Schedule(
            to_wall(scene.now, scene.time_zone).replace(second=0, microsecond=0), scene.time_zone, Frequency.ONCE
        ),
        missed_run=MissedRun.SEND_LATE,
    )
    return planning.create(session, message.owner_id, plan, now=scene.now)


def _read(name: str, ending: str) -> str:
    return (FOLDER / f"{name}.{ending}").read_text(encoding="utf-8")
