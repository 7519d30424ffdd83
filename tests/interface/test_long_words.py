"""One word of 255 letters, as long as a subject may be, makes no page wider than its window."""

import pytest
from flask import Flask
from playwright.sync_api import Page
from sqlalchemy.orm import Session

from mailer.models import Mailing
from tests.auth.matrix import World
from tests.interface.eyes import OVERFLOW, PHONE, Eyes
from tests.interface.pages import Seen, browser_of

WORD = "Щ" * 255
PAGES = {
    "owner": ("/mailings/{}", "/mailings/", "/mailings/create", "/messages/"),
    "admin": ("/admin/mailings/{}", "/admin/mailings/", "/admin/messages/"),
}


@pytest.mark.parametrize("person", PAGES)
def test_a_long_word_breaks(app: Flask, world: World, session: Session, look: Page, person: str) -> None:
    mailing = session.get_one(Mailing, world.values["mailing_id"])
    mailing.title, mailing.message.subject = WORD[:100], WORD
    session.commit()
    eyes, wrong = Eyes(look, browser_of(app, world, person), themes=("dark", "light")), []
    look.set_viewport_size(PHONE)  # type: ignore[arg-type]
    for path in PAGES[person]:
        eyes.open(Seen("", path.format(mailing.id), ""))
        assert WORD in look.content()
        wrong += [f"{path} {one}" for one in look.evaluate(OVERFLOW)]
    assert wrong == []
