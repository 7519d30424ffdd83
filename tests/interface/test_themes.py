"""The theme of a reader without scripts is their system's."""

import pytest
from flask import Flask
from playwright.sync_api import Browser

from tests.auth.matrix import World
from tests.interface.eyes import Eyes
from tests.interface.pages import Seen, browser_of

GROUND = "getComputedStyle(document.body).backgroundColor"
COLOUR_OF = {"light": "rgb(245, 243, 236)", "dark": "rgb(13, 19, 21)"}


@pytest.mark.parametrize("system", ["light", "dark"])
def test_a_page_without_scripts_has_the_system_s_colours(
    app: Flask, world: World, browser: Browser, live_server: str, system: str
) -> None:
    context = browser.new_context(base_url=live_server, java_script_enabled=False)
    bare = context.new_page()
    Eyes(bare, browser_of(app, world, "owner"), themes=(system, system)).open(Seen("", "/mailings/create", ""))
    assert bare.evaluate(GROUND) == COLOUR_OF[system]
    context.close()
