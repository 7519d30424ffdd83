"""For programs: the feed, the map, the rules for robots, and what messengers show."""

from collections.abc import Callable
from xml.etree import ElementTree

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import Engine, event
from sqlalchemy.orm import Session

from mailer.blueprints.blog import feeds
from tests.blog.writers import make_post
from tests.support.world import make_user

ATOM = "{http://www.w3.org/2005/Atom}"


def test_the_feed_is_atom_with_whole_addresses(web: FlaskClient, session: Session) -> None:
    author = make_user(session)
    for n in range(22):
        make_post(session, author, title=f"№{n} <b>&", content='<p>a &amp; b <a href="/blog/">x</a></p>')
    make_post(session, author, title="Hidden", is_published=False)
    answer = web.get("/blog/feed.xml")
    assert answer.mimetype == "application/atom+xml"
    feed = ElementTree.fromstring(answer.data)
    titles = [entry.findtext(f"{ATOM}title") for entry in feed.iter(f"{ATOM}entry")]
    assert titles == [f"№{n} <b>&" for n in range(21, 1, -1)]
    content = feed.findtext(f"{ATOM}entry/{ATOM}content")
    assert content is not None
    assert 'href="http://localhost/blog/"' in content
    assert web.get("/blog/feed.xml", headers={"If-None-Match": answer.headers["ETag"]}).status_code == 304


def test_the_feed_changes_addresses_in_tags_and_no_words(web: FlaskClient, session: Session) -> None:
    text = '<pre>&lt;a href="/blog/"&gt;, src="/x"</pre><p><img src="/media/x" alt="a > b"><a href="//x/y">z</a></p>'
    make_post(session, make_user(session)).content = text
    content = ElementTree.fromstring(web.get("/blog/feed.xml").data).findtext(f"{ATOM}entry/{ATOM}content")
    assert content == text.replace("/media/", "http://localhost/media/")


def test_a_post_has_one_name_in_the_feed_for_good_and_no_other_ever_has_it(
    make_app: Callable[..., Flask], session: Session
) -> None:
    author = make_user(session)
    make_post(session, author, title="Other")
    first = make_post(session, author)
    session.commit()

    def names(**settings: str) -> list[str | None]:
        feed = ElementTree.fromstring(make_app(**settings).test_client().get("/blog/feed.xml").data)
        return [feed.findtext(f"{ATOM}id"), *(entry.findtext(f"{ATOM}id") for entry in feed.iter(f"{ATOM}entry"))]

    before = names()
    assert len({*before}) == 3
    assert all(str(name).startswith("urn:uuid:") for name in before)
    assert names(public_url="https://moved.example.org", secret_key="a new one " * 8) == before
    session.delete(first)
    session.flush()
    assert make_post(session, author).slug == "a-post"
    session.commit()
    after = names()
    assert (after[0], after[2]) == (before[0], before[2])
    assert after[1] not in before


def test_a_sign_that_no_feed_can_carry_breaks_it_for_nobody(web: FlaskClient, session: Session) -> None:
    make_post(session, make_user(session, first_name="An\x08na", last_name=""), title="One\ufffe two")
    entry = ElementTree.fromstring(web.get("/blog/feed.xml").data).find(f"{ATOM}entry")
    assert entry is not None
    assert entry.findtext(f"{ATOM}title") == "One two"
    assert entry.findtext(f"{ATOM}author/{ATOM}name") == "Anna"


def test_the_map_reads_of_a_post_no_more_than_it_says(web: FlaskClient, session: Session, engine: Engine) -> None:
    make_post(session, make_user(session))
    asked: list[str] = []
    event.listen(engine, "before_cursor_execute", lambda *args: asked.append(args[2]))
    assert "/blog/a-post" in web.get("/sitemap.xml").text
    (statement,) = [one for one in asked if "FROM post" in one]
    assert "excerpt" not in statement
    assert "title" not in statement


def test_the_map_holds_no_more_than_a_map_may(
    web: FlaskClient, session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(feeds, "IN_MAP", 4)
    for _ in range(4):
        make_post(session, make_user(session))
    assert web.get("/sitemap.xml").get_data(as_text=True).count("<loc>") == 4


def test_the_map_and_the_rules_for_robots_name_public_pages_only(web: FlaskClient, session: Session) -> None:
    author = make_user(session)
    make_post(session, author, title="Open")
    make_post(session, author, title="Hidden", is_published=False)
    links = [url.text for url in ElementTree.fromstring(web.get("/sitemap.xml").data).iter() if url.tag.endswith("loc")]
    assert links == ["http://localhost/", "http://localhost/blog/", "http://localhost/blog/open"]
    robots = web.get("/robots.txt").get_data(as_text=True)
    assert "Disallow: /auth/" in robots
    assert "Sitemap: http://localhost/sitemap.xml" in robots


def test_a_post_tells_messengers_how_to_show_it(web: FlaskClient, session: Session) -> None:
    make_post(session, make_user(session), content="<p>One &amp; two</p>", photo="f" * 32, photo_alt="A house")
    page = web.get("/blog/a-post").get_data(as_text=True)
    for tag in (
        '<meta property="og:title" content="A post">',
        '<meta property="og:description" content="One &amp; two">',
        f'<meta property="og:image" content="http://localhost/media/{"f" * 32}-l.jpg">',
        '<link rel="canonical" href="http://localhost/blog/a-post">',
        'alt="A house"',
        "1 minute to read",
    ):
        assert tag in page
