"""What must not be there: in the browser, on the site's doorstep, in a new database, after a crash."""

import logging
import re
import sys
from collections.abc import Callable
from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from mailer.config import ROOT
from mailer.models import Suppression, User
from tests.auth import matrix
from tests.auth.conftest import PASSWORD
from tests.auth.routes import Door, row_of
from tests.support.people import post, sign_in
from tests.support.world import make_suppression

SCRIPTS = {path.name: path.read_text("utf-8") for path in (ROOT / "static" / "js").glob("*.js")}


def test_the_browser_keeps_nothing_but_light_or_dark() -> None:
    keeps = {name for name, text in SCRIPTS.items() if re.search(r"(local|session)Storage|indexedDB|\bcaches\b", text)}
    assert keeps == {"theme.js"}
    assert re.findall(r"localStorage\.setItem\((\w+)", SCRIPTS["theme.js"]) == ["KEY"]
    # with these htmx would keep whole pages
    remembers = re.compile(r"hx-(push-url|replace-url|boost)|HX-(Push|Replace)-Url")
    sources = [*(ROOT / "templates").rglob("*.html"), *(ROOT / "mailer").rglob("*.py")]
    assert [path for path in sources if remembers.search(path.read_text("utf-8"))] == []


def test_no_script_of_ours_makes_markup_of_text_or_listens_to_other_windows() -> None:
    makes = re.compile(r"(inner|outer)HTML\s*\+?=(?!=)|insertAdjacentHTML|document\.write|\beval\(|new Function")
    listens = re.compile(r"postMessage|[\"']message[\"']")
    assert [name for name, text in SCRIPTS.items() if makes.search(text) or listens.search(text)] == []


@pytest.mark.parametrize(
    "path",
    [
        "/.git/HEAD",
        "/.git/config",
        "/.env",
        "/static/",
        "/static/js/",
        "/static/../.env",
        "/static/%2e%2e/.env",
        "/media/",
    ],
)
def test_no_file_but_the_sites_own_is_served_and_no_folder_listed(web: FlaskClient, path: str) -> None:
    with web.get(path) as answer:
        assert answer.status_code == 404


def test_every_page_of_somebody_signed_in_has_its_way_out(app: Flask, session: Session) -> None:
    world, without, seen = matrix.build(session), [], 0
    for person in ("owner", "admin"):
        web = app.test_client()
        sign_in(web, world.people[person])  # type: ignore[arg-type]
        for rule, _method in matrix.routes(app, ("GET",)):
            with web.get(matrix.path_of(app, rule, world)) as answer:
                row = row_of(rule.endpoint)
                is_private = row is not None and row.door is not Door.PUBLIC
                is_page = is_private and answer.mimetype == "text/html" and "<nav" in answer.text
                seen += is_page
                if is_page and 'action="/auth/logout"' not in answer.text:
                    without.append(f"{rule} as {person}")
    assert (without, seen > 60) == ([], True)


def test_a_new_database_has_no_accounts(session: Session) -> None:
    assert session.scalar(select(func.count()).select_from(User)) == 0


def test_no_account_keeps_a_hint_or_a_question() -> None:
    words = {word for column in User.__table__.columns for word in column.name.split("_")}
    assert words & {"hint", "hints", "question", "questions", "answer", "answers"} == set()


def test_a_password_of_many_years_still_opens(web: FlaskClient, session: Session, anna: User) -> None:
    anna.created_at -= timedelta(days=20 * 365)
    session.commit()
    answer = post(web, "/auth/login", login="anna@example.org", password=PASSWORD)
    assert (answer.status_code, answer.location) == (303, "/")


def test_a_verb_that_breaks_leaves_nothing_half_done(
    make_app: Callable[..., Flask], session: Session, anna: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    def crash(*_args: object, **_more: object) -> None:
        raise RuntimeError

    app = make_app()
    app.config["PROPAGATE_EXCEPTIONS"] = False
    monkeypatch.setattr(sys.modules["mailer.blueprints.clients.suppressions"], "audit", crash)
    kept = make_suppression(session, anna, "gone@example.org").id
    web = app.test_client()
    sign_in(web, anna)
    assert post(web, f"/suppressions/{kept}/lift", reason="Boris asked me").status_code == 500
    assert session.scalars(select(Suppression.id)).all() == [kept]


def test_the_service_logs_to_standard_error_alone(app: Flask) -> None:
    assert {type(handler) for handler in logging.getLogger("mailer").handlers} == {logging.StreamHandler}
    elsewhere = re.compile(r"(File|SysLog|Socket|Datagram|HTTP|SMTP|Queue)Handler|basicConfig|dictConfig")
    assert [path for path in (ROOT / "mailer").rglob("*.py") if elsewhere.search(path.read_text("utf-8"))] == []


def test_a_line_of_the_log_says_its_time_in_utc(app: Flask) -> None:
    (handler,) = logging.getLogger("mailer").handlers
    record = logging.LogRecord("mailer", logging.INFO, "", 0, "said", None, None)
    record.created, record.msecs = 0.25, 250.0
    assert handler.format(record).startswith("1970-01-01T00:00:00.250Z ")
