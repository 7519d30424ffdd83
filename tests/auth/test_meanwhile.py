"""Hashing takes long: meanwhile no lock is held, and a password that is chosen elsewhere stays chosen."""

import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import Engine
from sqlalchemy.orm import Session
from werkzeug import security

from mailer.blueprints.auth import passwords as pages
from mailer.clock import utcnow
from mailer.models import User
from mailer.services import account_links, accounts, passwords, sign_ins
from mailer.services.account_links import Purpose
from mailer.services.sign_ins import Refusal
from tests.auth.conftest import CHEAP, PASSWORD
from tests.support.people import post, sign_in

NEW = {"password": "another horse", "password2": "another horse"}
CHANGE = {"current_password": PASSWORD, **NEW}


@pytest.fixture
def choose_while(
    engine: Engine, session: Session, anna: User, monkeypatch: pytest.MonkeyPatch
) -> Callable[[object, str], str]:
    """Lets Anna choose a new password elsewhere just before this function of this module runs; its hash."""
    anna_id, chosen = anna.id, passwords.hash_password("a third horse", method=CHEAP)
    session.commit()

    def choose(module: object, name: str) -> str:
        real = getattr(module, name)

        def meanwhile(*words: str, method: str) -> object:
            with Session(engine) as elsewhere:
                accounts.set_password(elsewhere, elsewhere.get_one(User, anna_id), chosen, now=utcnow())
                elsewhere.commit()
            return real(*words, method=method)

        monkeypatch.setattr(module, name, meanwhile)
        return chosen

    return choose


@pytest.mark.both_databases
@pytest.mark.parametrize("moment", ["is_right", "hash_password"])
def test_signing_in_does_not_bring_an_old_password_back(
    session: Session, anna: User, choose_while: Callable[[object, str], str], moment: str
) -> None:
    chosen = choose_while(sign_ins, moment)
    found, costlier = accounts.find(session, "anna.k"), "scrypt:1024:8:1"
    assert sign_ins.check(session, found, PASSWORD, method=costlier, now=utcnow()) is Refusal.WRONG
    session.commit()
    assert anna.password_hash == chosen


@pytest.mark.both_databases
@pytest.mark.parametrize(("module", "name", "code"), [(passwords, "is_right", 422), (pages, "hash_password", 409)])
def test_of_two_changes_at_once_the_first_stays(
    app: Flask,
    session: Session,
    anna: User,
    choose_while: Callable[[object, str], str],
    module: object,
    name: str,
    code: int,
) -> None:
    web = app.test_client()
    sign_in(web, anna)
    chosen = choose_while(module, name)
    assert post(web, "/auth/password", CHANGE).status_code == code
    session.rollback()
    assert anna.password_hash == chosen


HASHING: dict[str, tuple[str, dict[str, str]]] = {
    "sign in": ("/auth/login", {"login": "anna.k", "password": PASSWORD}),
    "sign up": ("/auth/register", {"email": "new@example.org", **NEW}),
    "change of password": ("/auth/password", CHANGE),
    "change of address": ("/auth/email", {"email": "new@example.org", "current_password": PASSWORD}),
    "leaving": ("/auth/delete", {"current_password": PASSWORD}),
    "password by a link": ("/auth/reset/{token}", NEW),
}


@pytest.mark.parametrize(("path", "form"), HASHING.values(), ids=HASHING.keys())
def test_no_lock_is_held_while_a_password_is_hashed(
    web: FlaskClient,
    session: Session,
    anna: User,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    path: str,
    form: dict[str, str],
) -> None:
    token = account_links.issue(session, anna, Purpose.RESET, email=anna.email, now=utcnow())
    if "login" not in path:
        sign_in(web, anna)
    other = sqlite3.connect(tmp_path / "mailer.db", timeout=0, isolation_level=None)
    hashed: list[str] = []

    def watched(name: str) -> Callable[..., Any]:
        def work(*words: str, **options: str) -> Any:
            other.execute("BEGIN IMMEDIATE")  # locked, this is an error
            other.execute("ROLLBACK")
            hashed.append(name)
            return getattr(security, name)(*words, **options)

        return work

    for name in ("check_password_hash", "generate_password_hash"):
        monkeypatch.setattr(passwords, name, watched(name))
    assert post(web, path.format(token=token), form).status_code == 303
    assert hashed
    other.close()
