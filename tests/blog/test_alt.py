"""What the pictures inside a text show is said in the editor, by keyboard alone, and readers get it."""

from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from flask_babel import force_locale, gettext
from playwright.sync_api import Page, expect
from sqlalchemy import select
from sqlalchemy.orm import Session

from mailer.models import Post, User
from tests.blog.test_journey import enter, save
from tests.blog.writers import picture


def insert(page: Page, path: Path) -> None:
    """Put a picture where the cursor is."""
    n = page.locator(".ql-editor img").count()
    with page.expect_file_chooser() as chooser:
        page.locator("button.ql-image").click()
    chooser.value.set_files(path)
    expect(page.locator(".ql-editor img")).to_have_count(n + 1)


@pytest.mark.parametrize("locale", ["en", "ru"])
def test_a_picture_is_described_by_keyboard_and_readers_hear_it(
    app: Flask,
    web: FlaskClient,
    session: Session,
    author: User,
    page: Page,
    live_server: str,
    tmp_path: Path,
    locale: str,
) -> None:
    author.locale = locale
    session.commit()
    path = tmp_path / "inner.png"
    path.write_bytes(picture("PNG"))
    enter(page, web, live_server)
    page.goto("/blog/create")
    expect(page.locator(".editor-pictures")).to_be_hidden()
    page.fill("#title", "Alt")
    page.locator(".ql-editor").click()
    page.keyboard.type("Words")
    insert(page, path)
    page.locator(".ql-editor").focus()
    page.keyboard.press("Tab")
    with app.test_request_context(), force_locale(locale):
        label = gettext("What picture {n} shows, for those who cannot see it").replace("{n}", "1")
    field = page.get_by_label(label)
    expect(field).to_be_focused()
    page.keyboard.type('Red & "blue"')
    expect(field).to_be_focused()
    assert 'alt="Red &amp; &quot;blue&quot;"' in page.locator("#post-text").input_value()
    save(page)
    page.wait_for_url("**/blog/alt")
    expect(page.locator("main .post-content img")).to_have_attribute("alt", 'Red & "blue"')
    # changed later, the words are there, and what is not touched stays
    page.goto("/blog/alt/edit")
    expect(field).to_have_value('Red & "blue"')
    page.fill("#title", "Alt, again")
    save(page)
    page.wait_for_url("**/blog/alt")
    assert "Red &amp;" in session.scalars(select(Post.content)).one()


def test_each_picture_has_a_field_of_its_own_that_goes_with_it(
    web: FlaskClient, author: User, page: Page, live_server: str, tmp_path: Path
) -> None:
    path = tmp_path / "inner.png"
    path.write_bytes(picture("PNG"))
    enter(page, web, live_server)
    page.goto("/blog/create")
    page.locator(".ql-editor").click()
    insert(page, path)
    insert(page, path)
    fields = page.locator(".editor-picture input")
    expect(fields).to_have_count(2)
    page.get_by_label("What picture 2 shows").fill("second")
    assert fields.nth(0).input_value() == ""
    page.locator(".ql-editor").focus()
    page.keyboard.press("Control+Home")
    page.keyboard.press("Delete")
    expect(fields).to_have_count(1)
    expect(page.get_by_label("What picture 1 shows")).to_have_value("second")
    page.locator(".ql-editor").focus()
    page.keyboard.press("Control+a")
    page.keyboard.press("Delete")
    expect(page.locator(".editor-pictures")).to_be_hidden()


def test_the_tab_key_leads_out_of_the_text_also_from_a_list(
    web: FlaskClient, author: User, page: Page, live_server: str
) -> None:
    enter(page, web, live_server)
    page.goto("/blog/create")
    page.locator(".ql-editor").click()
    page.locator("button.ql-list[value=bullet]").click()
    page.keyboard.type("one")
    page.keyboard.press("Tab")
    expect(page.locator("#photo")).to_be_focused()
    page.keyboard.press("Shift+Tab")
    expect(page.locator(".ql-editor")).to_be_focused()
    page.keyboard.press("Shift+Tab")
    expect(page.locator(".ql-toolbar button").last).to_be_focused()
