"""A browser that looks a page over: both themes with axe, and once more as narrow as a phone."""

from flask.testing import FlaskClient
from playwright.sync_api import Page, Route

from mailer.web.headers import POLICY
from tests.interface.pages import Seen
from tests.interface.tools import ALL, COLOURS, RUN, axe_source

DESK, PHONE = {"width": 1280, "height": 720}, {"width": 360, "height": 740}
# a wide table may scroll inside its card, never the page
OVERFLOW = """() => {
  const wide = document.documentElement;
  if (wide.scrollWidth <= wide.clientWidth) return [];
  const scrolls = (one) => one && (getComputedStyle(one).overflowX !== "visible" || scrolls(one.parentElement));
  const sticksOut = (one) => one.getBoundingClientRect().right > wide.clientWidth && !scrolls(one.parentElement);
  const out = [...document.body.querySelectorAll("*")].filter(sticksOut);
  const named = out.slice(0, 2).map((one) => one.outerHTML.slice(0, 120));
  return [`phone: ${wide.scrollWidth} px wide: ${named.join(" | ")}`];
}"""
CUT = """() => [...document.querySelectorAll(".table-card, .card:has(> .table)")]
  .filter((card) => card.scrollWidth > card.clientWidth + 1)
  .map((card) => `desk: a table of ${card.scrollWidth} px in ${card.clientWidth}`)"""
# what follows a card keeps its distance
CROWDED = """() => [...document.querySelectorAll("main :is(.card, .table-card, .notice, .empty)")]
  .map((card) => [card.getBoundingClientRect(), card.nextElementSibling])
  .filter(([box, next]) => box.height && next?.getBoundingClientRect().height)
  .filter(([box, next]) => Math.abs(next.getBoundingClientRect().top - box.bottom) < 4)
  .map(([, next]) => `desk: no room above ${next.outerHTML.slice(0, 120)}`)"""
SWITCH = "(theme) => { document.documentElement.dataset.bsTheme = theme; }"


class Eyes:
    """Opens pages as the person of `web` and says what is wrong with them; all rules in one theme, colours in both."""

    def __init__(self, page: Page, web: FlaskClient, *, themes: tuple[str, str]) -> None:
        self._page, self._themes, self._axe = page, themes, axe_source()
        page.emulate_media(color_scheme=themes[0])  # type: ignore[arg-type]
        if cookie := web.get_cookie("mailer_session"):
            page.context.add_cookies([{"name": cookie.key, "value": cookie.value, "domain": "127.0.0.1", "path": "/"}])

    def open(self, seen: Seen) -> None:
        """Ask the server for it."""
        self._page.goto(seen.path, wait_until="load")

    def show(self, seen: Seen) -> None:
        """Show what was answered before, to a POST or with an error, without asking again."""

        def answer(route: Route) -> None:
            headers = {"Content-Type": "text/html; charset=utf-8", "Content-Security-Policy": POLICY}
            route.fulfill(status=seen.status, headers=headers, body=seen.html)

        self._page.route(lambda url: url.endswith(seen.path), answer, times=1)
        self._page.goto(seen.path, wait_until="load")

    def judge(self, seen: Seen) -> list[str]:
        """What is wrong with the page that is open."""
        page, (first, second) = self._page, self._themes
        page.evaluate(self._axe)
        wrong = [f"{first}: {one}" for one in page.evaluate(RUN, ALL)]
        page.evaluate(SWITCH, second)
        wrong += [f"{second}: {one}" for one in page.evaluate(RUN, COLOURS)]
        page.set_viewport_size(PHONE)  # type: ignore[arg-type]
        wrong += page.evaluate(OVERFLOW)
        page.set_viewport_size(DESK)  # type: ignore[arg-type]
        wrong += page.evaluate(CUT) + page.evaluate(CROWDED)
        return [f"{seen.status} {seen.endpoint} {seen.path} {one}" for one in wrong]
