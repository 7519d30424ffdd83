"""What a visitor gets when something is wrong with the request, or with us: a page of the site, and nothing more."""

import logging
import threading
from collections.abc import Callable
from http.client import HTTPConnection
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import insert, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session
from werkzeug.serving import make_server

from mailer.flask_settings import MEGABYTE
from mailer.models import AuditEntry, User
from mailer.services import account_links
from tests.support.people import post, sign_in

WRONG: dict[str, tuple[int, str, str, dict[str, Any]]] = {
    "a form without its token": (400, "POST", "/auth/login", {}),
    "a broken form": (
        400,
        "POST",
        "/auth/login",
        {"data": b"--x\r\n", "content_type": "multipart/form-data; boundary=x"},
    ),
    "a page that is not there": (404, "GET", "/nowhere", {}),
    "a GET of a verb": (405, "GET", "/auth/logout", {}),
    "PUT": (405, "PUT", "/auth/login", {}),
    "DELETE": (405, "DELETE", "/clients/", {}),
    "TRACE": (405, "TRACE", "/", {}),
    "a method nobody knows": (405, "BREW", "/", {}),
    "a big body": (413, "POST", "/auth/login", {"data": {"login": "x" * (33 * MEGABYTE)}}),
}


@pytest.mark.parametrize(("code", "method", "path", "more"), WRONG.values(), ids=WRONG.keys())
def test_a_wrong_request_gets_a_page_in_the_sites_look(
    web: FlaskClient, code: int, method: str, path: str, more: dict[str, Any]
) -> None:
    answer = web.open(path, method=method, **more)
    assert answer.status_code == code
    if method != "TRACE":
        assert "<nav" in answer.text
    assert_guarded(answer.headers)


def assert_guarded(headers: Any) -> None:
    policy = headers["Content-Security-Policy"]
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert "Referrer-Policy" in headers
    assert "Permissions-Policy" in headers


@pytest.fixture
def broken(make_app: Callable[..., Flask], monkeypatch: pytest.MonkeyPatch) -> Flask:
    """An app as in production, whose account links are broken by a programming error."""

    def crash(*_args: object, **_more: object) -> None:
        raise RuntimeError("SELECT secret FROM /srv/mailer")

    app = make_app()
    app.config["PROPAGATE_EXCEPTIONS"] = False
    monkeypatch.setattr(account_links, "look", crash)
    return app


def test_a_crash_shows_no_trace_and_logs_no_secret(broken: Flask, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.ERROR, "mailer"):
        answer = broken.test_client().get("/auth/confirm/very-secret-token")
    assert answer.status_code == 500
    assert "Something went wrong" in answer.text
    for word in ("SELECT", "/srv/mailer", "RuntimeError", "Traceback", ".py"):
        assert word not in answer.text
    assert_guarded(answer.headers)
    assert_kept_secret(answer.headers)
    assert "/auth/confirm/…" in caplog.text
    assert "very-secret-token" not in caplog.text


def secret_paths(app: Flask) -> list[str]:
    """Every address that holds a token; none of these tokens is alive."""
    rules = {str(rule) for rule in app.url_map.iter_rules() if "token" in rule.arguments}
    assert "/unsubscribe/<token>" in rules
    return sorted(rule.replace("<token>", "very-secret-token") for rule in rules)


REQUESTS: dict[str, tuple[str, str, dict[str, Any]]] = {
    "a look": ("GET", "", {}),
    "a form without its token": ("POST", "", {}),
    "PUT": ("PUT", "", {}),
    "OPTIONS": ("OPTIONS", "", {}),
    "a slash more": ("GET", "/", {}),
    "a slash more before": ("GET", "//", {}),
    "a big body": ("POST", "", {"data": {"login": "x" * (33 * MEGABYTE)}}),
}


@pytest.mark.parametrize(("method", "tail", "more"), REQUESTS.values(), ids=REQUESTS.keys())
def test_a_secret_address_stays_here_whatever_the_answer(
    web: FlaskClient, method: str, tail: str, more: dict[str, Any]
) -> None:
    for path in secret_paths(web.application):
        assert_kept_secret(web.open(path + tail, method=method, **more).headers)


def assert_kept_secret(headers: Any) -> None:
    assert (headers["Referrer-Policy"], headers["Cache-Control"]) == ("no-referrer", "no-store")


def test_no_servers_log_holds_a_secret_address(app: Flask, caplog: pytest.LogCaptureFixture) -> None:
    paths = secret_paths(app)
    server = make_server("127.0.0.1", 0, app)
    with caplog.at_level(logging.INFO):
        for path in paths:
            asking = threading.Thread(target=server.handle_request)
            asking.start()
            talk = HTTPConnection("127.0.0.1", server.server_port)
            talk.request("GET", path)
            assert talk.getresponse().status in {400, 404}
            talk.close()
            asking.join()
    server.server_close()
    assert caplog.text.count("GET /") == caplog.text.count("…") == len(paths)
    assert "very-secret-token" not in caplog.text


@pytest.mark.parametrize("name", ["mailer", "mailer.web.limits", "gunicorn.error", "gunicorn.access"])
def test_no_logger_tells_a_secret_address(app: Flask, caplog: pytest.LogCaptureFixture, name: str) -> None:
    logging.getLogger(name).error("%(r)s failed", {"r": "GET /auth/reset/very-secret-token HTTP/1.1"})
    assert "GET /auth/reset/… HTTP/1.1 failed" in caplog.text


@pytest.mark.both_databases
def test_an_error_of_the_database_names_no_values(session: Session) -> None:
    with pytest.raises(IntegrityError) as caught:
        session.execute(insert(User).values(email="anna@example.org", password_hash="secret"))
    assert "user" in str(caught.value)
    assert "secret" not in str(caught.value).partition("[SQL")[2]


@pytest.mark.parametrize("path", ["/blog", "/clients?q=a", "//blog"])
def test_a_hostile_host_is_never_redirected_to(web: FlaskClient, path: str) -> None:
    answer = web.get(path, base_url="http://evil.example.org", headers={"X-Forwarded-Host": "evil.example.org"})
    assert answer.status_code == 308
    assert answer.location.startswith("/")
    assert "evil" not in answer.text


BROKEN_HOSTS = {"a gap": "a..b", "a dot first": ".a", "a label of 64 letters": "a" * 64}


@pytest.mark.parametrize("host", BROKEN_HOSTS.values(), ids=BROKEN_HOSTS.keys())
@pytest.mark.parametrize(("path", "code"), [("/auth/login", 200), ("/nowhere", 404)])
def test_a_host_that_cannot_be_one_changes_nothing(web: FlaskClient, host: str, path: str, code: int) -> None:
    web.application.config["PROPAGATE_EXCEPTIONS"] = False
    answer = web.get(path, headers={"Host": host})
    assert answer.status_code == code
    assert "<nav" in answer.text
    assert_guarded(answer.headers)


HOPS = {"no proxy": (0, "127.0.0.1"), "one": (1, "192.0.2.3"), "two": (2, "192.0.2.2")}


@pytest.mark.parametrize(("hops", "address"), HOPS.values(), ids=HOPS.keys())
def test_of_proxies_only_the_configured_hops_are_believed(
    make_app: Callable[..., Flask], session: Session, anna: User, hops: int, address: str
) -> None:
    web = make_app(trusted_proxies=hops).test_client()
    sign_in(web, anna)
    web.environ_base["HTTP_X_FORWARDED_FOR"] = "192.0.2.1, 192.0.2.2, 192.0.2.3"
    web.environ_base["HTTP_X_FORWARDED_HOST"] = "evil.example.org"
    assert post(web, "/auth/sessions/end-others").location == "/auth/sessions"
    session.expire_all()
    assert session.scalars(select(AuditEntry.address).order_by(AuditEntry.id.desc())).first() == address
