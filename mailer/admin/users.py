"""The room of accounts: find them, look at what they do, block, trust. Staff is never in it, but for administrators,
and can be judged by nobody while they hold a role."""

from collections.abc import Sequence
from typing import Any, ClassVar

from flask import Response, url_for
from sqlalchemy import Select

from mailer.admin.lists import Listed, Narrowings, reader
from mailer.admin.verdicts import OF_USERS, asked_ids, chosen, pronounce
from mailer.admin.walls import door
from mailer.clock import utcnow
from mailer.extensions import db
from mailer.models import AuditEntry, Mailing, User
from mailer.rules.access import Room
from mailer.services import audit, mailings, moderation, oversight
from mailer.web.deeds import deed
from mailer.web.locales import zone

MAILINGS_SHOWN, DEEDS_SHOWN = 20, 20


class Users(Listed):
    """List, one person, and the verdicts on one or many."""

    room = Room.USERS
    doors = frozenset({"index_view", "person", "judge"})
    list_template = "admin/users.html"
    column_list = column_sortable_list = ("id", "email", "last_sign_in_at")
    searched: ClassVar[Sequence[Any]] = (User.email, User.username, User.first_name, User.last_name)
    narrowings: ClassVar[Narrowings] = {
        "state": {
            "blocked": lambda: User.blocked_at.is_not(None),
            "unconfirmed": lambda: User.confirmed_at.is_(None),
            "new": lambda: User.trusted_at.is_(None) & User.confirmed_at.is_not(None),
            "trusted": lambda: User.trusted_at.is_not(None),
        },
    }

    def seen(self) -> Select[Any]:
        """Everybody within sight."""
        return oversight.users(reader())

    def page_facts(self, rows: Sequence[Any]) -> dict[str, Any]:
        """How many mailings each has, the share of refused letters, and who may be judged."""
        ids, session = [user.id for user in rows], db.session()
        return {
            "mailings": oversight.mailing_counts(session, ids),
            "shares": oversight.user_shares(session, ids, today=utcnow().astimezone(zone()).date()),
            "judgeable": {user.id for user in rows if moderation.is_judgeable(reader(), user)},
        }

    @door("/<int:user_id>")
    def person(self, user_id: int) -> str:
        """One account: its facts, its mailings, and what moderators did to it."""
        session, now = db.session(), utcnow()
        user = oversight.user(session, reader(), user_id)
        own = oversight.mailings(reader()).where(Mailing.owner_id == user.id).order_by(Mailing.id.desc())
        deeds = audit.entries_of(user).where(AuditEntry.verb.in_([one.deed for one in OF_USERS.values()]))
        plans = session.scalars(own.limit(MAILINGS_SHOWN)).all()
        page: str = self.render(
            "admin/user.html",
            user=user,
            facts=self.page_facts([user]),
            standings=mailings.standings(session, plans, now=now),
            deed=deed,
            deeds=session.scalars(deeds.limit(DEEDS_SHOWN)).all(),
        )
        return page

    @door("/<any(block, unblock, trust, distrust):verb>", "GET", "POST")
    @chosen
    def judge(self, verb: str) -> Response:
        """Ask for a reason and act; one id that is not to be touched makes the whole request a 404."""
        people = moderation.judged_users(db.session(), reader(), asked_ids())
        alone = url_for(".person", user_id=people[0].id) if len(people) == 1 else ""
        return pronounce(OF_USERS[verb], people, back=alone or url_for(".index_view"))
