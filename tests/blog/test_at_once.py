"""Two requests about one post in the same moment."""

from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import Engine, delete
from sqlalchemy.orm import Session

from mailer.models import Post, User
from mailer.rules.errors import NotFound
from mailer.services import photos, post_writing
from mailer.services.post_writing import PostFacts
from tests.blog.writers import make_post, picture, upload
from tests.support.people import post, sign_in
from tests.support.world import NOW, make_user


@pytest.mark.both_databases
def test_a_change_and_a_deletion_at_once_end_as_one_after_the_other(
    app: Flask, web: FlaskClient, session: Session, author: User
) -> None:
    for title in ("one", "two", "three", "four"):
        make_post(session, author, title=title)
        session.commit()
        other = app.test_client()
        sign_in(other, author)
        with ThreadPoolExecutor(2) as pool:
            fields = {"title": title, "content": "<p>x</p>", "photo": upload(picture())}
            changed = pool.submit(post, web, f"/blog/{title}/edit", fields)
            deleted = pool.submit(post, other, f"/blog/{title}/delete")
        assert changed.result().status_code in {303, 404}
        assert deleted.result().status_code == 303
    assert not list(app.config["MAILER"].media_dir.glob("*"))


def test_a_change_that_is_saved_is_told_though_the_post_is_deleted_right_after(
    web: FlaskClient, session: Session, author: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_post(session, author, title="one")
    session.commit()
    keep = photos.Album.keep

    def keep_late(album: photos.Album) -> None:
        keep(album)
        session.execute(delete(Post))
        session.commit()

    monkeypatch.setattr(photos.Album, "keep", keep_late)
    assert post(web, "/blog/one/edit", title="one", content="<p>x</p>").status_code == 303


@pytest.mark.parametrize("database_url", ["postgres"], indirect=True)
@pytest.mark.parametrize("verb", ["update", "delete"])
def test_a_post_that_is_gone_by_now_is_a_missing_one(
    engine: Engine, session: Session, tmp_path: Path, verb: str
) -> None:
    post_id = make_post(session, make_user(session)).id
    session.commit()
    with Session(engine) as slow, photos.opened(tmp_path) as album:
        seen = slow.get_one(Post, post_id)
        post_writing.delete(session, session.get_one(Post, post_id), album)
        session.commit()
        facts = PostFacts(title="T", content="<p>x</p>")
        update = partial(post_writing.update, facts=facts, seen=seen.updated_at, now=NOW)
        change = update if verb == "update" else post_writing.delete
        with pytest.raises(NotFound):
            change(slow, seen, album=album)
