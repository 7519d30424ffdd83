"""Which passwords can be chosen, and how one is changed or set anew."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from mailer.clock import utcnow
from mailer.models import AccountToken, SignIn, User
from mailer.orm import reading
from mailer.rules.errors import TokenExpired
from mailer.services import account_links, accounts, passwords
from mailer.services.account_links import Purpose
from tests.auth.conftest import CHEAP, PASSWORD
from tests.auth.mailbox import collect, path_in
from tests.support.people import post, sign_in
from tests.support.world import make_user

NEW = {"password": "another horse", "password2": "another horse"}

JUDGED = {
    "eight characters": ("xk7 !qz2", None),
    "seven": ("xk7 !qz", "too_short"),
    "128": ("я" * 128, None),
    "129": ("я" * 129, "too_long"),
    "spaces only between words": ("four words in here", None),
    "common": ("1234567890", "common"),
    "common in capitals": ("IloveYou", "common"),
    "the own address": ("Anna@Example.org", "own_words"),
    "the own name": ("Анна Каренина", "own_words"),
    "no composition rules": ("abcdefghijkz", None),
}


@pytest.mark.parametrize(("password", "trouble"), JUDGED.values(), ids=JUDGED.keys())
def test_what_a_password_may_be(password: str, trouble: str | None) -> None:
    assert passwords.trouble_with(password, ("anna@example.org", "анна каренина", "")) == trouble


def test_the_list_of_common_passwords_is_long_and_names_its_source() -> None:
    assert len(passwords.common_passwords()) > 10_000
    head = passwords._COMMON.read_text(encoding="utf-8")[:400]
    assert "Source:" in head
    assert "MIT" in head
    assert passwords._COMMON.with_suffix(".LICENSE").read_text(encoding="utf-8").startswith("MIT License")


def test_accents_may_be_typed_in_either_spelling() -> None:
    stored = passwords.hash_password("caf\u00e9 olé olé", method=CHEAP)
    assert passwords.is_right(stored, "cafe\u0301 olé olé", method=CHEAP)


def test_a_forgotten_password_is_set_anew(app: Flask, web: FlaskClient, session: Session, anna: User) -> None:
    elsewhere = app.test_client()
    sign_in(elsewhere, anna)
    post(web, "/auth/reset", email="Anna@example.org")
    (letter,) = collect(app)
    path = path_in(letter)
    assert web.get(path).headers["Referrer-Policy"] == "no-referrer"
    assert post(web, path, password="short", password2="short").status_code == 422
    assert post(web, path, password="anna@example.org", password2="anna@example.org").status_code == 422
    assert post(web, path, NEW).location == "/auth/login"
    assert post(web, "/auth/login", login="Anna.K", password="another horse").status_code == 303
    assert elsewhere.get("/auth/profile").status_code == 303
    assert web.get(path).status_code == 400
    (notice,) = collect(app)
    assert notice["Subject"].startswith("Your password has changed")


def test_a_reset_link_lives_one_hour(session: Session, anna: User) -> None:
    token = account_links.issue(session, anna, Purpose.RESET, email=anna.email, now=utcnow())
    session.flush()
    link = session.scalars(select(AccountToken)).one()
    assert (link.expires_at - link.created_at).total_seconds() == 3600
    with pytest.raises(TokenExpired):
        account_links.use(session, token, Purpose.RESET, now=link.expires_at)


def test_a_reset_proves_the_address_too(app: Flask, web: FlaskClient, session: Session) -> None:
    user = make_user(session, email="new@example.org", confirmed_at=None)
    post(web, "/auth/reset", email="new@example.org")
    (letter,) = collect(app)
    post(web, path_in(letter), NEW)
    session.refresh(user)
    assert user.confirmed_at


@pytest.mark.both_databases
def test_of_two_uses_of_one_link_at_once_one_wins(engine: Engine, session: Session) -> None:
    user = make_user(session)
    token = account_links.issue(session, user, Purpose.RESET, email=user.email, now=utcnow())
    session.commit()
    chosen = passwords.hash_password("another horse", method=CHEAP)

    def use(_n: int) -> bool:
        with Session(engine) as own:
            try:
                accounts.reset_password(own, token, chosen, now=utcnow())
            except TokenExpired:
                return False
            own.commit()
            return True

    with ThreadPoolExecutor(6) as pool:
        assert list(pool.map(use, range(6))).count(True) == 1


def test_a_change_needs_the_present_password(web: FlaskClient, session: Session, anna: User) -> None:
    sign_in(web, anna)
    answer = post(web, "/auth/password", NEW, current_password="wrong horse")
    assert answer.status_code == 422
    assert "This is not your present password." in answer.text
    assert "another horse" not in answer.text


def test_a_change_ends_all_other_sessions_and_renews_this_one(
    app: Flask, web: FlaskClient, session: Session, anna: User
) -> None:
    elsewhere = app.test_client()
    old = {sign_in(web, anna), sign_in(elsewhere, anna)}
    token = account_links.issue(session, anna, Purpose.RESET, email=anna.email, now=utcnow())
    assert post(web, "/auth/password", NEW, current_password=PASSWORD).location == "/auth/profile"
    with reading():
        left = set(session.scalars(select(SignIn.id_hash)))
    assert len(left) == 1
    assert not left & old
    assert web.get("/auth/profile").status_code == 200
    assert elsewhere.get("/auth/profile").status_code == 303
    assert web.get(f"/auth/reset/{token}").status_code == 400
    session.rollback()
    (notice,) = collect(app)
    assert notice["To"] == "anna@example.org"
