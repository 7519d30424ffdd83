"""Blocking, unblocking and trusting people: what it does to them, and what it never touches."""

from datetime import UTC, datetime

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from mailer.models import AuditEntry, Mailing, SignIn, User
from mailer.services.passwords import hash_password
from tests.admin.conftest import World
from tests.auth.mailbox import collect, text_of
from tests.support.people import post, sign_in
from tests.support.world import make_mailing, make_user

PASSWORD = "correct horse"


def test_a_block_ends_the_session_at_the_next_request(
    app: Flask, web: FlaskClient, moderator: User, world: World
) -> None:
    theirs, owner_id = app.test_client(), world.owner.id
    sign_in(theirs, world.owner)
    sign_in(web, moderator)
    assert theirs.get("/mailings/").status_code == 200
    assert post(web, "/admin/users/block", id=owner_id, reason="Spam").status_code == 303
    assert theirs.get("/mailings/").status_code == 303


def test_a_blocked_person_cannot_sign_in_and_reads_why(
    app: Flask, web: FlaskClient, session: Session, moderator: User, world: World
) -> None:
    world.owner.password_hash = hash_password(PASSWORD, method="pbkdf2:sha256:1")
    owner_id = world.owner.id
    sign_in(web, moderator)
    post(web, "/admin/users/block", id=owner_id, reason="Bought addresses")
    refused = post(app.test_client(), "/auth/login", login="owner@example.org", password=PASSWORD)
    assert "This account is blocked" in refused.text
    (letter,) = collect(app)
    assert letter["To"] == "owner@example.org"
    assert "Bought addresses" in text_of(letter)


@pytest.mark.both_databases
def test_a_block_cancels_open_runs_and_plans(web: FlaskClient, session: Session, moderator: User, world: World) -> None:
    owner_id = world.owner.id
    sign_in(web, moderator)
    post(web, "/admin/users/block", id=owner_id, reason="Spam")
    session.expire_all()
    assert world.run.drain_reason == "owner_blocked"
    assert world.mailing.next_run_at is None
    assert session.scalar(select(func.count()).select_from(SignIn).where(SignIn.user_id == owner_id)) == 0


@pytest.mark.both_databases
def test_unblocking_plans_from_now_and_sends_nothing_old(
    web: FlaskClient, session: Session, moderator: User, world: World
) -> None:
    resting = make_mailing(session, world.owner, paused_at=world.run.opened_at, next_run_at=None)
    past = make_mailing(session, world.owner, frequency="once", next_run_at=None)
    owner_id = world.owner.id
    sign_in(web, moderator)
    post(web, "/admin/users/block", id=owner_id, reason="Spam")
    before = datetime.now(UTC)
    assert post(web, "/admin/users/unblock", id=owner_id, reason="A mistake").status_code == 303
    session.expire_all()
    assert world.owner.blocked_at is None
    assert world.mailing.next_run_at is not None
    assert world.mailing.next_run_at > before
    assert resting.next_run_at is None
    assert past.next_run_at is None


def test_many_are_blocked_at_once_and_each_is_written_down(web: FlaskClient, session: Session, moderator: User) -> None:
    people = [make_user(session) for _ in range(3)]
    ids, moderator_id = [person.id for person in people], moderator.id
    sign_in(web, moderator)
    post(web, "/admin/users/block", {"id": ids}, reason="A ring of spammers")
    session.expire_all()
    assert all(person.blocked_at for person in people)
    rows = session.scalars(select(AuditEntry).where(AuditEntry.verb == "account.block")).all()
    assert {row.user_id for row in rows} == set(ids)
    assert {(row.actor_id, row.reason) for row in rows} == {(moderator_id, "A ring of spammers")}


def test_one_smuggled_id_and_nobody_is_touched(
    web: FlaskClient, session: Session, moderator: User, admin: User, blogger: User, world: World
) -> None:
    gone = make_user(session, deleted_at=world.run.opened_at)
    owner_id, forbidden = world.owner.id, [admin.id, blogger.id, moderator.id, gone.id, 987654]
    sign_in(web, moderator)
    for verb in ("block", "unblock", "trust", "distrust"):
        for other in forbidden:
            assert post(web, f"/admin/users/{verb}", {"id": [owner_id, other]}, reason="no").status_code == 404
    session.expire_all()
    assert all(user.blocked_at is None and user.trusted_at for user in (world.owner, admin, blogger, moderator))
    assert session.scalar(select(func.count()).select_from(AuditEntry).where(AuditEntry.reason != "")) == 0


@pytest.mark.parametrize("reason", ["", "   ", "two\nlines", "x" * 501])
def test_no_act_without_a_proper_reason(
    web: FlaskClient, session: Session, moderator: User, world: World, reason: str
) -> None:
    owner_id = world.owner.id
    sign_in(web, moderator)
    assert post(web, "/admin/users/block", id=owner_id, reason=reason).status_code == 422
    session.expire_all()
    assert world.owner.blocked_at is None


def test_no_act_without_the_token(web: FlaskClient, session: Session, moderator: User, world: World) -> None:
    owner_id, mailing_id = world.owner.id, world.mailing.id
    sign_in(web, moderator)
    for path, row_id in (("/admin/users/block", owner_id), ("/admin/mailings/off", mailing_id)):
        assert web.post(path, data={"id": row_id, "reason": "Spam"}).status_code == 400
    assert web.post("/admin/staff/give", data={"email": "a@example.org"}).status_code in {400, 404}
    session.expire_all()
    assert world.owner.blocked_at is None
    assert world.mailing.disabled_at is None


def test_looking_at_the_page_that_asks_changes_nothing(
    web: FlaskClient, session: Session, moderator: User, world: World
) -> None:
    owner_id = world.owner.id
    sign_in(web, moderator)
    assert "owner@example.org" in web.get(f"/admin/users/block?id={owner_id}&reason=spam").text
    session.expire_all()
    assert world.owner.blocked_at is None


def test_a_second_block_keeps_the_first_reason(
    web: FlaskClient, session: Session, moderator: User, world: World
) -> None:
    owner_id = world.owner.id
    sign_in(web, moderator)
    post(web, "/admin/users/block", id=owner_id, reason="First")
    assert post(web, "/admin/users/block", id=owner_id, reason="Second").status_code == 409
    session.expire_all()
    assert world.owner.blocked_reason == "First"


def test_trust_is_given_and_taken(web: FlaskClient, session: Session, moderator: User) -> None:
    person = make_user(session, trusted_at=None)
    user_id = person.id
    sign_in(web, moderator)
    assert "New: daily limit" in web.get("/admin/users/").text
    post(web, "/admin/users/trust", id=user_id, reason="Known to me")
    session.expire_all()
    assert person.trusted_at is not None
    post(web, "/admin/users/distrust", id=user_id, reason="Not any more")
    session.expire_all()
    assert person.trusted_at is None


def test_nothing_else_of_a_person_can_be_posted(
    web: FlaskClient, session: Session, moderator: User, world: World
) -> None:
    owner_id, was = world.owner.id, world.owner.password_hash
    sign_in(web, moderator)
    post(web, "/admin/users/trust", id=owner_id, reason="x", email="evil@example.org", password_hash="x", role="admin")
    session.expire_all()
    assert (world.owner.email, world.owner.password_hash, world.owner.roles) == ("owner@example.org", was, [])
    assert session.scalar(select(Mailing.owner_id).where(Mailing.id == world.mailing.id)) == owner_id
