"""Signing in and out: who is let in, what a failure tells, and what a cookie is worth afterwards."""

import re
from collections.abc import Callable
from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session
from werkzeug.security import generate_password_hash
from werkzeug.test import TestResponse

from mailer.clock import utcnow
from mailer.models import AuditEntry, SignIn, User
from mailer.orm import reading
from mailer.services.passwords import hash_password
from tests.auth.conftest import CHEAP, PASSWORD
from tests.support.people import post, sign_in
from tests.support.world import make_user


def enter(web: FlaskClient, login: str = "anna@example.org", password: str = PASSWORD, **more: str) -> TestResponse:
    return post(web, "/auth/login", login=login, password=password, **more)


def is_in(web: FlaskClient) -> bool:
    return web.get("/auth/profile").status_code == 200


@pytest.mark.parametrize("login", ["anna@example.org", " ANNA@Example.ORG ", "Anna.K", "anna.k"])
def test_the_address_and_the_user_name_both_open(web: FlaskClient, anna: User, login: str) -> None:
    answer = enter(web, login)
    assert (answer.status_code, answer.location) == (303, "/")
    assert is_in(web)


STRANGERS = {
    "an unknown address": ("nobody@example.org", PASSWORD),
    "an unknown name": ("nobody", PASSWORD),
    "a wrong password": ("anna@example.org", "wrong horse"),
    "other capitals": ("anna@example.org", PASSWORD.upper()),
    "a space more": ("anna@example.org", PASSWORD + " "),
    "not confirmed": ("new@example.org", PASSWORD),
    "no password yet": ("bare@example.org", "!"),
    "blocked, wrong password": ("blocked@example.org", "wrong horse"),
}


@pytest.mark.parametrize(("login", "password"), STRANGERS.values(), ids=STRANGERS.keys())
def test_every_failure_says_the_same(web: FlaskClient, session: Session, anna: User, login: str, password: str) -> None:
    digest = anna.password_hash
    make_user(session, email="new@example.org", password_hash=digest, confirmed_at=None)
    make_user(session, email="bare@example.org")
    make_user(session, email="blocked@example.org", password_hash=digest, blocked_at=utcnow())
    answer = enter(web, login, password)
    assert answer.status_code == 422
    said = re.findall(r"<ul>\s*<li>(.*?)</li>", answer.text)
    assert said == ["This name and password do not fit, or the address is not confirmed yet."]
    assert 'href="/auth/resend"' in answer.text
    assert not is_in(web)


def test_a_block_is_told_after_the_right_password(web: FlaskClient, session: Session, anna: User) -> None:
    anna.blocked_at = utcnow()
    answer = enter(web)
    assert answer.status_code == 422
    assert "This account is blocked" in answer.text


def test_long_passwords_are_not_cut(web: FlaskClient, session: Session, anna: User) -> None:
    long = "пароль " * 16
    anna.password_hash = hash_password(long, method=CHEAP)
    assert enter(web, password=long[:-1] + "!").status_code == 422
    assert enter(web, password=long).status_code == 303


def test_a_cheap_hash_is_renewed(make_app: Callable[..., Flask], session: Session, anna: User) -> None:
    anna.password_hash = generate_password_hash(PASSWORD, method="scrypt:1024:8:1")
    session.commit()
    costly = make_app(password_method="scrypt:2048:8:1").test_client()
    assert enter(costly).status_code == 303
    session.refresh(anna)
    assert anna.password_hash.startswith("scrypt:2048:8:1$")
    session.rollback()
    assert enter(costly.application.test_client()).status_code == 303


@pytest.mark.both_databases
def test_a_browser_that_calls_itself_strange_things_may_come_in(
    web: FlaskClient, session: Session, anna: User
) -> None:
    web.environ_base["HTTP_USER_AGENT"] = "a\x00b\n" + "\x1b" * 200
    assert enter(web).status_code == 303
    browser = session.scalars(select(SignIn.browser)).one()
    assert browser.startswith(r"a\x00b\n\x1b")
    assert len(browser) == 200


@pytest.mark.parametrize(
    ("wanted", "lands"),
    [
        ("/clients/?q=a", "/clients/?q=a"),
        ("https://evil.example.org/", "/"),
        ("//evil.example.org", "/"),
        ("/\\evil.example.org", "/"),
        ("/\t/evil.example.org", "/"),
        ("javascript:alert(1)", "/"),
        ("", "/"),
    ],
)
def test_next_never_leaves_the_host(web: FlaskClient, anna: User, wanted: str, lands: str) -> None:
    fields = {"login": "anna@example.org", "password": PASSWORD}
    token = re.findall(r'name="csrf_token" value="([^"]*)"', web.get("/auth/login").text)[0]
    answer = web.post("/auth/login", query_string={"next": wanted}, data={**fields, "csrf_token": token})
    assert answer.location == lands


def test_a_private_page_asks_to_sign_in_and_comes_back(web: FlaskClient, anna: User) -> None:
    answer = web.get("/auth/sessions?page=2")
    assert answer.status_code == 303
    assert answer.location == "/auth/login?next=/auth/sessions?page%3D2"


def test_signing_in_gives_a_new_id(app: Flask, web: FlaskClient, session: Session, anna: User) -> None:
    old = sign_in(web, anna)
    with web.session_transaction() as cookie:
        cookie.pop("_user_id")  # a visitor whose browser holds an id that somebody else may know
    enter(web)
    with reading():
        hashes = session.scalars(select(SignIn.id_hash)).all()
    assert len(hashes) == 1
    assert hashes[0] != old


def test_a_cookie_copied_before_sign_out_is_worthless(app: Flask, web: FlaskClient, anna: User) -> None:
    enter(web)
    stolen = web.get_cookie("mailer_session")
    assert stolen
    assert post(web, "/auth/logout").location == "/auth/login"
    thief = app.test_client()
    thief.set_cookie("mailer_session", stolen.value)
    assert not is_in(thief)


def test_a_session_that_is_not_kept_goes_with_the_browser(web: FlaskClient, anna: User) -> None:
    kept = enter(web, remember="y").headers.getlist("Set-Cookie")
    post(web, "/auth/logout")
    passing = enter(web).headers.getlist("Set-Cookie")
    assert any("mailer_session" in line and "Expires" in line for line in kept)
    assert all("Expires" not in line for line in passing if "mailer_session" in line)


def test_cookies_of_a_tls_site_are_bound_to_it(make_app: Callable[..., Flask], anna: User) -> None:
    web = make_app(public_url="https://localhost").test_client()
    page = web.get("/auth/login", base_url="https://localhost")
    token = re.findall(r'name="csrf_token" value="([^"]*)"', page.text)[0]
    fields = {"login": "anna@example.org", "password": PASSWORD, "csrf_token": token}
    lines = web.post("/auth/login", data=fields, base_url="https://localhost").headers.getlist("Set-Cookie")
    assert {line.partition("=")[0] for line in lines} == {"__Host-session", "__Host-known"}
    for line in lines:
        assert all(mark in line for mark in ("Secure", "HttpOnly", "SameSite=Lax", "Path=/"))
        assert "Domain" not in line


def test_a_tls_site_insists_on_tls(make_app: Callable[..., Flask]) -> None:
    answer = make_app(public_url="https://localhost").test_client().get("/auth/login", base_url="https://localhost")
    assert answer.headers["Strict-Transport-Security"] == "max-age=31536000; includeSubDomains"


ENDS = {"idle for 14 days": ("last_seen_at", 14), "30 days old": ("created_at", 30)}


@pytest.mark.parametrize(("column", "days"), ENDS.values(), ids=ENDS.keys())
def test_sessions_end_by_themselves(web: FlaskClient, session: Session, anna: User, column: str, days: int) -> None:
    row = session.get_one(SignIn, sign_in(web, anna))
    setattr(row, column, utcnow() - timedelta(days=days) + timedelta(minutes=1))
    assert is_in(web)
    setattr(row, column, utcnow() - timedelta(days=days, minutes=1))
    assert not is_in(web)


@pytest.mark.parametrize("fact", ["blocked_at", "deleted_at"])
def test_a_block_ends_a_living_session(web: FlaskClient, anna: User, fact: str) -> None:
    sign_in(web, anna)
    assert is_in(web)
    setattr(anna, fact, utcnow())
    assert not is_in(web)


def test_signs_in_and_failures_are_written_down(web: FlaskClient, session: Session, anna: User) -> None:
    enter(web, password="my secret typed wrong")
    enter(web, login="my secret in the wrong field")
    enter(web)
    rows = session.scalars(select(AuditEntry).order_by(AuditEntry.id)).all()
    assert [(row.verb, row.user_id) for row in rows] == [
        ("session.refuse", anna.id),
        ("session.refuse", None),
        ("session.start", anna.id),
    ]
    assert all(row.address == "127.0.0.1" and row.browser for row in rows)
    assert not any("secret" in f"{row.actor}{row.detail}{row.reason}" for row in rows)
