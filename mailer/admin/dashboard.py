"""The first page of the panel: how the service does, what waits for a moderator. Who has no such room is sent to
the first one they have."""

import logging
from collections.abc import Callable
from datetime import date
from typing import Any

from flask import Response
from flask_login import current_user
from redis.exceptions import RedisError

from mailer.admin.lists import reader
from mailer.admin.walls import Walled, door
from mailer.clock import utcnow
from mailer.extensions import cache, db, login_manager
from mailer.models import User
from mailer.rules.access import Room, rooms
from mailer.rules.errors import NotFound
from mailer.services import health, oversight, pulse
from mailer.web.locales import zone
from mailer.web.targets import see_other

log = logging.getLogger(__name__)

KEPT_S = 60
BRAKED_SHOWN = 20
FIRST_PAGES = {Room.POSTS: "admin_posts.index_view"}


class Dashboard(Walled):
    """`/admin/`, the only page that every member of staff may ask for."""

    room = Room.DASHBOARD
    doors = frozenset({"index"})

    def _handle_view(self, name: str, **kwargs: Any) -> Any:
        if not current_user.is_authenticated:
            return login_manager.unauthorized()
        open_rooms = rooms(current_user.role_set)
        if self.room in open_rooms:
            return super()._handle_view(name, **kwargs)
        for room, endpoint in FIRST_PAGES.items():
            if room in open_rooms:
                return see_other(endpoint)
        raise NotFound

    @door("/")
    def index(self) -> str | Response:
        """Sums of the last minute, and at this moment what is held, what is off, whether the tick runs."""
        session, now = db.session(), utcnow()
        today = now.astimezone(zone()).date()
        sums, refused = _sums(today.isoformat())
        people = {
            user.id: user for user in session.scalars(oversight.users(reader()).where(User.id.in_(dict(refused))))
        }
        page: str = self.render(
            "admin/dashboard.html",
            pulse=sums,
            most_refused=[(people[owner_id], share) for owner_id, share in refused if owner_id in people],
            braked=session.scalars(oversight.held_by_brake(reader()).limit(BRAKED_SHOWN)).all(),
            off=pulse.switched_off(session, reader()),
            health=health.look(session, now=now),
        )
        return page


Sums = tuple[pulse.Pulse, list[tuple[int, oversight.Share]]]


def _sums(today: str) -> Sums:
    """The dear sums, kept for a minute; they hold no names, so all moderators may share them."""
    key = f"panel-pulse-{today}"
    kept: Sums | None = _tried(lambda: cache.get(key))
    if kept is not None:
        return kept
    on = date.fromisoformat(today)
    found = pulse.take(db.session(), today=on, now=utcnow()), pulse.most_refused(db.session(), today=on)
    _tried(lambda: cache.set(key, found, timeout=KEPT_S))
    return found


def _tried(ask: Callable[[], Any]) -> Any:
    """A cache that is down holds nothing; the page is made all the same."""
    try:
        return ask()
    except (OSError, RedisError) as error:
        log.warning("the cache does not answer: %s", error)
        return None
