"""Publishing and hiding posts from the panel: readers see it at once, the audit log keeps the reason."""

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session

from mailer.models import AuditEntry, Post, User
from tests.admin.conftest import World
from tests.support.people import post, sign_in


@pytest.mark.both_databases
def test_a_post_is_published_and_hidden(web: FlaskClient, session: Session, blogger: User, world: World) -> None:
    written = session.scalars(select(Post)).one()
    post_id, address = written.id, f"/blog/{written.slug}"
    sign_in(web, blogger)
    visitor = web.application.test_client()
    assert visitor.get(address).status_code == 404
    assert post(web, "/admin/posts/publish", id=post_id, reason="Good").status_code == 303
    assert visitor.get(address).status_code == 200
    session.expire_all()
    first_day = written.published_at
    assert post(web, "/admin/posts/hide", id=post_id, reason="A mistake in it").status_code == 303
    assert visitor.get(address).status_code == 404
    post(web, "/admin/posts/publish", id=post_id, reason="Mended")
    session.expire_all()
    assert written.published_at == first_day
    rows = session.scalars(select(AuditEntry).where(AuditEntry.object_kind == "post").order_by(AuditEntry.id)).all()
    assert [(row.verb, row.reason) for row in rows] == [
        ("post.publish", "Good"),
        ("post.hide", "A mistake in it"),
        ("post.publish", "Mended"),
    ]


def test_a_smuggled_post_and_none_is_touched(
    web: FlaskClient, session: Session, blogger: User, moderator: User, world: World
) -> None:
    written = session.scalars(select(Post)).one()
    post_id = written.id
    sign_in(web, blogger)
    assert post(web, "/admin/posts/publish", {"id": [post_id, 98765]}, reason="x").status_code == 404
    sign_in(web, moderator)
    assert post(web, "/admin/posts/publish", id=post_id, reason="x").status_code == 404
    session.expire_all()
    assert not written.is_published
