"""Roles are given and taken by administrators, with a reason, and never one's own."""

from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session

from mailer.models import AuditEntry, User
from tests.admin.conftest import World
from tests.support.people import post, sign_in
from tests.support.world import NOW, make_user


def test_a_role_opens_rooms_after_signing_in_again(
    app: Flask, web: FlaskClient, session: Session, admin: User, world: World
) -> None:
    theirs = app.test_client()
    sign_in(theirs, world.owner)
    sign_in(web, admin)
    fields = {"email": "owner@example.org", "role": "mail-moderator", "reason": "Helps us"}
    assert post(web, "/admin/staff/give", fields).status_code == 303
    assert theirs.get("/admin/users/").status_code == 303
    sign_in(theirs, world.owner)
    assert theirs.get("/admin/users/").status_code == 200
    assert theirs.get("/admin/staff/").status_code == 404


def test_a_role_taken_closes_them(app: Flask, web: FlaskClient, session: Session, admin: User, moderator: User) -> None:
    theirs, moderator_id = app.test_client(), moderator.id
    sign_in(theirs, moderator)
    sign_in(web, admin)
    assert web.get(f"/admin/staff/{moderator_id}/mail-moderator/take").status_code == 200
    assert post(web, f"/admin/staff/{moderator_id}/mail-moderator/take", reason="Left us").status_code == 303
    assert theirs.get("/admin/users/").status_code == 303
    rows = session.scalars(select(AuditEntry).where(AuditEntry.user_id == moderator_id)).all()
    assert {row.verb for row in rows} == {"role.revoke", "role.reason"}
    assert "Left us" in {row.reason for row in rows}


def test_the_audit_calls_roles_by_their_names(app: Flask, web: FlaskClient, session: Session, admin: User) -> None:
    person = make_user(session, email="new@example.org", locale="ru")
    admin.locale = "ru"
    sign_in(web, admin)
    post(web, "/admin/staff/give", email="new@example.org", role="mail-moderator", reason="Помогает")
    theirs = app.test_client()
    sign_in(theirs, person)
    for page in (web.get("/admin/audit/").text, theirs.get("/auth/activity").text):
        rows = [row for row in page.split("<tr>")[2:] if "Помогает" in row or "Роль выдана" in row]
        assert len(rows) == 2
        assert all("Модератор рассылок" in row and ">mail-moderator" not in row for row in rows)


def test_nobody_takes_their_own_role(web: FlaskClient, session: Session, admin: User) -> None:
    admin_id = admin.id
    sign_in(web, admin)
    assert post(web, f"/admin/staff/{admin_id}/admin/take", reason="Oops").status_code == 404
    session.expire_all()
    assert admin.role_set == {"admin"}


def test_roles_go_to_confirmed_open_accounts_only(web: FlaskClient, session: Session, admin: User) -> None:
    make_user(session, email="new@example.org", confirmed_at=None)
    make_user(session, email="off@example.org", blocked_at=NOW)
    sign_in(web, admin)
    for email in ("new@example.org", "off@example.org", "nobody@example.org", "rubbish"):
        assert post(web, "/admin/staff/give", email=email, role="admin", reason="x").status_code == 422
    assert post(web, "/admin/staff/give", email="admin@example.org", role="king", reason="x").status_code == 422
    assert post(web, "/admin/staff/give", email="admin@example.org", role="admin", reason="x").status_code == 409


def test_an_administrator_is_trusted(web: FlaskClient, session: Session, admin: User) -> None:
    person = make_user(session, trusted_at=None)
    sign_in(web, admin)
    post(web, "/admin/staff/give", email=person.email, role="admin", reason="New colleague")
    session.expire_all()
    assert person.trusted_at is not None


def test_moderators_of_mail_cannot_make_moderators(web: FlaskClient, session: Session, moderator: User) -> None:
    email, moderator_id = moderator.email, moderator.id
    sign_in(web, moderator)
    assert post(web, "/admin/staff/give", email=email, role="admin", reason="Me").status_code == 404
    assert post(web, f"/admin/staff/{moderator_id}/mail-moderator/take", reason="Me").status_code == 404
