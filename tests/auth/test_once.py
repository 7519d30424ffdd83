"""A sign-up button pressed twice is one sign-up, in a real browser."""

from playwright.sync_api import Page

# whether the form would be sent now: nobody has objected to the event
PRESS = """() => document.querySelector("main form").dispatchEvent(
  new SubmitEvent("submit", { cancelable: true, bubbles: true }))"""


def test_a_button_pressed_twice_signs_up_once(page: Page) -> None:
    page.goto("/auth/register")
    assert [page.evaluate(PRESS) for _press in range(3)] == [True, False, False]
    page.evaluate("window.dispatchEvent(new PageTransitionEvent('pageshow'))")  # as when one comes back to the page
    assert page.evaluate(PRESS) is True


def test_a_form_of_another_page_may_be_sent_again(page: Page) -> None:
    page.goto("/auth/login")
    assert [page.evaluate(PRESS) for _press in range(2)] == [True, True]
