"""Each role walks through its rooms in a real browser, under the site's own content policy, in both languages."""

from collections.abc import Callable

import pytest
from flask.testing import FlaskClient
from playwright.sync_api import Page, expect
from sqlalchemy.orm import Session

from mailer.models import HeldReason, User
from tests.admin.conftest import World
from tests.support.people import sign_in

Enter = Callable[[User], None]


@pytest.fixture
def enter(page: Page, web: FlaskClient, session: Session, live_server: str) -> Enter:
    """`enter(person)`: the browser has a session of this person."""

    def with_session(person: User) -> None:
        sign_in(web, person)
        cookie = web.get_cookie("mailer_session")
        assert cookie is not None
        page.context.add_cookies([{"name": cookie.key, "value": cookie.value, "url": live_server}])

    return with_session


def rooms(page: Page) -> list[str]:
    """The rooms that the panel offers."""
    return [text.strip() for text in page.locator(".rooms a").all_inner_texts()]


def test_a_moderator_of_mail_walks_through_the_panel(
    page: Page, session: Session, enter: Enter, moderator: User, world: World
) -> None:
    world.run.held_reason, world.run.held_at = HeldReason.BRAKE, world.run.opened_at
    title = world.mailing.title
    enter(moderator)
    page.goto("/admin/")
    assert rooms(page) == ["Dashboard", "Accounts", "Mailings", "Messages", "Log"]
    page.get_by_role("link", name="Let it go on").click()
    page.get_by_label("Reason").fill("Cleaned")
    page.get_by_role("button", name="Let it go on").click()
    expect(page.locator(".flash")).to_contain_text("The run goes on")
    page.get_by_role("link", name="Switch off").click()
    page.get_by_label("Reason").fill("Complaints")
    page.get_by_role("button", name="Switch off").click()
    expect(page.locator("main")).to_contain_text("Complaints")
    page.locator(".rooms").get_by_role("link", name="Log").click()
    page.get_by_label("Outcome").select_option("refused")
    page.get_by_role("button", name="Find").click()
    expect(page.locator("tbody tr")).to_have_count(1)
    page.get_by_role("link", name=title).click()
    expect(page.frame_locator("iframe.letter-frame").locator("body")).to_contain_text("Hello")


def test_many_are_blocked_by_boxes_and_one_page_that_asks(
    page: Page, session: Session, enter: Enter, moderator: User, world: World
) -> None:
    enter(moderator)
    page.goto("/admin/users/")
    page.get_by_label("Choose owner@example.org").check()
    page.get_by_role("button", name="Block", exact=True).click()
    expect(page.locator(".judged")).to_contain_text("owner@example.org")
    page.get_by_label("Reason").fill("Spam")
    page.get_by_role("button", name="Block").click()
    page.locator(".rooms").get_by_role("link", name="Accounts").click()
    page.get_by_label("State").select_option("blocked")
    page.get_by_role("button", name="Find").click()
    expect(page.locator("main")).to_contain_text("owner@example.org")
    session.expire_all()
    assert world.owner.blocked_reason == "Spam"


def test_a_moderator_of_the_blog_finds_posts_only(
    page: Page, session: Session, enter: Enter, blogger: User, world: World
) -> None:
    enter(blogger)
    page.goto("/admin/")
    assert rooms(page) == ["Blog posts"]
    page.get_by_role("checkbox").first.check()
    page.get_by_role("button", name="Publish").click()
    page.get_by_label("Reason").fill("Good")
    page.get_by_role("button", name="Publish").click()
    expect(page.locator("tbody")).to_contain_text("Published")
    page.get_by_role("link", name="Edit").click()
    expect(page.locator("form.post-form")).to_be_visible()


def test_each_role_runs_against_the_same_wall(
    page: Page, session: Session, enter: Enter, moderator: User, blogger: User, admin: User, world: World
) -> None:
    walls = {
        moderator: ("posts/", "staff/", "audit/", f"users/{admin.id}", f"users/block?id={admin.id}"),
        blogger: ("users/", "mailings/", "log/", "staff/", f"mailings/{world.mailing.id}"),
        world.owner: ("", "users/", "posts/", "staff/", f"users/{world.owner.id}"),
    }
    walls[admin] = (f"users/block?id={admin.id}", f"users/block?id={moderator.id}", "users/edit/?id=1")
    for person, paths in walls.items():
        enter(person)
        for path in ("users/987654", *paths):
            answer = page.goto(f"/admin/{path}")
            assert answer is not None
            assert answer.status == 404, path
            expect(page.locator(".judged, .table-card")).to_have_count(0)


@pytest.mark.parametrize("locale", ["en", "ru"])
def test_an_administrator_visits_every_room_on_a_phone(
    page: Page, session: Session, enter: Enter, admin: User, world: World, locale: str
) -> None:
    admin.locale = locale
    enter(admin)
    page.set_viewport_size({"width": 390, "height": 800})
    page.goto("/admin/")
    links = page.locator(".rooms a").evaluate_all("all => all.map(one => one.getAttribute('href'))")
    assert len(links) == 9
    for link in [*links, f"/admin/users/{world.owner.id}", f"/admin/mailings/{world.mailing.id}", "/admin/staff/give"]:
        session.commit()
        answer = page.goto(link)
        assert answer is not None
        assert answer.status == 200, link
        expect(page.locator("html")).to_have_attribute("lang", locale)
        wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        assert wide == 0, link
