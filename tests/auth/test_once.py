"""A sign-up button pressed twice is one sign-up, in a real browser."""

from flask import Flask
from playwright.sync_api import Page
from sqlalchemy import select
from sqlalchemy.orm import Session

from mailer.models import User
from mailer.services.passwords import NO_PASSWORD
from tests.auth.mailbox import collect


def test_a_button_pressed_twice_signs_up_once(app: Flask, session: Session, page: Page, live_server: str) -> None:
    sent: list[str] = []
    page.on("request", lambda request: sent.append(request.url) if request.method == "POST" else None)
    page.goto("/auth/register")
    page.fill("#email", "anna@example.org")
    for field in ("#password", "#password2"):
        page.fill(field, "correct horse")
    page.locator("form[data-once] button[type=submit]").dblclick()
    page.wait_for_url("**/auth/sent")
    assert len(sent) == 1
    assert session.scalars(select(User.password_hash)).one() != NO_PASSWORD
    session.rollback()
    assert [letter["Subject"] for letter in collect(app)] == ["Confirm your address · Mailer"]
    page.go_back()
    page.fill("#email", "")
    page.locator("form[data-once] button[type=submit]").click()
    page.locator("[data-error-summary]").wait_for()
    assert len(sent) == 2
