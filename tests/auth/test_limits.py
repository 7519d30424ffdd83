"""Guessing is slowed down, then refused; the true owner is not locked out; a restart forgives nothing."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import Engine, select
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from mailer.models import AuditEntry, User
from mailer.services import throttle
from mailer.services.throttle import SIGN_IN_ACCOUNT, Limit
from tests.auth.conftest import PASSWORD
from tests.support.people import post, sign_in
from tests.support.world import make_user

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
TWICE = Limit("test", ((2, timedelta(minutes=1)), (3, timedelta(hours=1))))


def enter(web: FlaskClient, password: str = PASSWORD, login: str = "anna@example.org") -> TestResponse:
    return post(web, "/auth/login", login=login, password=password)


def guess_until_refused(web: FlaskClient, login: str = "anna@example.org") -> TestResponse:
    for n in range(12):
        answer = enter(web, f"guess {n}", login)
        if answer.status_code == 429:
            return answer
        assert answer.status_code == 422
    raise AssertionError("nobody was refused")


def test_the_sixth_guess_in_a_minute_is_refused_and_told_when_to_come_back(web: FlaskClient, anna: User) -> None:
    answer = guess_until_refused(web)
    seconds = int(answer.headers["Retry-After"])
    assert 1 <= seconds <= 60
    assert "There were too many tries. Try again in" in answer.text
    assert enter(web).status_code == 429  # the right password does not help a stranger


def test_of_many_refusals_one_is_written_down_for_the_owner(web: FlaskClient, session: Session, anna: User) -> None:
    guess_until_refused(web)
    for _ in range(3):
        assert enter(web, "a last guess").status_code == 429
    rows = session.scalars(select(AuditEntry).where(AuditEntry.verb == "limit.refuse")).all()
    assert [(row.user_id, row.address) for row in rows] == [(anna.id, "127.0.0.1")]
    assert "guess" not in rows[0].detail


def test_an_unknown_account_is_refused_in_the_same_way(web: FlaskClient, anna: User) -> None:
    known, unknown = guess_until_refused(web), guess_until_refused(web, "nobody@example.org")
    assert known.status_code == unknown.status_code


SPELLINGS = {
    "wide letters of a name": [f"{wide}.k" for wide in ("anna", "ａnna", "aｎna", "anｎa", "annａ", "ａｎna")],
    "wide letters of a domain": [
        f"anna@{wide}.org" for wide in ("example", "ｅxample", "eｘample", "exａmple", "examｐle")
    ]
    + ["ANNA@EXAMPLE.ORG"],
}


@pytest.mark.parametrize("logins", SPELLINGS.values(), ids=SPELLINGS.keys())
def test_another_spelling_of_a_name_is_no_new_account_to_guess_at(
    web: FlaskClient, anna: User, logins: list[str]
) -> None:
    codes = [enter(web, "a wrong guess", login).status_code for login in logins]
    assert codes == [422] * 5 + [429]


def test_the_owner_still_gets_in_from_a_known_browser(app: Flask, anna: User) -> None:
    own, strange = app.test_client(), app.test_client()
    assert enter(own).status_code == 303
    post(own, "/auth/logout")
    guess_until_refused(strange)
    assert enter(own).status_code == 303


def test_a_known_browser_knows_only_its_own_people(app: Flask, session: Session, anna: User) -> None:
    make_user(session, email="mallory@example.org", password_hash=anna.password_hash)
    session.commit()
    web = app.test_client()
    assert enter(web, login="mallory@example.org").status_code == 303
    post(web, "/auth/logout")
    guess_until_refused(web)


def test_a_forged_known_browser_is_a_strange_one(app: Flask, web: FlaskClient, anna: User) -> None:
    web.set_cookie("mailer_known", "eyJicm93c2VyIjoieCIsInBlb3BsZSI6WzFdfQ.forged.forged")
    guess_until_refused(web)


def test_a_known_browser_may_not_guess_for_ever(web: FlaskClient, anna: User) -> None:
    enter(web)
    post(web, "/auth/logout")
    guess_until_refused(web)


def test_a_restart_forgives_nothing(make_app: Callable[[], Flask], anna: User) -> None:
    guess_until_refused(make_app().test_client())
    assert enter(make_app().test_client()).status_code == 429


def test_the_right_password_forgets_the_wrong_ones(app: Flask, anna: User) -> None:
    web = app.test_client()
    for _ in range(3):
        for n in range(4):
            assert enter(web, f"guess {n}").status_code == 422
        assert enter(web).status_code == 303
        post(web, "/auth/logout")


@pytest.mark.parametrize("path", ["/auth/register", "/auth/reset", "/auth/resend"])
def test_a_mailbox_cannot_be_flooded(app: Flask, path: str) -> None:
    fields = {"email": "anna@example.org", "password": PASSWORD, "password2": PASSWORD}
    codes = [post(app.test_client(), path, fields).status_code for _ in range(4)]
    assert codes == [303, 303, 303, 429]


def test_one_visitor_cannot_write_to_everybody(web: FlaskClient) -> None:
    codes = [post(web, "/auth/reset", email=f"a{n}@example.org").status_code for n in range(11)]
    assert codes == [303] * 10 + [429]


def test_whoever_is_signed_in_cannot_write_to_everybody_either(web: FlaskClient, anna: User) -> None:
    sign_in(web, anna)
    fields = {"current_password": PASSWORD}
    codes = [post(web, "/auth/email", fields, email=f"a{n}@example.org").status_code for n in range(11)]
    assert codes == [303] * 10 + [429]


def test_the_present_password_cannot_be_guessed(web: FlaskClient, anna: User) -> None:
    sign_in(web, anna)
    fields = {"password": "another horse", "password2": "another horse"}
    codes = [post(web, "/auth/password", fields, current_password=f"guess {n}").status_code for n in range(6)]
    assert codes == [422] * 5 + [429]


@pytest.mark.both_databases
def test_windows_slow_down_and_then_refuse(session: Session) -> None:
    def at(seconds: int) -> int:
        return throttle.hit(session, TWICE, "anna", now=NOON + timedelta(seconds=seconds))

    assert [at(0), at(1), at(2)] == [0, 0, 58]
    assert at(61) == 3539  # the minute is over, but it is the fourth try of the hour
    assert at(3601) == 0
    assert throttle.hit(session, TWICE, "boris", now=NOON) == 0


@pytest.mark.both_databases
def test_tries_at_once_are_all_counted(engine: Engine) -> None:
    def one(_n: int) -> int:
        with Session(engine) as own:
            wait_s = throttle.hit(own, SIGN_IN_ACCOUNT, "anna", now=NOON)
            own.commit()
        return wait_s

    with ThreadPoolExecutor(8) as pool:
        waits = list(pool.map(one, range(16)))
    assert waits.count(0) == 5


def test_counters_that_are_over_are_swept(session: Session) -> None:
    throttle.hit(session, TWICE, "anna", now=NOON)
    throttle.sweep(session, now=NOON + timedelta(minutes=2))
    assert throttle.hit(session, TWICE, "anna", now=NOON + timedelta(minutes=2)) == 0
