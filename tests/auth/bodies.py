"""What each verb of an owner or a visitor takes: one good body per endpoint, for the routes of tests/auth/routes.py,
and a world in which it works."""

from typing import Any

from flask import Flask
from sqlalchemy.orm import Session
from werkzeug.routing import Rule

from mailer.models import Attempt, RunState, SignIn
from mailer.rules.outcome import Outcome
from mailer.services.passwords import hash_password
from tests.auth.conftest import CHEAP, PASSWORD
from tests.auth.matrix import World, build, routes
from tests.auth.routes import Door, row_of
from tests.support.world import NOW, make_mailing, make_message, make_run

NEW = {"password": "another horse", "password2": "another horse"}
PRESENT = {"current_password": PASSWORD}
CLIENT = {"email": "boris@example.org", "full_name": "Boris", "comment": "", "tags": "vip"}
MESSAGE = {"subject": "Hello", "text": "A letter"}
POST = {"title": "A post", "content": "<p>Some words</p>", "is_published": "y"}
PLAN = {"title": "A plan", "audience": "all", "starts_at": "2030-01-01T09:00", "time_zone": "UTC"}
RHYTHM = {"ends_at": "2030-06-01T09:00", "frequency": "weekly", "interval": "1", "missed_run": "skip"}
PROFILE = {"username": "boris", "first_name": "Boris", "time_zone": "UTC", "locale": "en"}

BODIES: dict[str, dict[str, Any]] = {
    "auth.choose": NEW,
    "auth.delete": PRESENT,
    "auth.edit_profile": PROFILE,
    "auth.email": {"email": "new@example.org", **PRESENT},
    "auth.end_session": {},
    "auth.login": {"password": PASSWORD},
    "auth.password": {**NEW, **PRESENT},
    "auth.register": {"email": "boris@example.org", **NEW},
    "auth.resend": {"email": "boris@example.org"},
    "auth.reset": {"email": "boris@example.org"},
    "blog.create": POST,
    "blog.edit": POST,
    "clients.create": CLIENT,
    "clients.edit": CLIENT,
    "imports.index": {"text": "boris@example.org, Boris, vip"},
    "mailings.audience": {"audience": "all"},
    "mailings.create": {**PLAN, **RHYTHM},
    "mailings.edit": {**PLAN, **RHYTHM},
    "messages.create": MESSAGE,
    "messages.edit": MESSAGE,
    "suppressions.create": {"address": "boris@example.org", "reason": "manual"},
    "suppressions.lift": {"reason": "Boris asked me to write again"},
    "web.language": {"locale": "ru"},
}
# a button alone
BARE = {
    "auth.confirmed",
    "auth.download",
    "auth.email_proven",
    "auth.end_other_sessions",
    "auth.logout",
    "blog.delete",
    "clients.delete",
    "mailings.delete",
    "mailings.pause",
    "mailings.resume",
    "mailings.send_now",
    "mailings.stop",
    "messages.delete",
    "messages.test",
    "reports.resend",
    "unsubscribe.leave",
}


def verbs(app: Flask) -> list[Rule]:
    """Every address that an owner or a visitor can post to."""
    return [rule for rule, _method in routes(app, ("POST",)) if (row := row_of(rule.endpoint)) and row.is_owners]


def is_for_all(rule: Rule) -> bool:
    """Whether one need not sign in for it."""
    row = row_of(rule.endpoint)
    return row is not None and row.door is Door.PUBLIC


def ready(session: Session) -> World:
    """The world of the matrix, with something of the owner's that each verb fits."""
    world = build(session)
    owner = world.people["owner"]
    assert owner
    owner.password_hash = hash_password(PASSWORD, method=CHEAP)
    session.add(SignIn(id_hash="elsewhere", user_id=owner.id, created_at=NOW, last_seen_at=NOW))
    run = make_run(session, make_mailing(session, owner), state=RunState.DONE, total=1, unanswered=1)
    facts = {"address": "c@example.org", "started_at": NOW, "outcome": Outcome.UNANSWERED}
    session.add(Attempt(run_id=run.id, client_id=world.values["client_id"], number=1, **facts))
    world.values.update(
        {
            "auth.end_session session": "elsewhere",
            "auth.login login": owner.email,
            "mailings.create message": world.values["message_id"],
            "mailings.edit message": world.values["message_id"],
            "mailings.resume mailing_id": make_mailing(session, owner, paused_at=NOW, next_run_at=None).id,
            "mailings.send_now mailing_id": make_mailing(session, owner).id,
            "messages.delete message_id": make_message(session, owner).id,
            "reports.resend run_id": run.id,
        }
    )
    session.commit()
    return world


def body_of(rule: Rule, world: World) -> dict[str, Any]:
    """A body that this verb takes; a KeyError names an endpoint that has none yet."""
    if rule.endpoint in BARE:
        return {}
    named = {name.partition(" ")[2]: name for name in world.values if name.startswith(f"{rule.endpoint} ")}
    own = {field: world.values[name] for field, name in named.items() if field not in rule.arguments}
    return {**BODIES[rule.endpoint], **own}
