"""Known and unknown addresses cost the same work, counted and not timed: hashes, statements, letters, tasks."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from flask import Flask
from huey import Huey
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from mailer.extensions import db
from mailer.models import AccountLetter, AuditEntry
from mailer.orm import reading
from mailer.services.passwords import NO_PASSWORD, hash_password, is_right
from tests.pages.test_query_counts import Counter
from tests.support.people import post
from tests.support.world import make_user

METHOD = "scrypt:1024:8:1"
PEOPLE = ("confirmed", "waiting", "nobody")
PASSWORD = "correct horse"
# an account is made, or loses its password, or stays: a few short statements beside two hashes of 160 ms
SIGN_UP_MAY_DIFFER_BY = 4


@dataclass(frozen=True, slots=True)
class Work:
    """What one request has cost."""

    status: int
    hashes: int
    letters: int
    tasks: int
    audits: int
    statements: int


@pytest.fixture
def hashes(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The memory cost of each scrypt that was really made since the test began."""
    made: list[int] = []
    real: Callable[..., bytes] = hashlib.scrypt

    def counted(*args: Any, **options: Any) -> bytes:
        made.append(options["n"])
        return real(*args, **options)

    monkeypatch.setattr(hashlib, "scrypt", counted)
    return made


@pytest.fixture
def site(make_app: Callable[..., Flask], session: Session) -> Flask:
    """A site with a confirmed person and one who waits; nobody@example.org is nobody."""
    kept = hash_password(PASSWORD, method=METHOD)
    for name in ("confirmed", "waiting"):
        user = make_user(session, email=f"{name}@example.org", username=name, username_key=name, password_hash=kept)
        user.confirmed_at = user.confirmed_at if name == "confirmed" else None
    session.commit()
    is_right(NO_PASSWORD, "", method=METHOD)  # the hash of nobody's password is made once in a process
    return make_app(password_method=METHOD)


def count(session: Session, table: type) -> int:
    session.rollback()
    with reading():
        n = session.scalar(select(func.count()).select_from(table)) or 0
        session.rollback()
    return n


def work(site: Flask, session: Session, hashes: list[int], path: str, form: dict[str, str]) -> Work:
    """One visitor's form, and what it has cost."""
    huey: Huey = site.extensions["huey"]
    letters, audits = count(session, AccountLetter), count(session, AuditEntry)
    hashes.clear()
    huey.flush()
    with site.app_context():
        counter = Counter(db.engine)
    status = post(site.test_client(), path, form).status_code
    return Work(
        status,
        len(hashes),
        count(session, AccountLetter) - letters,
        huey.pending_count(),
        count(session, AuditEntry) - audits,
        counter.n,
    )


ASKED = {
    "reset": ("/auth/reset", {"email": "{}@example.org"}),
    "resend": ("/auth/resend", {"email": "{}@example.org"}),
    "sign in by address": ("/auth/login", {"login": "{}@example.org", "password": "wrong horse"}),
    "sign in by name": ("/auth/login", {"login": "{}", "password": "wrong horse"}),
}


@pytest.mark.parametrize(("path", "form"), ASKED.values(), ids=ASKED.keys())
def test_known_and_unknown_cost_the_same_work(
    site: Flask, session: Session, hashes: list[int], path: str, form: dict[str, str]
) -> None:
    found = {
        who: work(site, session, hashes, path, {name: value.format(who) for name, value in form.items()})
        for who in PEOPLE
    }
    assert found["confirmed"] == found["waiting"] == found["nobody"]
    assert found["nobody"].hashes == (1 if "login" in path else 0)
    assert found["nobody"].letters == found["nobody"].tasks == (0 if "login" in path else 1)


@pytest.mark.parametrize("password", [PASSWORD, "another horse"])
def test_signing_up_costs_the_same_for_known_and_unknown(
    site: Flask, session: Session, hashes: list[int], password: str
) -> None:
    words = {"password": password, "password2": password}
    found = {
        who: work(site, session, hashes, "/auth/register", {"email": f"{who}@example.org", **words}) for who in PEOPLE
    }
    costs = [(one.status, one.hashes, one.letters, one.tasks, one.audits) for one in found.values()]
    assert costs == [(303, 2, 1, 1, 1)] * 3
    statements = [one.statements for one in found.values()]
    assert max(statements) - min(statements) <= SIGN_UP_MAY_DIFFER_BY


OLD = {
    "half": "scrypt:512:8:1",
    "an eighth": "scrypt:128:8:1",
    "other numbers": "scrypt:512:4:1",
    "another kind": "pbkdf2:sha256:1",
}


@pytest.mark.parametrize("old", OLD.values(), ids=OLD.keys())
def test_a_hash_of_older_and_cheaper_days_costs_no_less(
    site: Flask, session: Session, hashes: list[int], old: str
) -> None:
    make_user(session, email="old@example.org", password_hash=hash_password(PASSWORD, method=old))
    session.commit()
    costs = []
    for who in ("old", "nobody"):
        work(site, session, hashes, "/auth/login", {"login": f"{who}@example.org", "password": "wrong horse"})
        costs.append(sum(hashes))
    can_be_halved = old.startswith("scrypt") and old.endswith(":8:1")
    assert costs[0] == costs[1] if can_be_halved else costs[0] >= costs[1]
    assert costs[1] == 1024


def test_the_count_notices_a_hash_that_is_not_made(hashes: list[int]) -> None:
    assert not is_right(NO_PASSWORD, "x", method=METHOD)
    assert hashes[-1] == 1024
