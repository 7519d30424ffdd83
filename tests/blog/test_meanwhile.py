"""A post that somebody else changes while its form is open, or while pictures are decoded."""

import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import IO

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session

from mailer.models import Post, PostPhoto, User
from mailer.services import photos
from tests.blog.test_photos import embedded, files, only_post, write
from tests.blog.writers import make_moderator, make_post, picture, upload
from tests.support.people import post, sign_in

SENTENCE = "The post was changed meanwhile."
EDIT = "/blog/a-post/edit"


@pytest.fixture
def staff(app: Flask, session: Session) -> FlaskClient:
    """A moderator's browser."""
    browser = app.test_client()
    sign_in(browser, make_moderator(session))
    return browser


@pytest.fixture
def while_decoding(monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[], object]], None]:
    """Do something once, in the moment when the first picture is about to be decoded."""
    real = photos.develop

    def arrange(act: Callable[[], object]) -> None:
        def develop(stream: IO[bytes], field: str = "photo") -> photos.Files:
            monkeypatch.setattr(photos, "develop", real)
            act()
            return real(stream, field)

        monkeypatch.setattr(photos, "develop", develop)

    return arrange


def opened(web: FlaskClient, path: str = EDIT) -> dict[str, str]:
    """What the form holds when it is opened and sent as it is."""
    return fields_of(web.get(path).get_data(as_text=True))


def fields_of(page: str) -> dict[str, str]:
    (seen,) = re.findall(r'<input[^>]*name="seen"[^>]*value="([^"]+)"', page)
    box = re.search(r'<input[^>]*name="is_published"[^>]*>', page)
    return {"seen": seen, **({"is_published": "y"} if box and "checked" in box[0] else {})}


def test_a_stale_form_does_not_take_a_post_back_that_was_published_meanwhile(
    web: FlaskClient, session: Session, author: User, staff: FlaskClient
) -> None:
    make_post(session, author, is_published=False)
    session.commit()
    form = {"title": "A post", "content": "<p>a typo less</p>", **opened(web)}
    published = {**opened(staff), "title": "A post", "content": "<p>x</p>", "is_published": "y", "reason": "fine"}
    assert post(staff, EDIT, published).status_code == 303
    refused = post(web, EDIT, form)
    page = refused.get_data(as_text=True)
    assert refused.status_code == 422
    assert SENTENCE in page
    assert '<a href="/blog/a-post" target="_blank">' in page
    assert "a typo less" in page
    assert only_post(session).content == "<p>x</p>"
    session.rollback()
    assert post(web, EDIT, form | fields_of(page)).status_code == 303  # knowing it now
    assert only_post(session).content == "<p>a typo less</p>"
    assert only_post(session).is_published


def test_another_mistake_in_a_stale_form_does_not_make_it_a_new_one(
    web: FlaskClient, session: Session, author: User, staff: FlaskClient
) -> None:
    make_post(session, author)
    session.commit()
    form = opened(web)
    theirs = {**opened(staff), "title": "T", "content": "<p>x</p>", "reason": "rude"}
    assert post(staff, EDIT, theirs).status_code == 303
    page = post(web, EDIT, {**form, "title": "", "content": "<p>mine</p>"}).get_data(as_text=True)
    assert SENTENCE not in page
    assert SENTENCE in post(web, EDIT, {**fields_of(page), "title": "T", "content": "<p>mine</p>"}).text
    assert only_post(session).content == "<p>x</p>"


@pytest.mark.both_databases
def test_of_many_changes_of_one_form_at_once_one_is_saved(app: Flask, session: Session, author: User) -> None:
    make_post(session, author)
    browsers = [app.test_client() for _ in range(6)]
    for browser in browsers:
        sign_in(browser, author)
    form = opened(browsers[0])

    def change(n: int) -> int:
        return post(browsers[n], EDIT, {**form, "title": f"By {n}", "content": "<p>x</p>"}).status_code

    with ThreadPoolExecutor(6) as pool:
        answers = list(pool.map(change, range(6)))
    assert sorted(answers) == [303, 422, 422, 422, 422, 422]
    assert only_post(session).title == f"By {answers.index(303)}"


@pytest.mark.both_databases
def test_a_cover_that_was_replaced_while_a_picture_was_decoded_stays(
    app: Flask,
    web: FlaskClient,
    session: Session,
    author: User,
    media: Path,
    while_decoding: Callable[[Callable[[], object]], None],
) -> None:
    location = write(web, picture()).location
    other = app.test_client()
    sign_in(other, author)
    theirs = {"title": "Theirs", "content": "<p>b</p>", "photo": upload(picture("PNG"))}
    while_decoding(lambda: post(other, f"{location}/edit", theirs))
    mine = post(web, f"{location}/edit", title="Mine", content=f"<p>a{embedded(picture('PNG'))}</p>")
    assert mine.status_code == 422
    shown = only_post(session)
    assert shown.title == "Theirs"
    assert set(session.scalars(select(PostPhoto.name))) == {shown.photo}
    assert files(media) == {f"{shown.photo}-{size}.{ending}" for size in "sml" for ending in ("webp", "jpg")}


@pytest.mark.both_databases
def test_what_a_moderator_hides_while_a_photo_is_decoded_stays_hidden(
    web: FlaskClient,
    session: Session,
    author: User,
    staff: FlaskClient,
    while_decoding: Callable[[Callable[[], object]], None],
) -> None:
    make_post(session, author)
    session.commit()
    hidden = {"title": "A post", "content": "<p>hidden</p>", "reason": "rude"}
    while_decoding(lambda: post(staff, EDIT, hidden))
    form = {**opened(web), "title": "A post", "content": "<p>x</p>"}
    assert form["is_published"] == "y"
    answer = post(web, EDIT, form, photo=upload(picture()))
    assert answer.status_code == 422
    assert 'name="is_published"' not in answer.get_data(as_text=True)
    again = {**form, **fields_of(answer.get_data(as_text=True))}
    assert post(web, EDIT, again).status_code == 303  # with the box of the page that was shown before
    session.expire_all()
    assert session.scalars(select(Post.is_published)).one() is False


def test_of_a_post_that_was_deleted_meanwhile_what_was_typed_becomes_a_new_one(
    web: FlaskClient, session: Session, author: User
) -> None:
    session.delete(make_post(session, author))
    session.commit()
    form = {"title": "A post", "content": "<p>a typo less</p>", "seen": "2026-01-05T09:00:00+00:00"}
    answer = post(web, EDIT, form)
    assert answer.status_code == 404
    assert "There is no such post any more. What you wrote is still here, as a new post." in answer.text
    assert "a typo less" in answer.text
    assert 'action="/blog/create"' in answer.text
    assert post(web, "/blog/create", form).status_code == 303
    assert only_post(session).content == "<p>a typo less</p>"
