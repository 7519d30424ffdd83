"""What is too big comes back with a sentence and nothing typed is lost; neither memory nor disk fills; no stranger
may send so much."""

import io
import socket
import sqlite3
import sys
from collections.abc import Iterator
from contextlib import closing
from itertools import chain, repeat
from os import SEEK_END
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from mailer.blueprints.blog.forms import MOST_POSTED, MOST_RETURNED
from mailer.blueprints.clients.forms import MOST_FILE
from mailer.models import Client, Post, User
from mailer.services.photos import MOST_BYTES
from mailer.web.uploads import HARD_END, MEGABYTE, FirstBytes
from tests.blog.real_server import EDGE, Gunicorn, form, running_gunicorn, watched
from tests.support.people import csrf_token, post, sign_in
from tests.support.world import make_user

BIG = 60
PIECE = b"x" * MEGABYTE
# a page, its form and 10 MB of the picture; the file kept whole would be 60 more
MEMORY_MAY_GROW = 30 * MEGABYTE
on_linux = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="looks into /proc")


@pytest.fixture
def gunicorn(app: Flask, web_socket: socket.socket, tmp_path: Path) -> Iterator[Gunicorn]:
    with running_gunicorn(app, web_socket, tmp_path / "gunicorn.log") as server:
        yield server


@on_linux
def test_a_photo_of_sixty_megabytes_gets_a_sentence_and_fills_neither_memory_nor_disk(
    web: FlaskClient, author: User, gunicorn: Gunicorn, tmp_path: Path
) -> None:
    head, tail = form({"csrf_token": csrf_token(web), "title": "Kept title", "content": "<p>Kept words</p>"}, "photo")
    assert gunicorn.page(web, "/blog/create") == 200
    before, most_on_disk = gunicorn.peak(), 0

    def look() -> None:
        nonlocal most_on_disk
        most_on_disk = max(most_on_disk, gunicorn.on_disk())
        if most_on_disk:  # the body is being read: who sends it is known, and no lock is held for it
            with closing(sqlite3.connect(tmp_path / "mailer.db", timeout=1)) as database:
                database.execute("BEGIN IMMEDIATE")

    body = watched(chain([head], repeat(PIECE, BIG), [tail]), look)
    status, page = gunicorn.send(web, "/blog/create", body, len(head) + BIG * MEGABYTE + len(tail))
    assert status == 422
    assert "This picture is larger than 10 MB" in page
    assert "Kept title" in page
    assert "Kept words" in page
    assert 0 < most_on_disk <= MOST_BYTES + 1
    assert gunicorn.peak() - before < MEMORY_MAY_GROW


def test_a_text_with_too_many_pictures_comes_back_whole(web: FlaskClient, session: Session, author: User) -> None:
    text = f'<p>Before</p><img src="data:image/png;base64,{"A" * 34 * MEGABYTE}"><p>After the pictures</p>'
    answer = post_whole(web, "/blog/create", {"title": "Kept", "content": text}, "photo")
    assert answer.status_code == 422
    assert "larger than 16 MB together" in answer.text
    assert answer.text.count("A" * 34 * MEGABYTE) == 1
    assert "After the pictures" in answer.text
    assert session.scalar(select(func.count()).select_from(Post)) == 0


def test_of_a_changed_post_nothing_is_lost_either(web: FlaskClient, session: Session, author: User) -> None:
    assert post(web, "/blog/create", title="News", content="<p>Text</p>").status_code == 303
    fields = {"title": "Newer", "content": "<p>Newer words</p>"}
    answer = post_whole(web, "/blog/news/edit", fields, "photo", PIECE * 33)
    assert answer.status_code == 422
    assert "This picture is larger than 10 MB" in answer.text
    assert "Newer words" in answer.text


def test_a_list_of_clients_that_is_too_big_comes_back_with_what_was_typed(
    web: FlaskClient, session: Session, author: User
) -> None:
    lines = (b"x" * 9_999 + b"\n") * (MOST_FILE // 10_000 + 1)
    answer = post_whole(web, "/clients/import", {"tags": "kept", "text": ""}, "file", lines)
    assert answer.status_code == 422
    assert "This file is larger than 30 MB" in answer.text
    assert 'value="kept"' in answer.text
    assert session.scalar(select(func.count()).select_from(Client)) == 0
    assert post_whole(web, "/clients/import", {}, "file", lines[:MOST_FILE]).status_code == 200


def post_whole(web: FlaskClient, path: str, fields: dict[str, str], file: str, content: bytes = b"") -> TestResponse:
    """Post a form with its token; the test client's own way leaves temporary files open."""
    head, tail = form({"csrf_token": csrf_token(web), **fields}, file)
    kind = f"multipart/form-data; boundary={EDGE}"
    return web.post(path, input_stream=io.BytesIO(head + content + tail), content_type=kind)


class Untouched:
    """A body of some length that nobody may read."""

    def __init__(self, length: int) -> None:
        self._length, self._at = length, 0

    def tell(self) -> int:
        return self._at

    def seek(self, to: int, whence: int = 0) -> None:
        self._at = self._length if whence == SEEK_END else to

    def read(self, *_size: int) -> bytes:
        raise AssertionError("the body was read")

    readline = read


def declared(web: FlaskClient, path: str, length: int) -> int:
    """The answer to a form that says how long it is and has not begun."""
    kind = f"multipart/form-data; boundary={EDGE}"
    body: Any = Untouched(length)
    return web.post(path, input_stream=body, content_type=kind).status_code


@pytest.mark.parametrize("path", ["/blog/create", "/blog/news/edit", "/clients/import"])
def test_a_visitor_may_not_send_so_much_and_is_told_before_it_is_read(
    app: Flask, web: FlaskClient, session: Session, author: User, path: str
) -> None:
    post(web, "/blog/create", title="News", content="<p>Text</p>")
    assert declared(app.test_client(), path, 33 * MEGABYTE) == 413
    assert declared(web, path, HARD_END + 1) == 413


def test_somebody_who_was_blocked_may_not_either(app: Flask, session: Session) -> None:
    web, blocked = app.test_client(), make_user(session)
    sign_in(web, blocked)
    blocked.blocked_at = blocked.created_at
    session.commit()
    assert declared(web, "/blog/create", 33 * MEGABYTE) == 413


@pytest.mark.parametrize("path", ["/auth/profile/edit", "/clients/create", "/blog/news/delete"])
def test_other_forms_take_no_more_than_before(web: FlaskClient, author: User, path: str) -> None:
    assert declared(web, path, 33 * MEGABYTE) == 413


def test_many_fields_and_files_together_have_a_limit_too(web: FlaskClient, author: User) -> None:
    half = "x" * (MOST_RETURNED // 2)
    fields = {"title": half, "content": half, "photo_alt": half}
    assert post_whole(web, "/blog/create", fields, "photo", b"x").status_code == 413


def test_a_file_under_another_name_is_thrown_away(web: FlaskClient, session: Session, author: User) -> None:
    answer = post_whole(web, "/blog/create", {"title": "News", "content": "<p>Text</p>"}, "stray", PIECE * 33)
    assert answer.status_code == 303


def test_a_text_at_the_limit_is_judged_by_what_it_holds(web: FlaskClient, author: User) -> None:
    answer = post_whole(web, "/blog/create", {"title": "x", "content": "й" * MOST_POSTED}, "photo")
    assert answer.status_code == 422
    assert "too long. Divide it" in answer.text


def test_of_a_file_its_first_bytes_are_kept() -> None:
    with FirstBytes(5) as file:
        assert [file.write(piece) for piece in (b"abc", b"defg", b"hi")] == [3, 4, 2]
        file.seek(0)
        assert (file.read(), file.seen) == (b"abcde", 9)
