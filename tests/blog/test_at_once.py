"""Two requests about one post in the same moment."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from mailer.models import User
from tests.blog.writers import make_post, picture, upload
from tests.support.people import post, sign_in


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
