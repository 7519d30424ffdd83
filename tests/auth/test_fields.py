"""Forms write their own fields and no others, whatever is sent along."""

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session

from mailer.models import Client, Message, Post, User
from tests.support.people import post, sign_in
from tests.support.world import make_client, make_message, make_user

CLIENT = {"email": "boris@example.org", "full_name": "Boris"}
MESSAGE = {"subject": "Hello", "text": "A letter"}
POST = {"title": "A post", "content": "<p>Some words</p>", "is_published": "y"}


@pytest.fixture
def extra(web: FlaskClient, session: Session, anna: User) -> dict[str, str]:
    """What Anna, signed in, would send along to give things to another, or power to herself."""
    other = str(make_user(session).id)
    sign_in(web, anna)
    owners = dict.fromkeys(("owner", "owner_id", "author", "author_id", "user_id"), other)
    powers = {"role": "admin", "blocked": "", "blocked_at": "", "status": "active", "published_at": "2020-01-01"}
    return {**owners, **powers, "id": "777", "views": "1000000", "created_at": "2001-01-01"}


def test_a_new_client_is_ones_own(web: FlaskClient, session: Session, anna: User, extra: dict[str, str]) -> None:
    assert post(web, "/clients/create", {**extra, **CLIENT}).status_code == 303
    client = session.scalars(select(Client)).one()
    assert (client.owner_id, client.id != 777, client.created_at.year > 2001) == (anna.id, True, True)


def test_a_changed_client_stays_ones_own(web: FlaskClient, session: Session, anna: User, extra: dict[str, str]) -> None:
    client = make_client(session, anna)
    assert post(web, f"/clients/{client.id}/edit", {**extra, **CLIENT}).status_code == 303
    session.refresh(client)
    assert (client.owner_id, client.email) == (anna.id, "boris@example.org")


def test_a_new_message_is_ones_own(web: FlaskClient, session: Session, anna: User, extra: dict[str, str]) -> None:
    assert post(web, "/messages/create", {**extra, **MESSAGE}).status_code == 303
    message = session.scalars(select(Message)).one()
    assert (message.owner_id, message.id != 777) == (anna.id, True)


def test_a_changed_message_stays_ones_own(
    web: FlaskClient, session: Session, anna: User, extra: dict[str, str]
) -> None:
    message = make_message(session, anna)
    assert post(web, f"/messages/{message.id}/edit", {**extra, **MESSAGE}).status_code == 303
    session.refresh(message)
    assert (message.owner_id, message.subject) == (anna.id, "Hello")


def test_nobody_publishes_without_leave(web: FlaskClient, session: Session, anna: User, extra: dict[str, str]) -> None:
    assert post(web, "/blog/create", {**extra, **POST}).status_code == 303
    written = session.scalars(select(Post)).one()
    assert (written.author_id, written.is_published, written.published_at) == (anna.id, False, None)
    assert written.views == 0
