"""A password field in a real browser: it can be looked at, and says how strong a new password is."""

from playwright.sync_api import Page, expect


def test_a_password_is_shown_and_hidden_and_judged_while_typing(page: Page) -> None:
    page.goto("/auth/register")
    field = page.locator("[name=password]")
    group = page.locator("[data-password]").filter(has=field)
    hint = page.locator(".strength").first
    expect(hint).to_be_hidden()
    verdicts = []
    for text in ("short", "nine keys", "a long walk by the river"):
        field.fill(text)
        expect(hint).to_be_visible()
        verdicts.append((hint.locator("progress").get_attribute("value"), hint.locator("[role=status]").inner_text()))
    assert [value for value, _words in verdicts] == ["1", "2", "3"]
    assert len({words for _value, words in verdicts} - {""}) == 3
    button = group.locator("[data-password-switch]")
    button.click()
    expect(field).to_have_attribute("type", "text")
    expect(field).to_have_value("a long walk by the river")
    button.click()
    expect(field).to_have_attribute("type", "password")
