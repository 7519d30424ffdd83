"""What a page shows is never passed off as of now when the server could not be asked."""

from flask import Flask
from playwright.sync_api import Page, expect

from tests.auth.matrix import World
from tests.interface.eyes import Eyes
from tests.interface.pages import Seen, browser_of


def test_dates_that_could_not_be_reckoned_anew_say_so_until_they_are(app: Flask, world: World, look: Page) -> None:
    eyes = Eyes(look, browser_of(app, world, "owner"), themes=("dark", "light"))
    eyes.open(Seen("", "/mailings/create", ""))
    note = look.get_by_role("alert").filter(has_text="could not be brought up to date")
    look.context.set_offline(True)
    for rhythm in ("weekly", "monthly"):
        with look.expect_event("requestfailed"):
            look.locator(f"[name=frequency][value={rhythm}]").check(force=True)
        expect(note).to_have_count(1)
    look.context.set_offline(False)
    look.locator("[name=frequency][value=once]").check(force=True)
    expect(note).to_have_count(0)
