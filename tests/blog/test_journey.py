"""A post's life in a real browser: written with pictures, published, read, edited, deleted."""

from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from playwright.sync_api import Browser, Page, expect
from sqlalchemy import select
from sqlalchemy.orm import Session

from mailer.models import Post
from tests.blog.writers import make_moderator, picture
from tests.support.people import sign_in


def enter(page: Page, web: FlaskClient, address: str) -> None:
    """Give the browser the session of `web`."""
    cookie = web.get_cookie("mailer_session")
    assert cookie is not None
    page.context.add_cookies([{"name": cookie.key, "value": cookie.value, "url": address}])


def save(page: Page) -> None:
    page.locator("form.post-form button.btn-primary").click()


@pytest.mark.parametrize("locale", ["en", "ru"])
def test_a_post_is_written_published_read_edited_and_deleted(
    app: Flask,
    web: FlaskClient,
    session: Session,
    page: Page,
    browser: Browser,
    live_server: str,
    tmp_path: Path,
    locale: str,
) -> None:
    moderator = make_moderator(session)
    moderator.locale = locale
    sign_in(web, moderator)
    enter(page, web, live_server)
    cover, inner = tmp_path / "cover.jpg", tmp_path / "inner.png"
    cover.write_bytes(picture("JPEG", (900, 600)))
    inner.write_bytes(picture("PNG", (200, 100)))

    page.goto("/blog/create")
    assert page.locator("html").get_attribute("lang") == locale
    page.fill("#title", "Весенние письма")
    page.locator(".ql-editor").click()
    page.keyboard.type("Письма, которые читают.")
    with page.expect_file_chooser() as chooser:
        page.locator("button.ql-image").click()
    chooser.value.set_files(inner)
    expect(page.locator(".ql-editor img")).to_have_count(1)
    page.set_input_files("#photo", cover)
    page.fill("#photo_alt", "Красное и синее")
    page.check("#is_published")
    save(page)
    page.wait_for_url("**/blog/vesennie-pisma")

    with browser.new_page(base_url=live_server) as visitor:
        visitor.goto("/blog/")
        visitor.get_by_role("link", name="Весенние письма").click()
        expect(visitor.locator(".post-content")).to_contain_text("которые читают")
        shown = visitor.locator("main img")
        expect(shown).to_have_count(2)
        for place in range(2):
            shown.nth(place).scroll_into_view_if_needed()
            visitor.wait_for_function(
                "place => document.querySelectorAll('main img')[place].naturalWidth > 0", arg=place
            )

    page.goto("/blog/vesennie-pisma/edit")
    page.fill("#title", "Летние письма")
    page.locator(".ql-editor").click()
    page.keyboard.press("Control+End")
    page.keyboard.type(" И отвечают.")
    page.check("#drop_photo")
    save(page)
    page.wait_for_url("**/blog/vesennie-pisma")
    expect(page.locator("h1")).to_contain_text("Летние письма")
    expect(page.locator(".post-content")).to_contain_text("И отвечают")
    expect(page.locator("main img")).to_have_count(1)

    page.locator('.actions a[href$="/delete"]').click()
    page.locator("[data-confirm-card] button.btn-danger").click()
    page.wait_for_url("**/blog/mine")
    assert session.scalars(select(Post)).first() is None
    assert not list(app.config["MAILER"].media_dir.iterdir())
