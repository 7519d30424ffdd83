"""What is too big or of a wrong kind is said beside its field before anything is sent, in a real browser."""

from pathlib import Path

import pytest
from flask.testing import FlaskClient
from playwright.sync_api import Page, expect
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from mailer.blueprints.clients.forms import MOST_PASTED
from mailer.models import Post, User
from mailer.services.photos import MOST_BYTES
from tests.blog.test_journey import enter, save
from tests.blog.writers import make_post, picture


@pytest.fixture
def sent(page: Page) -> list[str]:
    """The addresses that forms were posted to."""
    seen: list[str] = []
    page.on("request", lambda request: seen.append(request.url) if request.method == "POST" else None)
    return seen


@pytest.mark.parametrize(
    ("name", "content", "sentence"),
    [
        ("big.jpg", picture() + b"\0" * MOST_BYTES, "larger than 10 MB"),
        ("letter.pdf", b"%PDF-1.7", "not a picture that can be used"),
    ],
    ids=["too big", "not a picture"],
)
def test_a_photo_is_judged_when_it_is_chosen_and_nothing_is_sent(
    web: FlaskClient,
    session: Session,
    author: User,
    page: Page,
    live_server: str,
    tmp_path: Path,
    sent: list[str],
    name: str,
    content: bytes,
    sentence: str,
) -> None:
    chosen, fine = tmp_path / name, tmp_path / "fine.jpg"
    chosen.write_bytes(content)
    fine.write_bytes(picture())
    enter(page, web, live_server)
    page.goto("/blog/create")
    page.fill("#title", "Kept")
    page.locator(".ql-editor").click()
    page.keyboard.type("Words")
    page.set_input_files("#photo", chosen)
    expect(page.locator("#photo-error")).to_contain_text(sentence)
    expect(page.locator("#photo")).to_have_attribute("aria-invalid", "true")
    assert "photo-error" in (page.locator("#photo").get_attribute("aria-describedby") or "")
    save(page)
    expect(page.locator("#photo")).to_be_focused()
    assert sent == []
    page.set_input_files("#photo", fine)
    expect(page.locator("#photo-error")).to_have_count(0)
    assert page.locator("#photo").get_attribute("aria-describedby") == "photo-help"
    save(page)
    page.wait_for_url("**/blog/kept")
    assert session.scalar(select(func.count()).select_from(Post)) == 1


def test_a_text_that_is_too_big_is_not_sent(
    web: FlaskClient, author: User, page: Page, live_server: str, sent: list[str]
) -> None:
    enter(page, web, live_server)
    page.goto("/blog/create")
    page.evaluate("document.querySelector('#post-text').value = 'a'.repeat(16_000_001)")
    save(page)
    expect(page.locator("#post-text-error")).to_contain_text("larger than 16 MB together")
    expect(page.locator(".ql-editor")).to_be_focused()
    assert sent == []


def test_a_double_click_sends_a_changed_post_once(
    web: FlaskClient, session: Session, author: User, page: Page, live_server: str
) -> None:
    make_post(session, author)
    session.commit()
    enter(page, web, live_server)
    page.goto("/blog/a-post/edit")
    page.fill("#title", "Clicked twice")
    button = page.locator("form.post-form button.btn-primary")
    click = "new MouseEvent('click', {detail: nth, bubbles: true, cancelable: true})"
    assert button.evaluate(f"(button) => [1, 2].map((nth) => button.dispatchEvent({click}))") == [True, False]
    page.wait_for_url("**/blog/a-post")
    expect(page.locator("h1")).to_contain_text("Clicked twice")


def test_an_import_that_is_too_big_is_not_sent(
    web: FlaskClient, author: User, page: Page, live_server: str, sent: list[str]
) -> None:
    enter(page, web, live_server)
    page.goto("/clients/import")
    page.evaluate(f"document.querySelector('#text').value = 'a'.repeat({MOST_PASTED + 1})")
    page.set_input_files("#file", [{"name": "x.docx", "mimeType": "application/msword", "buffer": b"x"}])
    expect(page.locator("#file-error")).to_contain_text("Choose a CSV")
    page.locator("form button.btn-primary").click()
    expect(page.locator("#text-error")).to_contain_text("longer than 5 million")
    assert sent == []
