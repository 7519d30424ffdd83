"""Switching mailings off and on: the run is held, the owner reads why, and it goes on where it stopped."""

from datetime import UTC, datetime, timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session

from mailer.models import AuditEntry, HeldReason, User
from tests.admin.conftest import World, make_world
from tests.auth.mailbox import collect, text_of
from tests.support.people import post, sign_in
from tests.support.world import NOW, make_mailing

TOMORROW = datetime.now(UTC) + timedelta(days=1)


@pytest.mark.both_databases
def test_off_holds_the_open_run_and_on_lets_it_go(
    web: FlaskClient, session: Session, moderator: User, world: World
) -> None:
    mailing_id = world.mailing.id
    sign_in(web, moderator)
    assert post(web, "/admin/mailings/off", id=mailing_id, reason="Complaints").status_code == 303
    session.expire_all()
    assert (world.run.held_reason, world.run.state) == ("disabled", "open")
    assert (world.mailing.disabled_reason, world.mailing.next_run_at) == ("Complaints", None)
    assert post(web, "/admin/mailings/on", id=mailing_id, reason="Cleared up").status_code == 303
    session.expire_all()
    assert (world.run.held_reason, world.mailing.disabled_at) == (None, None)
    assert world.mailing.next_run_at is not None
    deeds = session.scalars(select(AuditEntry).where(AuditEntry.object_kind == "mailing").order_by(AuditEntry.id)).all()
    assert [(row.verb, row.reason) for row in deeds] == [
        ("mailing.disable", "Complaints"),
        ("mailing.enable", "Cleared up"),
    ]


def test_a_paused_run_is_still_paused_when_the_mailing_is_on_again(
    web: FlaskClient, session: Session, moderator: User, world: World
) -> None:
    mailing_id = world.mailing.id
    world.mailing.paused_at, world.mailing.next_run_at = NOW, None
    world.run.held_reason, world.run.held_at, world.run.give_up_at = HeldReason.PAUSED, NOW, TOMORROW
    sign_in(web, moderator)
    assert post(web, "/admin/mailings/off", id=mailing_id, reason="Complaints").status_code == 303
    session.expire_all()
    assert world.run.held_reason == "disabled"
    assert post(web, "/admin/mailings/on", id=mailing_id, reason="Cleared up").status_code == 303
    session.expire_all()
    assert (world.run.held_reason, world.run.drain_reason, world.mailing.next_run_at) == ("paused", None, None)


def test_the_owner_reads_the_reason_and_cannot_undo_it(
    app: Flask, web: FlaskClient, session: Session, moderator: User, world: World
) -> None:
    mailing_id = world.mailing.id
    sign_in(web, moderator)
    post(web, "/admin/mailings/off", id=mailing_id, reason="Too many complaints")
    (letter,) = collect(app)
    assert letter["To"] == "owner@example.org"
    assert "Too many complaints" in text_of(letter)
    sign_in(web, world.owner)
    assert "Too many complaints" in web.get(f"/mailings/{mailing_id}").text
    for verb in ("resume", "pause", "send-now"):
        assert post(web, f"/mailings/{mailing_id}/{verb}").status_code == 409
    assert post(web, "/admin/mailings/on", id=mailing_id, reason="Please").status_code == 404
    session.expire_all()
    assert world.mailing.disabled_at is not None


def test_a_letter_that_is_true_no_more_is_not_sent(app: Flask, web: FlaskClient, moderator: User, world: World) -> None:
    mailing_id = world.mailing.id
    sign_in(web, moderator)
    post(web, "/admin/mailings/off", id=mailing_id, reason="A slip")
    post(web, "/admin/mailings/on", id=mailing_id, reason="It was a slip")
    assert collect(app) == []


def test_of_many_those_are_switched_off_that_are_on(
    web: FlaskClient, session: Session, moderator: User, world: World
) -> None:
    other = make_mailing(session, world.owner, disabled_at=NOW, disabled_reason="Before", next_run_at=None)
    ids = [world.mailing.id, other.id]
    sign_in(web, moderator)
    assert post(web, "/admin/mailings/off", {"id": ids}, reason="Now").status_code == 303
    session.expire_all()
    assert (world.mailing.disabled_reason, other.disabled_reason) == ("Now", "Before")
    assert post(web, "/admin/mailings/off", {"id": ids}, reason="Again").status_code == 409


def test_a_smuggled_mailing_and_none_is_touched(
    web: FlaskClient, session: Session, moderator: User, admin: User, world: World
) -> None:
    theirs = make_world(session, admin).mailing
    gone = make_mailing(session, world.owner, archived_at=NOW, next_run_at=None)
    mailing_id, forbidden = world.mailing.id, [theirs.id, gone.id, 987654]
    sign_in(web, moderator)
    for other in forbidden:
        assert post(web, "/admin/mailings/off", {"id": [mailing_id, other]}, reason="no").status_code == 404
    session.expire_all()
    assert world.mailing.disabled_at is None
    assert theirs.disabled_at is None


def test_switching_on_wakes_nothing_of_a_blocked_owner(
    web: FlaskClient, session: Session, moderator: User, world: World
) -> None:
    owner_id, mailing_id = world.owner.id, world.mailing.id
    sign_in(web, moderator)
    post(web, "/admin/mailings/off", id=mailing_id, reason="Spam")
    post(web, "/admin/users/block", id=owner_id, reason="Spam")
    post(web, "/admin/mailings/on", id=mailing_id, reason="Only the owner is blocked")
    session.expire_all()
    assert world.mailing.next_run_at is None


def test_the_message_is_shown_in_a_sandbox(web: FlaskClient, session: Session, moderator: User, world: World) -> None:
    world.mailing.message.html = "<p>Buy <script>alert(1)</script></p>"
    message_id, mailing_id = world.mailing.message_id, world.mailing.id
    sign_in(web, moderator)
    page = web.get(f"/admin/mailings/{mailing_id}").text
    assert f'sandbox title="The letter as a recipient sees it" src="/admin/messages/{message_id}/preview"' in page
    policy = web.get(f"/admin/messages/{message_id}/preview").headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "sandbox" in policy
