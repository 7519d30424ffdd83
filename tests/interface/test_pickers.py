"""A list to pick from, open and with something found: for everybody, in both themes, on a phone."""

import pytest
from flask import Flask
from playwright.sync_api import Page

from tests.auth.matrix import World
from tests.interface.eyes import Eyes
from tests.interface.pages import Seen, browser_of

PICKERS = [("tags", "tags", "v"), ("clients", "picked", "c"), ("time_zone", "", "Mos")]


@pytest.mark.parametrize("themes", [("light", "dark"), ("dark", "light")], ids="-".join)
@pytest.mark.parametrize(("field", "audience", "typed"), PICKERS, ids=[one[0] for one in PICKERS])
def test_an_open_picker_is_for_everybody(
    app: Flask, world: World, look: Page, themes: tuple[str, str], field: str, audience: str, typed: str
) -> None:
    eyes = Eyes(look, browser_of(app, world, "owner"), themes=themes)
    page = Seen("mailings.create", "/mailings/create", "")
    eyes.open(page)
    if audience:
        look.locator(f"[name=audience][value={audience}]").press("Space")
    box = look.locator(f"#{field}-ts-control")
    box.focus()
    box.press_sequentially(typed)
    look.locator(".ts-dropdown:visible [role=option]").first.wait_for()
    assert eyes.judge(page) == []
    assert look.locator(".ts-dropdown:visible").count() == 1
