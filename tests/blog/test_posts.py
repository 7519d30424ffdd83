"""Who reads, writes, publishes, changes and deletes which posts."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from mailer.models import AuditEntry, Post, User
from tests.blog.writers import make_moderator, make_post
from tests.support.people import post, sign_in
from tests.support.world import make_user


def only_post(session: Session) -> Post:
    session.expire_all()
    return session.scalars(select(Post)).one()


@pytest.mark.parametrize("path", ["/blog/create", "/blog/mine", "/blog/x/edit", "/blog/x/delete"])
def test_a_visitor_is_asked_to_sign_in_before_writing(web: FlaskClient, path: str) -> None:
    assert web.get(path).location.startswith("/auth/login")


def test_what_a_plain_user_writes_is_a_draft_that_others_do_not_see(
    web: FlaskClient, session: Session, author: User, visitor: FlaskClient
) -> None:
    answer = post(web, "/blog/create", title="Первый пост", content="<p>Текст</p>", is_published="y")
    assert answer.status_code == 303
    assert answer.location == "/blog/pervyi-post"
    assert not only_post(session).is_published
    assert web.get(answer.location).status_code == 200
    for path in ("", "/edit", "/delete"):
        assert visitor.get(answer.location + path).status_code in {302, 303, 404}
    assert visitor.get(answer.location).status_code == 404
    assert "Первый" not in visitor.get("/blog/").get_data(as_text=True)
    assert "Первый" in web.get("/blog/mine").get_data(as_text=True)


def test_another_user_s_draft_is_a_missing_page(web: FlaskClient, session: Session, author: User) -> None:
    draft = make_post(session, make_user(session), is_published=False)
    for path in ("", "/edit", "/delete"):
        assert web.get(f"/blog/{draft.slug}{path}").status_code == 404
    assert post(web, f"/blog/{draft.slug}/edit", title="Mine", content="<p>x</p>").status_code == 404


def test_another_user_s_published_post_can_only_be_read(web: FlaskClient, session: Session, author: User) -> None:
    theirs = make_post(session, make_user(session))
    assert web.get(f"/blog/{theirs.slug}").status_code == 200
    assert post(web, f"/blog/{theirs.slug}/edit", title="Mine", content="<p>x</p>").status_code == 404
    assert post(web, f"/blog/{theirs.slug}/delete").status_code == 404
    assert only_post(session).title == "A post"


def test_a_moderator_publishes_the_draft_of_another(
    web: FlaskClient, session: Session, moderator: User, visitor: FlaskClient
) -> None:
    draft = make_post(session, make_user(session), is_published=False)
    assert draft.title in web.get("/blog/mine?others=1").get_data(as_text=True)
    fields = {"title": draft.title, "content": draft.content, "is_published": "y"}
    assert post(web, f"/blog/{draft.slug}/edit", fields).status_code == 422  # no act of a moderator without a reason
    assert post(web, f"/blog/{draft.slug}/edit", fields, reason="ready for readers").status_code == 303
    assert visitor.get(f"/blog/{draft.slug}").status_code == 200
    entry = session.scalars(select(AuditEntry)).one()
    assert (entry.verb, entry.object_id, entry.actor_id) == ("post.update", draft.id, moderator.id)
    assert entry.reason == "ready for readers"


def test_where_everyone_may_publish_a_plain_user_does(app_config, make_app, session: Session) -> None:  # type: ignore[no-untyped-def]
    app: Flask = make_app(site=app_config().site.__class__(everyone_may_publish=True))
    web = app.test_client()
    sign_in(web, make_user(session))
    post(web, "/blog/create", title="Mine", content="<p>Text</p>", is_published="y")
    assert only_post(session).is_published


def test_an_author_may_take_a_published_post_back_but_not_publish_it_again(
    web: FlaskClient, session: Session, author: User
) -> None:
    make_post(session, author)
    post(web, "/blog/a-post/edit", title="A post", content="<p>x</p>")
    assert not only_post(session).is_published
    post(web, "/blog/a-post/edit", title="A post", content="<p>x</p>", is_published="y")
    assert not only_post(session).is_published


def test_an_address_stays_when_the_title_changes(web: FlaskClient, session: Session, author: User) -> None:
    make_post(session, author)
    answer = post(web, "/blog/a-post/edit", title="Совсем другой", content="<p>x</p>", is_published="y")
    assert answer.location == "/blog/a-post"
    assert only_post(session).title == "Совсем другой"


def test_equal_titles_get_addresses_of_their_own(session: Session, author: User) -> None:
    slugs = [make_post(session, author, title="Равный").slug for _ in range(3)]
    assert slugs == ["ravnyi", "ravnyi-2", "ravnyi-3"]


@pytest.mark.both_databases
def test_equal_titles_written_at_once_get_addresses_of_their_own(engine: Engine, session: Session) -> None:
    author_id = make_user(session).id
    session.commit()

    def write(_: int) -> str:
        with Session(engine) as own:
            slug = make_post(own, own.get_one(User, author_id), title="Один").slug
            own.commit()
            return slug

    with ThreadPoolExecutor(6) as pool:
        assert set(pool.map(write, range(6))) == {"odin", *(f"odin-{n}" for n in range(2, 7))}


@pytest.mark.parametrize("title", ["create", "mine", "🎉🎉", "日本語", "שלום", "---", "a" * 200, "media", "<b>&amp;"])
def test_any_title_has_an_address_that_leads_to_it(
    session: Session, author: User, visitor: FlaskClient, title: str
) -> None:
    slug = make_post(session, author, title=title).slug
    session.commit()
    assert visitor.get(f"/blog/{slug}").status_code == 200


def test_deleting_asks_first(web: FlaskClient, session: Session, author: User) -> None:
    make_post(session, author)
    assert "Delete this post?" in web.get("/blog/a-post/delete").get_data(as_text=True)
    assert web.get("/blog/a-post").status_code == 200
    assert post(web, "/blog/a-post/delete").status_code == 303
    assert web.get("/blog/a-post").status_code == 404


@pytest.mark.parametrize(
    ("fields", "wrong"),
    [
        ({"title": "", "content": "<p>x</p>"}, "title"),
        ({"title": "x" * 201, "content": "<p>x</p>"}, "title"),
        ({"title": "a\nb", "content": "<p>x</p>"}, "title"),
        ({"title": "\u200b \u200d\u00ad\u3164\u200f\u0301", "content": "<p>x</p>"}, "title"),
        ({"title": "T", "content": "<p> </p><script>x</script>"}, "post-text"),
        ({"title": "T", "content": "<p>" + "слово " * 60_000 + "</p>"}, "post-text"),
    ],
)
def test_what_cannot_be_saved_is_said_beside_the_field(
    web: FlaskClient, session: Session, author: User, fields: dict[str, str], wrong: str
) -> None:
    answer = post(web, "/blog/create", fields)
    assert answer.status_code == 422
    assert f'id="{wrong}-error"' in answer.get_data(as_text=True)
    assert session.scalars(select(Post)).first() is None


def test_hostile_html_does_nothing(web: FlaskClient, session: Session, author: User) -> None:
    hostile = (
        "<p onclick=alert(1)>Hi</p><script>alert(2)</script><a href='javascript:alert(3)'>x</a>"
        "<img src=x onerror=alert(4)><img src='https://evil.example/pixel.png'><iframe src='//evil.example'></iframe>"
        "<svg onload=alert(5)></svg><style>*{display:none}</style><form action=/auth/logout><input></form>"
        "<a href='data:text/html,<script>alert(6)</script>'>y</a><p style='position:fixed'>z\x08</p>"
    )
    location = post(web, "/blog/create", title="T", content=hostile).location
    kept = only_post(session).content
    for word in ("alert", "evil", "style", "<svg", "<form", "<img", "\x08"):
        assert word not in kept
    assert kept in web.get(location).get_data(as_text=True)


def test_the_search_finds_words_in_any_case_of_letters(session: Session, author: User, visitor: FlaskClient) -> None:
    make_post(session, author, title="Весна", content="<p>Подснежники</p><p>и ЛЁД 100%</p>")
    make_post(session, author, title="Secret", content="<p>ВЕСНА</p>", is_published=False)
    session.commit()

    def finds(q: str) -> bool:
        page = visitor.get("/blog/", query_string={"q": q}).get_data(as_text=True)
        assert "Secret" not in page
        return "/blog/vesna" in page

    assert all(finds(q) for q in ("весна", "ВЕСНА", "подснежн", "лёд 100%", "лёд  весна", "весна подснежники"))
    assert not any(finds(q) for q in ("осень", "весна осень", "100_", "%%"))
    assert finds("весна " * 30)


@pytest.mark.both_databases
@pytest.mark.parametrize("kept", ["лёд", "лед"])
def test_the_search_takes_both_spellings_of_one_letter_for_one(
    session: Session, author: User, visitor: FlaskClient, kept: str
) -> None:
    make_post(session, author, title="Весна", content=f"<p>{kept}</p>")
    make_post(session, author, title="Saved long ago").search_key = f"saved {kept}"  # with the letter as it was
    session.commit()
    for q in ("лёд", "лед", "ЛЁД", "Лед", "ле\u0308д"):
        page = visitor.get("/blog/", query_string={"q": q}).get_data(as_text=True)
        assert ("/blog/vesna" in page, "/blog/saved-long-ago" in page) == (True, True), q


def test_the_author_is_named_but_never_by_address(session: Session, visitor: FlaskClient) -> None:
    nameless = make_user(session, first_name="", last_name="", email="secret.address@example.org")
    make_post(session, nameless)
    session.commit()
    for path in ("/blog/", "/blog/a-post", "/blog/feed.xml", "/"):
        assert "secret.address" not in visitor.get(path).get_data(as_text=True)


def test_a_moderator_deletes_any_post_and_says_why(web: FlaskClient, session: Session) -> None:
    make_post(session, make_user(session))
    sign_in(web, make_moderator(session))
    assert 'name="reason"' in web.get("/blog/a-post/delete").get_data(as_text=True)
    assert post(web, "/blog/a-post/delete", reason=" ").status_code == 422
    assert session.scalars(select(AuditEntry)).first() is None
    session.commit()
    assert post(web, "/blog/a-post/delete", reason="Copied from a newspaper").status_code == 303
    assert session.scalars(select(Post)).first() is None
    entry = session.scalars(select(AuditEntry)).one()
    assert (entry.verb, entry.reason) == ("post.delete", "Copied from a newspaper")


def test_a_moderator_says_why_the_post_of_another_changes(web: FlaskClient, session: Session, moderator: User) -> None:
    theirs, own = (make_post(session, one, title=one.email) for one in (make_user(session), moderator))
    addresses = [f"/blog/{one.slug}/edit" for one in (theirs, own)]
    session.commit()
    asks = ['name="reason"' in web.get(address).get_data(as_text=True) for address in addresses]
    assert asks == [True, False]
    fields = {"title": "Better", "content": "<p>x</p>"}
    assert post(web, addresses[0], fields, reason="").status_code == 422
    assert post(web, addresses[0], fields, reason="A slip of the pen").status_code == 303
    assert session.scalars(select(AuditEntry)).one().reason == "A slip of the pen"
