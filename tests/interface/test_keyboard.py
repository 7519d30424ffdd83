"""By the keyboard alone, on a phone, where bars stand above and below: what has the focus is in sight and marked."""

from flask import Flask
from playwright.sync_api import Page, expect

from tests.auth.matrix import World
from tests.interface.eyes import PHONE, Eyes
from tests.interface.pages import Seen, browser_of

MOST_STOPS = 40
WHERE = """() => {
  const one = document.activeElement;
  return [one.id || one.className, one.getAttribute("aria-invalid")];
}"""
FOCUSED = """() => {
  const one = document.activeElement, box = one.getBoundingClientRect();
  if (one === document.body) return null;
  const top = document.elementFromPoint(box.left + box.width / 2, box.top + box.height / 2);
  const looks = [one, one.closest("label, .choice, .editor")].filter(Boolean).map((part) => getComputedStyle(part));
  const isMarked = looks.some((look) => look.outlineStyle !== "none" || look.boxShadow !== "none");
  const isSeen = Boolean(top && (one.contains(top) || top.contains(one)));
  return {name: one.outerHTML.slice(0, 100), isMarked, isSeen};
}"""


def test_what_has_the_focus_is_never_under_a_bar(app: Flask, world: World, look: Page) -> None:
    web = browser_of(app, world, "owner")
    eyes, wrong = Eyes(look, web, themes=("dark", "light")), []
    look.set_viewport_size(PHONE)  # type: ignore[arg-type]
    for path in ("/clients/", "/reports/", "/auth/profile/edit"):
        eyes.open(Seen("", path, ""))
        stops = 0
        while stops < MOST_STOPS:
            look.keyboard.press("Tab")
            found = look.evaluate(FOCUSED)
            if found is None:
                break
            stops += 1
            wrong += [] if found["isMarked"] and found["isSeen"] else [f"{path} {found}"]
        assert stops > 12
    assert wrong == []


def test_a_dialog_asks_with_the_safe_choice_first_and_gives_the_focus_back(
    app: Flask, world: World, look: Page
) -> None:
    Eyes(look, browser_of(app, world, "owner"), themes=("dark", "light")).open(Seen("", "/clients/1", ""))
    leading = look.get_by_role("link", name="Delete")
    leading.focus()
    look.keyboard.press("Enter")
    asked = look.get_by_role("dialog")
    asked.wait_for()
    assert asked.get_by_role("link", name="Cancel").evaluate("one => one === document.activeElement")
    look.keyboard.press("Escape")
    asked.wait_for(state="detached")
    assert leading.evaluate("one => one === document.activeElement")


def test_a_link_of_the_error_summary_leads_to_what_stands_in_for_its_field(
    app: Flask, world: World, look: Page
) -> None:
    eyes = Eyes(look, browser_of(app, world, "owner"), themes=("dark", "light"))
    eyes.open(Seen("", "/messages/create", ""))
    look.locator("[name=subject]").fill("News")
    look.locator(".ql-editor").fill("{{ nosuch }}")
    follow_the_summary(look, "HTML")
    assert look.evaluate(WHERE) == ["ql-editor", "true"]
    eyes.open(Seen("", "/mailings/create", ""))
    look.locator("[name=audience][value=picked]").check(force=True)
    follow_the_summary(look, "Clients")
    assert look.evaluate(WHERE) == ["clients-ts-control", "true"]


def follow_the_summary(page: Page, name: str) -> None:
    """Save, be refused, and press the link to this field."""
    page.get_by_role("button", name="Save").click()
    link = page.locator("[data-error-summary]").get_by_role("link", name=name)
    link.focus()
    page.keyboard.press("Enter")


def test_enter_in_a_plan_leads_to_the_dates_that_it_asks_for(app: Flask, world: World, look: Page) -> None:
    Eyes(look, browser_of(app, world, "owner"), themes=("dark", "light")).open(Seen("", "/mailings/create", ""))
    look.locator("[name=message]").select_option(index=1)
    look.locator("[name=title]").fill("Spring")
    look.locator("[name=title]").press("Enter")
    look.wait_for_url("**/mailings/create#next-dates")
    expect(look.locator("#next-dates h2")).to_be_in_viewport()
    assert look.locator("[name=title]").input_value() == "Spring"
