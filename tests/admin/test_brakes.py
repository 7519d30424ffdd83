"""Runs that the brake holds: moderators are told once, see them, and let them go on."""

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session

from mailer.clock import utcnow
from mailer.dispatch.account_mail import tell_moderators
from mailer.models import AuditEntry, HeldReason, User
from tests.admin.conftest import World
from tests.auth.mailbox import collect, text_of
from tests.support.people import post, sign_in
from tests.support.world import NOW


@pytest.fixture
def braked(session: Session, world: World) -> World:
    """A run that waits for a moderator."""
    world.run.held_reason, world.run.held_at = HeldReason.BRAKE, NOW
    session.flush()
    return world


@pytest.mark.both_databases
def test_moderators_of_mail_are_told_once(
    app: Flask, session: Session, moderator: User, blogger: User, admin: User, braked: World
) -> None:
    title = braked.mailing.title
    session.commit()
    for _ in range(2):
        with app.app_context():
            tell_moderators(now=utcnow())
    letters = collect(app)
    assert sorted(letter["To"] for letter in letters) == ["admin@example.org", "moderator@example.org"]
    assert all(title in text_of(letter) and "owner@example.org" in text_of(letter) for letter in letters)


def test_nobody_is_told_of_runs_that_wait_for_something_else(
    app: Flask, session: Session, moderator: User, world: World
) -> None:
    world.run.held_reason, world.run.held_at = HeldReason.SERVER, NOW
    session.commit()
    with app.app_context():
        tell_moderators(now=utcnow())
    assert collect(app) == []


@pytest.mark.both_databases
def test_a_moderator_lets_it_go_on_for_good(web: FlaskClient, session: Session, moderator: User, braked: World) -> None:
    run_id, title = braked.run.id, braked.mailing.title
    sign_in(web, moderator)
    assert title in web.get("/admin/").text
    assert post(web, f"/admin/mailings/runs/{run_id}/release", reason="Old list, cleaned").status_code == 303
    session.expire_all()
    assert braked.run.held_reason is None
    assert braked.run.brake_released_at is not None
    (row,) = session.scalars(select(AuditEntry).where(AuditEntry.verb == "run.release"))
    assert (row.object_id, row.reason) == (run_id, "Old list, cleaned")
    session.commit()
    assert post(web, f"/admin/mailings/runs/{run_id}/release", reason="Again").status_code == 409
    assert web.get(f"/admin/mailings/runs/{run_id}/release").status_code == 409


def test_a_paused_mailing_stays_paused_when_the_brake_is_let_go(
    web: FlaskClient, session: Session, moderator: User, braked: World
) -> None:
    braked.mailing.paused_at, run_id = NOW, braked.run.id
    sign_in(web, moderator)
    post(web, f"/admin/mailings/runs/{run_id}/release", reason="Fine")
    session.expire_all()
    assert braked.run.held_reason == "paused"


def test_switching_off_and_on_does_not_let_go_of_the_brake(
    web: FlaskClient, session: Session, moderator: User, braked: World
) -> None:
    mailing_id = braked.mailing.id
    sign_in(web, moderator)
    for verb in ("off", "on"):
        post(web, f"/admin/mailings/{verb}", id=mailing_id, reason="Looking into it")
    session.expire_all()
    assert braked.run.held_reason == "brake"


def test_the_owner_reads_why_and_whom_to_write_to(web: FlaskClient, session: Session, braked: World) -> None:
    mailing_id, run_id = braked.mailing.id, braked.run.id
    contact = web.application.config["MAILER"].contact
    sign_in(web, braked.owner)
    for path in (f"/mailings/{mailing_id}", f"/reports/runs/{run_id}", "/reports/"):
        page = web.get(path)
        assert page.status_code == 200, path
        assert "Very many letters were refused. A moderator has to look at it" in page.text, path
        assert f"Questions: {contact}" in page.text, path
