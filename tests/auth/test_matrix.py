"""Every route of the app × every kind of person, made from the URL map: a new route cannot be forgotten.

A route that is in no row of routes.py fails here, and so does one whose address this world cannot fill.
"""

from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from tests.auth import matrix
from tests.auth.matrix import SAFE, Restore, World
from tests.auth.routes import ROWS, row_of
from tests.support.people import csrf_token, sign_in

PERSONS_OWN = "Mozilla/5.0 Firefox/140.0"  # no robot's: whoever reads is counted
PEOPLE = ("anonymous", "owner", "stranger", "blocked", "mail-moderator", "blog-moderator", "admin")


@pytest.fixture
def world(session: Session) -> World:
    """An owner with one of everything, and everybody else."""
    return matrix.build(session)


@pytest.fixture
def database(tmp_path: Path) -> Path:
    """The SQLite file of this test's app."""
    return tmp_path / "mailer.db"


def browser_of(app: Flask, world: World, person: str) -> FlaskClient:
    web = app.test_client()
    if user := world.people[person]:
        sign_in(web, user)
    return web


def test_every_route_has_its_row(app: Flask) -> None:
    assert [rule.endpoint for rule, _method in matrix.routes(app, ("GET", "POST")) if not row_of(rule.endpoint)] == []


def test_no_row_is_left_over(app: Flask) -> None:
    endpoints = {rule.endpoint for rule in app.url_map.iter_rules()}
    left_over = [name for name in set(ROWS) - endpoints if not name.endswith(".*")]
    assert [name for name in left_over if name.partition(".")[0] in app.blueprints] == []


def test_only_get_head_post_are_spoken(app: Flask) -> None:
    for rule in app.url_map.iter_rules():
        assert set(rule.methods or ()) <= {"GET", "HEAD", "OPTIONS", "POST"}, rule


@pytest.mark.parametrize("person", PEOPLE)
def test_pages_open_to_whom_they_should_and_reading_writes_nothing(
    app: Flask, world: World, database: Path, person: str
) -> None:
    web = browser_of(app, world, person)
    before, wrong = matrix.dump(database), []
    for rule, method in matrix.routes(app, SAFE):
        answer = web.open(matrix.path_of(app, rule, world), method=method, headers={"User-Agent": PERSONS_OWN})
        answer.close()
        if not matrix.is_fine(rule, person, answer.status_code, answer.location or ""):
            wrong.append(f"{method} {rule} {answer.status_code} {answer.location}")
        after = matrix.dump(database)
        if not matrix.is_kept(before, after, method):
            wrong.append(f"{method} {rule} wrote into the database")
        before = after
    assert wrong == []


@pytest.mark.parametrize("person", PEOPLE)
def test_verbs_work_for_whom_they_should(app: Flask, world: World, database: Path, person: str) -> None:
    web = browser_of(app, world, person)
    token, cookie = csrf_token(web), web.get_cookie("mailer_session")
    restore, wrong = Restore(app, database), []
    for rule, _method in matrix.routes(app, ("POST",)):
        path = matrix.path_of(app, rule, world)
        answer = web.post(path, data={"csrf_token": token})
        answer.close()
        if not matrix.is_fine(rule, person, answer.status_code, answer.location or ""):
            wrong.append(f"POST {rule} {answer.status_code} {answer.location}")
        restore()
        web.set_cookie("mailer_session", cookie.value if cookie else "")
    assert wrong == []


@pytest.mark.parametrize("kind", ["none", "foreign", "stale"])
def test_no_verb_works_without_this_sessions_own_token(app: Flask, world: World, database: Path, kind: str) -> None:
    web, owner = browser_of(app, world, "owner"), world.people["owner"]
    stale = csrf_token(web)
    assert owner
    sign_in(web, owner)  # a new session: what was good before is stale now
    tokens = {"none": "", "stale": stale, "foreign": csrf_token(browser_of(app, world, "stranger"))}
    assert tokens[kind] != csrf_token(web)
    before, wrong = matrix.dump(database), []
    for rule, _method in matrix.routes(app, ("POST",)):
        status = web.post(matrix.path_of(app, rule, world), data={"csrf_token": tokens[kind]}).status_code
        row = row_of(rule.endpoint)
        if row and row.is_tokenless:
            assert status == 200
            before = matrix.dump(database)
        elif status != 400 or matrix.dump(database) != before:
            wrong.append(f"POST {rule} {status}")
    assert wrong == []


@pytest.mark.parametrize("person", ["owner", "admin"])
def test_every_answer_carries_the_security_headers(app: Flask, world: World, person: str) -> None:
    web, wrong = browser_of(app, world, person), []
    for path in ["/nowhere", *(matrix.path_of(app, rule, world) for rule, _method in matrix.routes(app, ("GET",)))]:
        answer = web.get(path)
        answer.close()
        policy = answer.headers.get("Content-Security-Policy", "")
        # somebody's letter keeps its own styles, in a sandbox where nothing runs and nothing is fetched
        is_letter = policy.startswith("default-src 'none'; style-src 'unsafe-inline'") and "; sandbox;" in policy
        if ("unsafe" in policy and not is_letter) or "frame-ancestors" not in policy:
            wrong.append(f"{path}: {policy}")
        if answer.headers.get("X-Content-Type-Options") != "nosniff" or "Referrer-Policy" not in answer.headers:
            wrong.append(f"{path}: nosniff, Referrer-Policy")
        is_private = not path.startswith(("/static", "/health"))
        if is_private and "no-store" not in answer.headers.get("Cache-Control", ""):
            wrong.append(f"{path}: {answer.headers.get('Cache-Control')}")
    assert wrong == []
