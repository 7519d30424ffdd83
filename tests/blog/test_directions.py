"""Right-to-left words among left-to-right ones: each title and paragraph stands at the side where it begins."""

import pytest
from playwright.sync_api import Page
from sqlalchemy.orm import Session

from tests.blog.writers import make_post
from tests.support.world import make_user

ARABIC = "مرحبا بالعالم"
TEXT = f"<p>{ARABIC}، 3 رسائل.</p><p>Plain words.</p><p class='ql-align-center'>Middle</p><ul><li>{ARABIC}</li></ul>"
# how far the words stand from the left and from the right of their element
SIDES = """element => {
  const words = document.createRange();
  words.selectNodeContents(element);
  const [inner, outer] = [words.getBoundingClientRect(), element.getBoundingClientRect()];
  return [inner.left - outer.left, outer.right - inner.right];
}"""


def side(page: Page, selector: str) -> str:
    left, right = page.locator(selector).first.evaluate(SIDES)
    return "middle" if abs(left - right) < 2 else "left" if left < right else "right"


@pytest.mark.parametrize("title", [ARABIC, "Plain"])
def test_words_begin_at_their_own_side(page: Page, live_server: str, session: Session, title: str) -> None:
    post = make_post(session, make_user(session), title=title, content=TEXT)
    path = f"/blog/{post.slug}"
    session.commit()
    page.goto(live_server + path)
    sides = [side(page, f".post-content > :nth-child({n})") for n in (1, 2, 3)]
    assert sides == ["right", "left", "middle"]
    assert side(page, ".post-content li") == "right"
    assert page.locator("h1 bdi").inner_text() == title
    page.goto(f"{live_server}/blog/")
    own = "right" if title == ARABIC else "left"
    assert [side(page, ".post-card-title"), side(page, ".post-card-text")] == [own, "right"]
