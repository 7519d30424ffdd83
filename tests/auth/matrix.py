"""The world, the people and the requests of test_matrix.py, all made from the app's own URL map."""

import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from flask import Flask
from sqlalchemy.orm import Session
from werkzeug.routing import Rule

from mailer.clock import utcnow
from mailer.extensions import db
from mailer.models import Post, Secret, User, UserRole
from mailer.rules.access import Role
from mailer.services import account_links
from mailer.services.account_links import Purpose
from mailer.tokens import unsubscribe_token
from tests.auth.routes import Door, row_of
from tests.support.world import NOW, make_client, make_mailing, make_run, make_suppression, make_user

SAFE = ("GET", "HEAD")
VIEWS = "post.views"


@dataclass(frozen=True, slots=True)
class World:
    """One owner with one of everything; the others own nothing."""

    people: dict[str, User | None]
    values: dict[str, Any]  # what stands in addresses, by the argument's name or "endpoint argument"


def build(session: Session) -> World:
    """The owner's things, and people of every kind."""
    owner = make_user(session)
    people: dict[str, User | None] = {
        "anonymous": None,
        "owner": owner,
        "stranger": make_user(session),
        "blocked": make_user(session, blocked_at=utcnow()),
    }
    for role in Role:
        people[role.value] = make_user(session)
        session.add(UserRole(user_id=people[role.value].id, role=role, granted_at=NOW))  # type: ignore[union-attr]
    client = make_client(session, owner)
    run = make_run(session, make_mailing(session, owner))
    values = {
        "client_id": client.id,
        "mailing_id": run.mailing_id,
        "message_id": run.mailing.message_id,
        "run_id": run.id,
        "suppression_id": make_suppression(session, owner, "gone@example.org").id,
        "filename": "favicon.svg",
        "file": "none.webp",
        "user_id": people["stranger"].id,  # type: ignore[union-attr]
        "role": Role.BLOG_MODERATOR.value,
        "admin_mailings.judge verb": "off",
        "admin_users.judge verb": "block",
        "admin_posts.judge verb": "publish",
        "export_type": "csv",
        "slug": _post(session, owner).slug,
        "letter_id": 1,  # the inbox of development is not in the database: a test that opens it puts one in
        **_tokens(session, owner, run.id, client.id),
    }
    session.commit()
    return World(people, values)


def _post(session: Session, author: User) -> Post:
    facts = {"title": "News", "slug": "news", "content": "<p>News</p>", "created_at": NOW, "updated_at": NOW}
    post = Post(author_id=author.id, is_published=True, published_at=NOW, **facts)
    session.add(post)
    session.flush()
    return post


def _tokens(session: Session, owner: User, run_id: int, client_id: int) -> dict[str, str]:
    key = session.get_one(Secret, "unsubscribe").value
    leave = unsubscribe_token(key, run_id, client_id)
    now = utcnow()
    links = {purpose: account_links.issue(session, owner, purpose, email=owner.email, now=now) for purpose in Purpose}
    return {
        "auth.confirm token": links[Purpose.CONFIRM],
        "auth.confirmed token": links[Purpose.CONFIRM],
        "auth.choose token": links[Purpose.RESET],
        "auth.prove_email token": links[Purpose.CHANGE_EMAIL],
        "auth.email_proven token": links[Purpose.CHANGE_EMAIL],
        "unsubscribe.ask token": leave,
        "unsubscribe.leave token": leave,
    }


def routes(app: Flask, methods: tuple[str, ...]) -> Iterator[tuple[Rule, str]]:
    """Every route with each of these methods that it has."""
    for rule in sorted(app.url_map.iter_rules(), key=str):
        for method in methods:
            if method in (rule.methods or ()):
                yield rule, method


def path_of(app: Flask, rule: Rule, world: World) -> str:
    """The address of the owner's own thing; a KeyError names an argument that the world does not know yet."""
    named = {name: world.values.get(f"{rule.endpoint} {name}", world.values.get(name)) for name in rule.arguments}
    missing = [name for name, value in named.items() if value is None]
    if missing:
        raise KeyError(f"{rule.endpoint} wants {missing}: give tests/auth/matrix.py a value")
    place = app.url_map.bind("localhost")
    return place.build(rule.endpoint, named)


def is_fine(rule: Rule, person: str, status: int, location: str) -> bool:
    """Whether this answer is the right one for this person."""
    row = row_of(rule.endpoint)
    assert row is not None, f"{rule.endpoint} is in no row of tests/auth/routes.py"
    came_in = status in {200, 303, 400, 409, 422} | row.codes
    if row.door is Door.PUBLIC:
        return came_in
    if person in {"anonymous", "blocked"}:
        return status == 303 and location.startswith("/auth/login")
    if row.door is Door.SIGNED_IN:
        return came_in and not location.startswith("/auth/login")
    has_key = person in row.roles or (person == "owner" and row.is_owners)
    return came_in if has_key else status == 404


def dump(path: Path) -> dict[str, list[tuple[Any, ...]]]:
    """Everything in the database; the view counter, which a GET may move, under a name of its own."""
    with closing(sqlite3.connect(path)) as database:
        tables = [name for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        rows = {table: _rows(database, table) for table in tables}
        return {**rows, VIEWS: sorted(database.execute("SELECT id, views FROM post"))}


def rows(path: Path) -> dict[str, list[dict[str, Any]]]:
    """Everything in the database, each row by its columns' names."""
    with closing(sqlite3.connect(path)) as database:
        database.row_factory = sqlite3.Row
        tables = [row["name"] for row in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        return {name: [dict(row) for row in database.execute(f'SELECT * FROM "{name}"')] for name in tables}


def is_kept(before: dict[str, list[tuple[Any, ...]]], after: dict[str, list[tuple[Any, ...]]], method: str) -> bool:
    """Whether a request of this method left the database alone."""
    free = {VIEWS: None} if method == "GET" else {}
    return {**before, **free} == {**after, **free}


def _rows(database: sqlite3.Connection, table: str) -> list[tuple[Any, ...]]:
    columns = [f'"{row[1]}"' for row in database.execute(f'PRAGMA table_info("{table}")') if row[1] != "views"]
    return sorted(database.execute(f'SELECT {", ".join(columns)} FROM "{table}"'), key=repr)


class Restore:
    """Puts the database back to what it was when this was made."""

    def __init__(self, app: Flask, path: Path) -> None:
        self._app, self._path, self._copy = app, path, path.with_suffix(".kept")
        self._close()
        shutil.copy(path, self._copy)

    def __call__(self) -> None:
        self._close()
        shutil.copy(self._copy, self._path)

    def _close(self) -> None:
        with self._app.app_context():
            db.engine.dispose()
        with closing(sqlite3.connect(self._path)) as database:
            database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
