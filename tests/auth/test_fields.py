"""Forms write their own fields and no others, whatever is sent along: all forms, all verbs, none by name."""

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session
from wtforms import Form

from mailer.config import ROOT
from mailer.extensions import db
from mailer.models import Post, User
from mailer.web.forms import BaseForm
from tests.auth import matrix
from tests.auth.bodies import BARE, BODIES, POST, body_of, is_for_all, ready, verbs
from tests.auth.matrix import Restore, World
from tests.support.people import csrf_token, post, sign_in

# what decides whose a row is, who may what, and in which state it is; and every id and moment of every table
WORDS = {"id", "owner", "user", "author", "actor", "role", "roles", "is_admin", "blocked", "confirmed", "trusted"}
WORDS |= {"deleted", "disabled", "status", "state", "is_published", "views", "verb", "outcome", "password_hash"}
ALLOWED = {("RoleForm", "role"), ("PostForm", "is_published"), ("MailingForm", "starts_at"), ("MailingForm", "ends_at")}


def powers() -> set[str]:
    """Names that no form may have as a field, taken from the tables: a new column is among them."""
    columns = {column.name for table in db.metadata.tables.values() for column in table.columns}
    return WORDS | {name for name in columns if name.endswith(("_id", "_at", "_key", "_hash"))}


def forms(kind: type[Form]) -> Iterator[type[Form]]:
    """Every form of the product below this class."""
    for one in kind.__subclasses__():
        yield from forms(one)
        if one.__module__.startswith("mailer."):
            yield one


def test_every_form_is_one_of_ours(app: Flask) -> None:
    found = set(forms(Form))
    assert len(found) > 15
    assert [one for one in found if not issubclass(one, BaseForm)] == []


def test_no_form_has_a_field_of_power(app: Flask) -> None:
    fields = {
        (form.__name__, name)
        for form in forms(BaseForm)
        for name in dir(form)
        if hasattr(getattr(form, name), "kwargs")
    }
    assert ("ClientForm", "email") in fields
    assert {(form, name) for form, name in fields if name in powers()} == ALLOWED


def test_nothing_is_assigned_by_the_names_that_were_sent() -> None:
    wrong, written = [], set()
    for path in sorted((ROOT / "mailer").rglob("*.py")):
        tree = ast.parse(path.read_text("utf-8"))
        known = dict(named_in_source(tree))
        for call in (node for node in ast.walk(tree) if isinstance(node, ast.Call)):
            spreads = [word.value for word in call.keywords if word.arg is None] + call.args
            is_blind = any(ast.unparse(value) in {"form.data", "request.form", "request.values"} for value in spreads)
            if is_blind or (isinstance(call.func, ast.Attribute) and call.func.attr == "populate_obj"):
                wrong.append(f"{path}:{call.lineno}")
            if isinstance(call.func, ast.Name) and call.func.id == "setattr":
                names = known.get(ast.unparse(call.args[1]))
                written |= names or {f"{path}:{call.lineno} sets what is not named there"}
    assert wrong == []
    assert written == {"first_name", "last_name", "time_zone", "locale", "wants_notices"}


def named_in_source(tree: ast.Module) -> Iterator[tuple[str, set[str]]]:
    """Loops over words that stand in the source: the loop's variable, and the words."""
    for loop in (node for node in ast.walk(tree) if isinstance(node, ast.For)):
        if isinstance(loop.iter, ast.Tuple) and all(isinstance(one, ast.Constant) for one in loop.iter.elts):
            yield ast.unparse(loop.target), {str(ast.literal_eval(one)) for one in loop.iter.elts}


@pytest.fixture
def world(session: Session) -> World:
    """An owner with something for every verb; and everybody else."""
    return ready(session)


@pytest.fixture
def extra(world: World) -> dict[str, str]:
    """What somebody would send along to give things to another, or power to themselves."""
    stranger = str(world.values["user_id"])
    return {name: value_of(name, stranger) for name in powers()}


def value_of(name: str, stranger: str) -> str:
    ids = {"owner", "user", "author", "actor"}
    if name in ids or name.endswith("_id"):
        return stranger
    usual = {"id": "777", "views": "1000000", "role": "admin", "roles": "admin", "status": "active", "verb": "stop"}
    return usual.get(name, "2001-01-01T00:00" if name.endswith("_at") else "1")


def power_of(dump: dict[str, list[dict[str, Any]]]) -> dict[str, list[list[tuple[str, Any]]]]:
    """Of all rows the columns of power; of moments, whether there is one and whether it is the one sent along."""
    return {table: sorted(map(powers_in, rows), key=repr) for table, rows in dump.items()}


def powers_in(row: dict[str, Any]) -> list[tuple[str, Any]]:
    kept = {name: row[name] for name in row if name in powers() and not name.endswith(("_hash", "_key"))}
    told = {name: value and str(value).startswith("2001") for name, value in kept.items() if name.endswith("_at")}
    return sorted((kept | told).items())


@pytest.fixture
def database(tmp_path: Path) -> Path:
    """The SQLite file of this test's app."""
    return tmp_path / "mailer.db"


def test_extra_fields_are_ignored_by_every_verb(
    app: Flask, world: World, database: Path, extra: dict[str, str]
) -> None:
    owner, wrong = world.people["owner"], []
    assert owner
    web = app.test_client()
    sign_in(web, owner)
    own = web.get_cookie("mailer_session")
    assert own
    restore = Restore(app, database)
    for rule in verbs(app):
        path, body, told = matrix.path_of(app, rule, world), body_of(rule, world), []
        for more in ({}, extra):
            browser = app.test_client() if is_for_all(rule) else web
            token = csrf_token(browser)
            answer = browser.post(path, data={**more, **body, "csrf_token": token})
            answer.close()
            told.append((answer.status_code, answer.location, power_of(matrix.rows(database))))
            restore()
            web.set_cookie("mailer_session", own.value)
        if told[0] != told[1]:
            wrong.append(f"{rule}: {told[0][:2]} {told[1][:2]}")
        # or the verb was refused, and nothing has been tried
        if told[0][0] not in {200, 303}:
            wrong.append(f"{rule}: {told[0][:2]}, its body in tests/auth/bodies.py is not good")
    assert wrong == []
    assert BARE | set(BODIES) == {rule.endpoint for rule in verbs(app)}


def test_nobody_publishes_without_leave(web: FlaskClient, session: Session, anna: User) -> None:
    sign_in(web, anna)
    assert post(web, "/blog/create", POST).status_code == 303
    written = session.scalars(select(Post)).one()
    assert (written.author_id, written.is_published, written.published_at) == (anna.id, False, None)
    assert written.views == 0
