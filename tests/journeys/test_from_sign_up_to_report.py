"""A stranger signs up, keeps clients, writes, plans, and reads a report that adds up. Nothing is stood in for:
a browser, a plain `huey_consumer` with default options, a mail server that refuses one client and defers another.
In both languages, from the first page on.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from flask import Flask
from flask_babel import force_locale, gettext
from playwright.sync_api import Page, expect
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from mailer.models import Attempt, Run
from mailer.orm import reading
from tests.engine.processes import start_consumer
from tests.support.processes import wait_until
from tests.support.smtp_server import SmtpServer

PASSWORD = "a long walk by the river"
CLIENTS = "\n".join(f"client{n}@example.org, Client {n}, news" for n in range(1, 8))


@pytest.fixture
def consumer(app: Flask, tmp_path: Path) -> Iterator[Callable[[], None]]:
    """Starts the consumer when the test asks; ends it gently."""
    running = []

    def start() -> None:
        running.append(start_consumer(app, tmp_path / "consumer.log"))

    yield start
    for process in running:
        process.terminate()
        process.wait(40)


@dataclass(frozen=True, slots=True)
class Tongue:
    """The language that its reader chooses on the first page."""

    app: Flask
    locale: str

    def word(self, english: str) -> str:
        """What the pages call it."""
        with self.app.test_request_context(), force_locale(self.locale):
            return gettext(english)


@pytest.fixture(params=["en", "ru"])
def tongue(request: pytest.FixtureRequest, app: Flask) -> Tongue:
    """The reader's language."""
    return Tongue(app, request.param)


def link_in(smtp: SmtpServer, path: str) -> str:
    """The first link of the newest letter that leads to `path`."""
    text = smtp.letters[-1].raw.replace(b"=\r\n", b"").replace(b"=3D", b"=").decode()
    found = re.search(rf"http://[^\s\"<>]+{path}[^\s\"<>]*", text)
    assert found, text
    return found[0]


def rows_of_the_log(session: Session) -> int:
    """Counted without keeping the consumer from writing."""
    with reading():
        found = session.scalar(select(func.count()).select_from(Attempt)) or 0
        session.rollback()
    return found


def sign_up(page: Page, smtp: SmtpServer, tongue: Tongue) -> None:
    page.goto("/auth/register")
    if tongue.locale != "en":  # which this browser asks for
        page.locator(f"form[action='/language'] [value={tongue.locale}]").click()
    expect(page.locator("html")).to_have_attribute("lang", tongue.locale)
    page.get_by_label(tongue.word("E-mail"), exact=True).fill("olga@example.org")
    page.locator("[name=password]").fill(PASSWORD)
    page.locator("[name=password2]").fill(PASSWORD)
    page.locator("main button[type=submit]").first.click()
    smtp.wait_for(1, timeout_s=60)
    page.goto(link_in(smtp, "/auth/confirm/"))
    page.locator("main button[type=submit]").first.click()
    page.goto("/auth/login")
    page.locator("[name=login]").fill("olga@example.org")
    page.locator("[name=password]").fill(PASSWORD)
    page.locator("main button[type=submit]").first.click()
    expect(page.get_by_text("olga@example.org").first).to_be_attached()
    expect(page.locator("html")).to_have_attribute("lang", tongue.locale)


def keep_clients(page: Page, tongue: Tongue) -> None:
    page.goto("/clients/import")
    page.locator("textarea[name=text]").fill(CLIENTS)
    page.get_by_role("button", name=tongue.word("Import")).click()
    expect(page.locator(".stat-value").first).to_have_text("7")


def write_message(page: Page, tongue: Tongue) -> None:
    page.goto("/messages/create")
    page.locator("[name=subject]").fill("News for {{ name | friend }}")
    page.locator("textarea[name=text]").fill("Hello, {{ name }}!")
    page.get_by_role("button", name=tongue.word("Save")).click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("News for")


def plan_mailing(page: Page, tongue: Tongue) -> None:
    page.goto("/mailings/create")
    page.locator("[name=title]").fill("Weekly news")
    page.locator("select[name=message]").select_option(index=1)
    page.locator("[name=starts_at]").fill("2026-01-05T09:00")
    # by its label, which is waited for: the page moves while the next dates arrive
    weekly = page.locator("[name=frequency][value=weekly]")
    page.locator(f"label[for={weekly.get_attribute('id')}]").click()
    expect(weekly).to_be_checked()
    page.get_by_role("button", name=tongue.word("Save")).click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Weekly news")


def test_a_stranger_becomes_a_sender_on_sqlite(
    smtp: SmtpServer, page: Page, tongue: Tongue, consumer: Callable[[], None], session: Session
) -> None:
    from_sign_up_to_report(smtp, page, tongue, consumer, session)


@pytest.mark.parametrize("tongue", ["ru"], indirect=True)
@pytest.mark.parametrize("database_url", ["postgres"], indirect=True)
def test_a_stranger_becomes_a_sender_on_postgresql_and_redis(
    redis_url: str, smtp: SmtpServer, page: Page, tongue: Tongue, consumer: Callable[[], None], session: Session
) -> None:
    from_sign_up_to_report(smtp, page, tongue, consumer, session)


def from_sign_up_to_report(
    smtp: SmtpServer, page: Page, tongue: Tongue, consumer: Callable[[], None], session: Session
) -> None:
    """The journey; the numbers are read from the pages and counted again from the log's rows."""
    smtp.add("rcpt", "client3@example.org", code=550, text="5.1.1 no such mailbox")
    smtp.add("rcpt", "client5@example.org", code=451, text="4.7.1 come back later")
    consumer()
    sign_up(page, smtp, tongue)
    keep_clients(page, tongue)
    write_message(page, tongue)
    plan_mailing(page, tongue)
    smtp.wait_for(1 + 5, timeout_s=60)
    wait_until(lambda: rows_of_the_log(session) == 7, what="seven rows in the log")
    run = session.scalars(select(Run)).one()
    session.commit()  # and let go of the file
    assert (run.total, run.accepted, run.refused, run.deferred) == (7, 5, 1, 1)
    page.goto(f"/reports/runs/{run.id}")
    expect(page.locator("main")).to_contain_text("no such mailbox")
    page.goto("/reports/attempts?outcome=refused")
    expect(page.locator("tbody tr").filter(has_text="client3@example.org")).to_contain_text("no such mailbox")
    page.goto("/reports/attempts?outcome=deferred")
    expect(page.locator("tbody tr").filter(has_text="client5@example.org")).to_contain_text("come back later")
    sent = [f"client{n}@example.org" for n in (1, 2, 4, 6, 7)]
    assert sorted(smtp.recipients()) == [*sent, "olga@example.org"]


def test_a_recipient_unsubscribes_with_one_click_and_gets_nothing_more(
    smtp: SmtpServer, page: Page, tongue: Tongue, consumer: Callable[[], None]
) -> None:
    consumer()
    sign_up(page, smtp, tongue)
    keep_clients(page, tongue)
    write_message(page, tongue)
    plan_mailing(page, tongue)
    smtp.wait_for(1 + 7, timeout_s=60)
    leaving = smtp.letters[-1].recipient
    reader = page.context.browser.new_context(locale=tongue.locale)  # type: ignore[union-attr]
    letter = reader.new_page()
    letter.goto(link_in(smtp, "/unsubscribe/"))
    letter.get_by_role("button", name=tongue.word("Unsubscribe")).click()
    assert not reader.cookies()
    reader.close()
    page.goto("/suppressions/")
    expect(page.locator("tbody")).to_contain_text(leaving)
