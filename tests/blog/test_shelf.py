"""Kept pages: quick, never old, never private, and never needed."""

import socket
from collections.abc import Callable
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import Engine, update
from sqlalchemy.orm import Session

from mailer.config import Site
from mailer.models import Post
from mailer.services import posts
from tests.blog.writers import make_post, picture
from tests.pages.test_query_counts import Counter
from tests.support.people import post, sign_in
from tests.support.world import make_user

PUBLIC = ("/blog/", "/blog/feed.xml", "/sitemap.xml")


@pytest.mark.both_databases
def test_a_change_is_seen_at_once_by_every_process(make_app: Callable[..., Flask], session: Session) -> None:
    author = make_user(session)
    make_post(session, author, title="First")
    one, other = make_app().test_client(), make_app().test_client()
    sign_in(one, author)
    for path in PUBLIC:
        assert "first" in other.get(path).get_data(as_text=True)
    post(one, "/blog/first/edit", title="Second", content="<p>x</p>", is_published="y")
    assert "Second" in other.get("/blog/").get_data(as_text=True)
    assert "Second" in other.get("/blog/feed.xml").get_data(as_text=True)
    post(one, "/blog/first/delete")
    for path in PUBLIC:
        assert "/blog/first" not in other.get(path).get_data(as_text=True)


@pytest.mark.both_databases
def test_a_renamed_author_is_seen_at_once(app: Flask, visitor: FlaskClient, session: Session) -> None:
    author = make_user(session, first_name="Anna", last_name="Before")
    make_post(session, author)
    web = app.test_client()
    sign_in(web, author)
    seen = {path: visitor.get(path).get_data(as_text=True) for path in ("/blog/", "/blog/feed.xml")}
    assert all("Anna Before" in page for page in seen.values())
    facts = {"first_name": "Anna", "last_name": "After", "time_zone": "UTC", "locale": "en", "username": ""}
    assert post(web, "/auth/profile/edit", facts).status_code == 303
    for path in seen:
        assert "Anna After" in visitor.get(path).get_data(as_text=True)


def test_a_profile_saved_as_it_was_throws_no_kept_page_away(web: FlaskClient, session: Session) -> None:
    author = make_user(session, first_name="Anna", last_name="Same")
    make_post(session, author)
    sign_in(web, author)
    before = posts.revision(session)
    facts = {"first_name": "Anna", "last_name": "Same", "time_zone": "Asia/Tokyo", "locale": "en", "username": ""}
    assert post(web, "/auth/profile/edit", facts).status_code == 303
    session.rollback()
    assert posts.revision(session) == before


def test_a_kept_list_asks_the_database_one_thing(web: FlaskClient, session: Session, engine: Engine) -> None:
    for _ in range(30):
        make_post(session, make_user(session))
    counter = Counter(engine)
    web.get("/blog/?page=2")
    made = counter.n
    web.get("/blog/?page=2")
    assert made > 3
    assert counter.n - made == 2  # BEGIN, and the revision


def test_a_list_is_really_kept_and_only_for_its_language_and_page(web: FlaskClient, session: Session) -> None:
    make_post(session, make_user(session), title="Before")
    assert "Before" in web.get("/blog/").get_data(as_text=True)
    session.execute(update(Post).values(title="Behind the back"))  # no verb: nobody moves the revision
    assert "Before" in web.get("/blog/").get_data(as_text=True)
    assert "Behind" in web.get("/blog/", headers={"Accept-Language": "ru"}).get_data(as_text=True)
    assert "Behind" in web.get("/blog/?x=1").get_data(as_text=True)


def test_nothing_of_one_reader_is_shown_to_another(web: FlaskClient, visitor: FlaskClient, session: Session) -> None:
    author = make_user(session, first_name="Private", last_name="Person")
    make_post(session, make_user(session))
    sign_in(web, author)
    assert "Private Person" in web.get("/blog/").get_data(as_text=True)
    page = visitor.get("/blog/").get_data(as_text=True)
    assert "Private Person" not in page
    assert "/blog/mine" not in page


def test_what_any_cache_may_keep_says_nothing_of_who_asks(app: Flask, web: FlaskClient, session: Session) -> None:
    file, folder = f"{'a' * 32}-m.jpg", app.config["MAILER"].media_dir
    folder.mkdir()
    (folder / file).write_bytes(picture())
    sign_in(web, make_user(session))  # to be remembered
    for path in (f"/media/{file}", "/static/favicon.svg"):
        with web.get(path) as answer:
            assert answer.cache_control.public
            assert "Set-Cookie" not in answer.headers
            assert "Vary" not in answer.headers
    page = web.get("/blog/")
    assert "Expires=" in page.headers["Set-Cookie"]  # a page still lengthens the session
    assert "Cookie" in page.vary
    assert page.headers["Cache-Control"] == "no-store"


def test_a_page_s_number_in_any_guise_is_answered_and_fills_no_cache(web: FlaskClient, session: Session) -> None:
    make_post(session, make_user(session), title="Before")
    guises = ("000000001" + "9" * 5000, "0000000011", "9" * 30, "-1", "0", "abc")
    for page in guises:
        assert "Before" in web.get(f"/blog/?page={page}").get_data(as_text=True)
    session.execute(update(Post).values(title="Behind the back"))  # a kept page would not show it
    for page in guises:
        assert "Behind" in web.get(f"/blog/?page={page}").get_data(as_text=True)


def test_a_redis_that_is_silent_costs_moments_not_the_page(make_app: Callable[..., Flask], session: Session) -> None:
    make_post(session, make_user(session))
    session.commit()
    with socket.create_server(("127.0.0.1", 0)) as silent:  # takes connections and never says a word
        web = make_app(redis_url=f"redis://127.0.0.1:{silent.getsockname()[1]}/0").test_client()
        assert web.get("/blog/").status_code == 200


@pytest.mark.parametrize(
    "settings",
    [{"cache_enabled": False}, {"redis_url": "unix:///nowhere/redis.sock"}, {"var_dir": Path("/dev/null/nowhere")}],
    ids=["switched off", "a Redis that is away", "a folder that cannot be made"],
)
def test_everything_works_without_the_cache(
    make_app: Callable[..., Flask], session: Session, settings: dict[str, object]
) -> None:
    make_post(session, make_user(session))
    session.commit()
    web = make_app(**settings).test_client()
    for path in ("/", *PUBLIC, "/blog/a-post"):
        assert web.get(path).status_code == 200


def test_a_redis_keeps_pages_too(
    redis_url: str, make_app: Callable[..., Flask], session: Session, engine: Engine
) -> None:
    make_post(session, make_user(session))
    session.commit()
    app = make_app()
    web = app.test_client()
    for path in PUBLIC:
        assert web.get(path).data == web.get(path).data
    assert app.config["CACHE_TYPE"] == "RedisCache"


def test_other_settings_are_seen_as_soon_as_the_service_has_them(
    make_app: Callable[..., Flask], session: Session
) -> None:
    make_post(session, make_user(session, first_name="", last_name=""))
    session.commit()
    before = {path: make_app().test_client().get(path).text for path in PUBLIC}
    other = make_app(site=Site(name="Elsewhere"), public_url="http://elsewhere.example.org").test_client()
    pages = {path: other.get(path).text for path in PUBLIC}
    assert not any("lsewhere" in page for page in before.values())
    assert all("lsewhere" in page for page in pages.values())
    assert "<span>Elsewhere</span>" in pages["/blog/"]  # the signature of a nameless author, in the kept part
