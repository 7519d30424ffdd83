"""Counting readers, and the letters at the hundredth."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import Engine, func, select
from sqlalchemy.orm import Session

from mailer.clock import utcnow
from mailer.dispatch.account_mail import deliver_due
from mailer.models import AccountLetter, Post
from mailer.orm import writing
from mailer.services.passwords import hash_password
from tests.blog.writers import make_post
from tests.support.fixtures_app import CHEAP_PASSWORDS
from tests.support.people import post, sign_in
from tests.support.smtp_server import SmtpServer
from tests.support.world import make_user


def views(session: Session) -> int:
    session.rollback()
    return session.scalars(select(Post.views)).one()


def test_a_reader_counts_once_per_browser_session(
    app: Flask, web: FlaskClient, visitor: FlaskClient, session: Session
) -> None:
    make_post(session, make_user(session))
    page = web.get("/blog/a-post").get_data(as_text=True)
    assert "1 view" in page
    web.get("/blog/a-post")
    assert views(session) == 1
    session.commit()
    visitor.get("/blog/a-post")
    assert views(session) == 2


def test_signing_in_and_out_makes_no_second_reader(web: FlaskClient, session: Session) -> None:
    reader = make_user(session, password_hash=hash_password("correct horse", method=CHEAP_PASSWORDS))
    make_post(session, reader)
    web.get("/blog/a-post")
    assert post(web, "/auth/login", login=reader.email, password="correct horse").status_code == 303
    web.get("/blog/a-post")
    assert post(web, "/auth/logout").status_code == 303
    web.get("/blog/a-post")
    assert views(session) == 1


ANDROID = "Mozilla/5.0 (Linux; Android 6.0.1; Nexus 5X) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0 Mobile"
ROBOTS = (
    "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)",
    "Mozilla/5.0 (compatible; YandexBot/3.0)",
    "Mozilla/5.0 (compatible; YandexImages/3.0; +http://yandex.com/bots)",
    "Mozilla/5.0 (compatible; vkShare; +http://vk.com/dev/Share)",
    f"{ANDROID} Safari/537.36 (compatible; GoogleOther)",
    f"{ANDROID} Safari/537.36 (compatible; Google-InspectionTool/1.0;)",
    "Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko; compatible; Perplexity-User/1.0)",
    "Mozilla/5.0 (compatible; Nmap Scripting Engine; https://nmap.org/book/nse.html)",
    "Mozilla/5.0 (compatible; Nmap Scripting Engine)",
    "Mozilla/5.0 (compatible; heritrix/3.4 +https://archive.org)",
    "WhatsApp/2.23.20.0",
    "curl/8.14.1",
    "TelegramBot (like TwitterBot)",
    "facebookexternalhit/1.1",
    "Scrapy/2.11 (+https://scrapy.org)",
    "axios/1.6.2",
    "node-fetch/1.0",
    "Ruby",
    "PostmanRuntime/7.36",
    "Apache-HttpClient/4.5",
    "libwww-perl/6.7",
    "HTTPie/3.2",
    "Iframely/1.3.1",
    "Pinterest/0.2",
    "SkypeUriPreview",
    "W3C_Validator/1.3",
    "Uptime-Kuma/1.23",
    "Pingdom",
    "kube-probe/1.28",
    "ELB-HealthChecker/2.0",
    "",
)


@pytest.mark.parametrize(
    "headers",
    [*({"User-Agent": agent} for agent in ROBOTS), {"Sec-Purpose": "prefetch;prerender"}, {"Purpose": "prefetch"}],
    ids=str,
)
def test_robots_and_prefetching_browsers_are_no_readers(
    web: FlaskClient, session: Session, headers: dict[str, str]
) -> None:
    make_post(session, make_user(session))
    assert web.get("/blog/a-post", headers=headers).status_code == 200
    assert views(session) == 0


READERS = {
    "a telephone named Cubot": "Mozilla/5.0 (Linux; Android 9; CUBOT X19) AppleWebKit/537.36 Chrome/148.0 Mobile",
    "an old Opera": "Opera/9.80 (Windows NT 6.1) Presto/2.12.388 Version/12.18",
    "inside Pinterest": "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 [Pinterest/iOS]",
}


@pytest.mark.parametrize("agent", READERS.values(), ids=READERS.keys())
def test_people_are_no_robots(web: FlaskClient, session: Session, agent: str) -> None:
    make_post(session, make_user(session))
    web.get("/blog/a-post", headers={"User-Agent": agent})
    assert views(session) == 1


def test_a_head_request_and_a_draft_count_nothing(web: FlaskClient, session: Session) -> None:
    author = make_user(session)
    make_post(session, author)
    assert web.head("/blog/a-post").status_code == 200
    make_post(session, author, title="Draft", is_published=False)
    sign_in(web, author)
    web.get("/blog/draft")
    session.rollback()
    assert set(session.scalars(select(Post.views))) == {0}


@pytest.mark.both_databases
def test_of_many_readers_at_once_each_counts_and_one_asks_for_the_letters(app: Flask, session: Session) -> None:
    post = make_post(session, make_user(session))
    post.views = 90
    session.commit()

    def read(_: int) -> int:
        return app.test_client().get("/blog/a-post").status_code

    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(read, range(24))) == {200}
    assert views(session) == 114
    assert session.scalar(select(func.count()).select_from(AccountLetter)) == 2


def test_the_author_and_the_site_get_a_letter_at_a_hundred_views_and_never_again(
    smtp: SmtpServer, app: Flask, web: FlaskClient, session: Session
) -> None:
    author = make_user(session, email="anna@example.org", locale="ru")
    post = make_post(session, author, title="Весна")
    post.views, path = 98, f"/blog/{post.slug}"
    for browser in (web, app.test_client(), app.test_client()):
        session.commit()
        browser.get(path)
        with app.app_context():
            deliver_due(now=utcnow() + timedelta(seconds=1))
    smtp.wait_for(2)
    assert sorted(smtp.recipients()) == ["anna@example.org", "news@example.org"]
    assert all(b"/blog/vesna" in letter.raw for letter in smtp.letters)


def test_a_locked_database_costs_a_view_but_not_the_page(web: FlaskClient, session: Session, engine: Engine) -> None:
    make_post(session, make_user(session))
    session.commit()
    with writing(), engine.begin() as other:
        other.exec_driver_sql("SELECT 1")  # holds SQLite's one write lock
        assert web.get("/blog/a-post").status_code == 200
    assert views(session) == 0
    session.commit()
    web.get("/blog/a-post")
    assert views(session) == 1
