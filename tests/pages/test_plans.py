"""What the form of a mailing tells while it is filled in: how many are meant, which days, what else goes out then."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from playwright.sync_api import Page, expect
from sqlalchemy import Engine, event
from sqlalchemy.orm import Session

from mailer.models import User
from mailer.services import audiences
from tests.pages.test_mailings import plan
from tests.support.people import post, sign_in
from tests.support.world import (
    make_client,
    make_clients,
    make_mailing,
    make_message,
    make_suppression,
    make_tag,
    make_user,
)

YEAR = datetime.now(UTC).year + 1  # the plans of these tests lie in a year to come, so that no day is past


def said(web: FlaskClient, **fields: Any) -> str:
    """The fragment's words, without its marks."""
    answer = post(web, "/mailings/audience", fields)
    assert answer.status_code == 200
    return " ".join(re.sub(r"<[^>]+>", " ", answer.get_data(as_text=True)).split())


def test_the_number_of_recipients_follows_the_choice(web: FlaskClient, session: Session, owner: User) -> None:
    vip, news = make_tag(session, owner, "vip"), make_tag(session, owner, "news")
    first = make_client(session, owner, tags=[vip, news])
    second, _third = make_client(session, owner, tags=[news]), make_client(session, owner)
    assert said(web, audience="all") == "3 clients"
    assert said(web, audience="tags", tags=[vip.id]) == "1 client"
    assert said(web, audience="tags", tags=[vip.id, news.id]) == "2 clients"
    assert said(web, audience="tags") == "Nobody yet"
    assert said(web, audience="picked", clients=[first.id, second.id], tags=[vip.id]) == "2 clients"
    assert said(web, audience="picked") == "Nobody yet"


def test_those_on_the_stop_list_are_told_of(web: FlaskClient, session: Session, owner: User) -> None:
    tag = make_tag(session, owner)
    stopped, other = make_client(session, owner, tags=[tag]), make_client(session, owner)
    make_suppression(session, owner, stopped.email)
    make_suppression(session, owner, "never-a-client@example.org")
    tail = "1 of them is on the suppression list and gets nothing."
    assert said(web, audience="all") == f"2 clients {tail}"
    assert said(web, audience="tags", tags=[tag.id]) == f"1 client {tail}"
    assert said(web, audience="picked", clients=[stopped.id, other.id]) == f"2 clients {tail}"
    assert said(web, audience="picked", clients=[other.id]) == "1 client"


def test_a_stranger_s_things_count_as_nobody(web: FlaskClient, session: Session, owner: User, stranger: User) -> None:
    tag = make_tag(session, stranger)
    theirs = make_client(session, stranger, tags=[tag])
    assert said(web, audience="tags", tags=[tag.id]) == "Nobody yet"
    assert said(web, audience="picked", clients=[theirs.id]) == "Nobody yet"
    assert said(web, audience="everybody", clients="x", tags="-1") == "Nobody yet"


def test_what_would_take_long_is_told_as_a_range(
    session: Session, owner: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(audiences, "MOST_SORTED", 5)
    monkeypatch.setattr(audiences, "MOST_SUPPRESSIONS", 1)
    small, large = make_tag(session, owner), make_tag(session, owner)
    make_clients(session, owner, 2, tags=[small, large])
    make_clients(session, owner, 4, tags=[large])
    for n in range(2):
        make_suppression(session, owner, f"gone{n}@example.org")
    choice = audiences.Choice(audiences.Audience.TAGS, [small.id, large.id])
    assert audiences.reach(session, owner.id, choice) == audiences.Reach(6, 6, None)  # never more than there are
    make_clients(session, owner, 9)
    found = audiences.reach(session, owner.id, choice)
    assert (found.least, found.most, found.is_exact) == (6, 8, False)


def test_counting_holds_no_write_lock(
    app: Flask, engine: Engine, web: FlaskClient, session: Session, owner: User
) -> None:
    make_client(session, owner)
    session.commit()
    seen: list[str] = []
    event.listen(engine, "before_cursor_execute", lambda _c, _cur, statement, *_rest: seen.append(statement))
    assert said(web, audience="all") == "1 client"
    begins = [statement for statement in seen if statement.startswith("BEGIN")]
    counts = next(n for n, statement in enumerate(seen) if "count(" in statement)
    assert begins[-1] == "BEGIN"
    assert seen.index("BEGIN") < counts


def test_the_months_ahead_mark_each_day_once(web: FlaskClient, session: Session, owner: User) -> None:
    message = make_message(session, owner)
    answer = post(web, "/mailings/create", plan(message.id, starts_at=f"{YEAR}-03-31T09:00", frequency="monthly"))
    page = web.get(answer.location).get_data(as_text=True)
    assert re.findall(r"<caption>(.*?)</caption>", page) == [f"March {YEAR}", f"April {YEAR}", f"May {YEAR}"]
    assert re.findall(r'class="is-due"[^>]*><span>(\d+)', page) == ["31", "30", "31"]


def test_the_dates_need_only_the_schedule(web: FlaskClient, session: Session, owner: User) -> None:
    fields = plan(0, title="", show_dates="1", starts_at=f"{YEAR}-03-02T09:00")
    page = post(web, "/mailings/create", fields).get_data(as_text=True)
    assert f"<caption>March {YEAR}</caption>" in page
    broken = post(web, "/mailings/create", plan(0, show_dates="1", interval="0")).get_data(as_text=True)
    assert "<caption>" not in broken
    assert "when the schedule is complete" in broken


def test_a_day_with_another_mailing_is_warned_of(
    web: FlaskClient, session: Session, owner: User, stranger: User
) -> None:
    start = datetime(YEAR, 3, 2, 9, 0)
    make_mailing(session, owner, title="Weekly digest", starts_at=start, frequency="weekly")
    make_mailing(session, owner, title="Sleeping", starts_at=start, next_run_at=None)
    make_mailing(session, owner, title="Only in April", starts_at=start + timedelta(days=31), frequency="once")
    make_mailing(session, stranger, title="Not mine", starts_at=start)
    fields = plan(0, show_dates="1", starts_at=f"{YEAR}-03-02T21:00", ends_at=f"{YEAR}-03-12T21:00", frequency="daily")
    page = post(web, "/mailings/create", fields | {"time_zone": "UTC"}).get_data(as_text=True)
    assert "other mailings of yours go out too" in page
    assert f"on 2 of these days, first on 2 Mar {YEAR}" in page
    assert page.count("is-due has-others") == 2
    assert not [title for title in ("Sleeping", "Only in April", "Not mine") if title in page]


def test_a_mailing_is_no_clash_with_itself(web: FlaskClient, session: Session, owner: User) -> None:
    mailing = make_mailing(session, owner, starts_at=datetime(YEAR, 3, 2, 9, 0))
    for path in ("", "/edit"):
        page = web.get(f"/mailings/{mailing.id}{path}").get_data(as_text=True)
        assert "<caption>" in page
        assert "go out too" not in page


def test_the_number_and_the_months_change_while_choosing(page: Page, app: Flask, session: Session) -> None:
    owner = make_user(session)
    tag = make_tag(session, owner, "vip")
    make_client(session, owner, tags=[tag])
    make_clients(session, owner, 4)
    web = app.test_client()
    sign_in(web, owner)
    cookie = web.get_cookie("mailer_session")
    assert cookie
    page.context.add_cookies([{"name": cookie.key, "value": cookie.value, "domain": "127.0.0.1", "path": "/"}])
    page.goto("/mailings/create")
    expect(page.locator(".reach")).to_have_text("5 clients")
    page.locator("[name=audience][value=tags]").check(force=True)
    expect(page.locator(".reach")).to_have_text("Nobody yet")
    page.locator(".when-tags input").click()
    page.locator(".ts-dropdown .option").first.click()
    expect(page.locator(".reach")).to_have_text("1 client")
    page.locator("[name=starts_at]").fill(f"{YEAR}-03-02T09:00")
    page.locator("[name=frequency][value=once]").check(force=True)
    expect(page.locator(".month caption")).to_have_text([f"March {YEAR}"])
    expect(page.locator(".is-due")).to_have_count(1)
