"""Every route of the app × every kind of person, made from the URL map: a new route cannot be forgotten.

A route that is in no row of routes.py fails here, and so does one whose address this world cannot fill.
All of it is done twice: with the app as people get it, and, for the inbox's own pages, with that of development.
"""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy.orm import Session
from werkzeug.routing import Rule
from werkzeug.test import TestResponse

from mailer.clock import utcnow
from mailer.inbox.box import open_box
from tests.auth import matrix
from tests.auth.matrix import SAFE, Restore, World
from tests.auth.routes import ROWS, row_of
from tests.support.people import csrf_token, sign_in

PERSONS_OWN = "Mozilla/5.0 Firefox/140.0"  # no robot's: whoever reads is counted
PEOPLE = ("anonymous", "owner", "stranger", "blocked", "mail-moderator", "blog-moderator", "admin")


@pytest.fixture(params=["production", "development"])
def app(request: pytest.FixtureRequest, make_app: Callable[..., Flask]) -> Flask:
    """As people get it; and as run.py starts it, with the inbox."""
    return make_app(development=request.param == "development")


@pytest.fixture
def world(app: Flask, session: Session) -> World:
    """An owner with one of everything, and everybody else; one letter in the inbox, where there is one."""
    if "inbox" in app.blueprints:
        with open_box(app.config["MAILER"].var_dir) as box:
            box.keep("news@example.org", ["anna@example.org"], b"Subject: Hello\r\n\r\nHello", now=utcnow())
    return matrix.build(session)


def letters(app: Flask) -> int:
    """How many letters are in the inbox, where there is one."""
    if "inbox" not in app.blueprints:
        return 0
    with open_box(app.config["MAILER"].var_dir) as box:
        return box.state()[0]


def routes(app: Flask, *methods: str) -> Iterator[tuple[Rule, str]]:
    """What is tried: everything, in development only what exists there alone."""
    for rule, method in matrix.routes(app, methods):
        if "inbox" not in app.blueprints or rule.endpoint.startswith("inbox."):
            yield rule, method


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
    for rule, method in routes(app, *SAFE):
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
    for rule, _method in routes(app, "POST"):
        path = matrix.path_of(app, rule, world)
        answer = web.post(path, data={"csrf_token": token})
        answer.close()
        if not matrix.is_fine(rule, person, answer.status_code, answer.location or ""):
            wrong.append(f"POST {rule} {answer.status_code} {answer.location}")
        wrong += unguarded(path, "POST", person, answer)
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
    before, wrong, kept = matrix.dump(database), [], letters(app)
    for rule, _method in routes(app, "POST"):
        status = web.post(matrix.path_of(app, rule, world), data={"csrf_token": tokens[kind]}).status_code
        row = row_of(rule.endpoint)
        if row and row.is_tokenless:
            assert status == 200
            before = matrix.dump(database)
        elif status != 400 or matrix.dump(database) != before:
            wrong.append(f"POST {rule} {status}")
    assert (wrong, letters(app)) == ([], kept)


# beside the routes: a page that is not there, a slash put right, a method that nothing here speaks
STRAY = (
    ("/nowhere", "GET"),
    ("/nowhere", "POST"),
    ("/clients", "GET"),
    ("/blog", "HEAD"),
    ("/clients/", "PUT"),
    ("/auth/login", "OPTIONS"),
)


@pytest.mark.parametrize("person", ["anonymous", "owner", "admin"])
def test_every_answer_carries_the_security_headers(app: Flask, world: World, person: str) -> None:
    web, wrong, statuses = browser_of(app, world, person), [], set()
    asked = [(matrix.path_of(app, rule, world), method) for rule, method in routes(app, *SAFE, "POST")]
    for path, method in (*STRAY, *asked):
        answer = web.open(path, method=method, headers={"Origin": "https://evil.example.org"})
        answer.close()
        statuses.add(answer.status_code)
        wrong += unguarded(path, method, person, answer)
    assert wrong == []
    assert statuses >= {200, 308, 400, 404, 405}


def unguarded(path: str, method: str, person: str, answer: TestResponse) -> list[str]:
    """What this answer lacks."""
    headers, wrong = answer.headers, []
    policy = headers.get("Content-Security-Policy", "")
    # somebody's letter keeps its own styles, in a sandbox where nothing runs and nothing is fetched
    is_letter = policy.startswith("default-src 'none'; style-src 'unsafe-inline'") and "; sandbox;" in policy
    if ("unsafe" in policy and not is_letter) or "frame-ancestors" not in policy:
        wrong.append(f"policy {policy}")
    if headers.get("X-Content-Type-Options") != "nosniff" or "Referrer-Policy" not in headers:
        wrong.append("nosniff, Referrer-Policy")
    if "camera=()" not in headers.get("Permissions-Policy", ""):
        wrong.append("Permissions-Policy")
    if "Access-Control-Allow-Origin" in headers:
        wrong.append("another site may read it")
    kind = answer.mimetype
    is_text = kind.startswith("text/") or (kind.startswith("application/") and kind.endswith("xml"))
    if is_text and "charset=utf-8" not in answer.content_type:
        wrong.append(f"Content-Type {answer.content_type}")
    is_private = (person != "anonymous" or method == "POST") and not path.startswith(("/static", "/health"))
    if is_private and "no-store" not in headers.get("Cache-Control", ""):
        wrong.append(f"Cache-Control {headers.get('Cache-Control')}")
    return [f"{method} {path} as {person}: {one}" for one in wrong]
