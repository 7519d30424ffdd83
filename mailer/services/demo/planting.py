"""The whole story at once: what `flask demo` writes. The caller commits, and then keeps the album."""

from collections import Counter
from datetime import timedelta
from random import Random

from sqlalchemy import select
from sqlalchemy.orm import Session

from mailer.models import Client, User
from mailer.services import tags, versions
from mailer.services.demo import articles, cast, people, plans
from mailer.services.demo.history import History
from mailer.services.demo.people import Scene
from mailer.services.photos import Album


def is_empty(session: Session) -> bool:
    """Whether nobody has an account yet."""
    return session.scalar(select(User.id).limit(1)) is None


def plant(session: Session, album: Album, scene: Scene) -> None:
    """Write everything; pictures of the blog go to the album."""
    owner = people.settle(session, cast.OWNER, scene)
    staff = [people.settle(session, person, scene) for person in cast.STAFF]
    book = people.fill_book(session, owner, scene)
    _send_for_two_months(session, owner, book, scene)
    articles.publish(session, staff[-1], album, now=scene.now)


def _send_for_two_months(session: Session, owner: User, book: list[Client], scene: Scene) -> None:
    letters = plans.write_messages(session, owner, scene)
    named = {tag.name: tag for tag in session.scalars(tags.owned_by(owner.id))}
    stops = people.stop_some(session, owner, book, scene)
    past = History(session, owner, stops, scene.now, Random(7), Counter())
    for sketch in plans.PAST:
        message = letters[sketch.message]
        mailing = plans.plan_past(session, message, sketch, named, scene)
        version = versions.freeze(session, message, owner, now=scene.now - timedelta(days=sketch.days_ago))
        past.tell(mailing, version, _meant(book, sketch.tag))
    past.write_days()
    plans.plan_now(session, letters["club"], scene)


def _meant(book: list[Client], tag: str | None) -> list[Client]:
    return [client for client in book if tag is None or tag in {one.name for one in client.tags}]
