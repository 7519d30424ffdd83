"""Recipients picked in a real browser, among more than its list holds: who is picked is who was searched for."""

import pytest
from flask.testing import FlaskClient
from playwright.sync_api import Locator, Page, Route, expect
from sqlalchemy import select
from sqlalchemy.orm import Session

from mailer.models import Mailing, User
from tests.support.world import make_client, make_message

MANY = 260


@pytest.fixture
def field(page: Page, session: Session, web: FlaskClient, owner: User, live_server: str) -> Locator:
    """The open picker of a new mailing, which offers the first clients already."""
    for n in range(MANY):
        make_client(session, owner, email=f"reader{n:04}@example.org", full_name="")
    make_message(session, owner)
    session.commit()
    cookie = web.get_cookie("mailer_session")
    assert cookie
    page.context.add_cookies([{"name": cookie.key, "value": cookie.value, "url": live_server}])
    page.goto("/mailings/create")
    page.locator("[name=audience][value=picked]").check(force=True)
    typing = page.locator("#clients-ts-control")
    typing.click()
    expect(options(page).first).to_have_text("reader0259@example.org")
    return typing


def options(page: Page) -> Locator:
    return page.locator("#clients + .ts-wrapper .option")


def picked(page: Page) -> Locator:
    return page.locator("#clients + .ts-wrapper .item")


def test_who_is_searched_for_is_who_is_picked_and_saved(page: Page, session: Session, field: Locator) -> None:
    field.press_sequentially("reader0042@")
    expect(options(page)).to_have_text(["reader0042@example.org"])
    field.press("Enter")
    expect(picked(page)).to_contain_text(["reader0042@example.org"])
    expect(field).to_have_value("")
    expect(options(page).nth(2)).to_have_text("reader0257@example.org")
    field.press_sequentially("nobody is called so")
    expect(page.locator("#clients + .ts-wrapper .no-results")).to_have_text("Nothing found")
    expect(options(page)).to_have_count(0)
    field.fill("reader0007")
    expect(options(page)).to_have_text(["reader0007@example.org"])
    field.press("Enter")
    expect(picked(page)).to_contain_text(["reader0042@example.org", "reader0007@example.org"])
    page.locator("[name=title]").fill("For two")
    page.locator("select[name=message]").select_option(index=1)
    page.locator("[name=starts_at]").fill("2099-01-05T09:00")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("For two")
    mailing = session.scalars(select(Mailing)).one()
    assert sorted(one.email for one in mailing.picked) == ["reader0007@example.org", "reader0042@example.org"]


def hold(page: Page, query: str) -> list[Route]:
    """Keep the answers to this question back; whoever holds them lets them go."""
    held: list[Route] = []

    def keep(route: Route) -> None:
        held.append(route)

    page.route(lambda url: url.endswith(f"search?q={query}"), keep)
    return held


def test_enter_picks_nobody_while_the_answer_is_on_its_way(page: Page, field: Locator) -> None:
    held = hold(page, "reader0020")
    with page.expect_request("**/search?q=reader0020"):
        field.fill("reader0020")
        field.press("Enter")  # before the question is even asked
    field.press("Enter")
    expect(picked(page)).to_have_count(0)
    held[0].continue_()
    expect(options(page)).to_have_text(["reader0020@example.org"])
    field.press("Enter")
    expect(picked(page)).to_contain_text(["reader0020@example.org"])


def test_an_answer_that_comes_after_the_next_question_is_dropped(page: Page, field: Locator) -> None:
    hold(page, "reader0020")
    with page.expect_request("**/search?q=reader0020"):
        field.fill("reader0020")
    field.fill("reader0021")
    expect(options(page)).to_have_text(["reader0021@example.org"])
    page.unroute_all()
    field.fill("reader0020")
    expect(options(page)).to_have_text(["reader0020@example.org"])  # asked anew
    field.fill("reader0021")
    expect(options(page)).to_have_text(["reader0021@example.org"])
    field.press("Enter")
    expect(picked(page)).to_contain_text(["reader0021@example.org"])
