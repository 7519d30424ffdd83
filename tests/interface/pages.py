"""The pages of the app, made from its URL map: nobody has to remember to add one."""

from collections.abc import Iterator
from dataclasses import dataclass

from flask import Flask
from flask.testing import FlaskClient
from werkzeug.routing import Rule

from tests.auth import matrix
from tests.auth.matrix import World
from tests.support.people import sign_in

# a newcomer has nothing yet: every list says so
PEOPLE = ("visitor", "newcomer", "owner", "admin")
# parts of a page, asked for by it while it is open
PARTS = {"inbox.live", "reports.live", "reports.replies"}
# somebody's letter, alone in its sandbox: not ours to judge
LETTERS = {"messages.preview", "admin_messages.preview", "inbox.html"}
# answers for programs
FILES = {
    "static",
    "web.health",
    "clients.find",
    "reports.attempts_csv",
    "inbox.source",
    "blog.feed",
    "blog.photo",
    "blog.robots",
    "blog.sitemap",
    "broken",
}
# Flask-Admin's own addresses, which are walled up
WALLS = {"ajax_lookup", "details_view", "edit_view", "export", "create_view"}


@dataclass(frozen=True, slots=True)
class Seen:
    """One page as one person gets it."""

    endpoint: str
    path: str
    html: str
    status: int = 200


def browser_of(app: Flask, world: World, person: str, *, language: str = "en") -> FlaskClient:
    """A browser that speaks `language`, as its person does, signed in unless it is a visitor's."""
    web = app.test_client()
    web.environ_base["HTTP_ACCEPT_LANGUAGE"] = language
    if user := world.people[person]:
        user.locale = language
        sign_in(web, user)
    return web


def pages_of(app: Flask, world: World, web: FlaskClient) -> Iterator[Seen]:
    """Every whole page that this browser may open, and one that is missing."""
    for rule, _method in matrix.routes(app, ("GET",)):
        if rule.endpoint in PARTS | LETTERS | FILES:
            continue
        path = matrix.path_of(app, rule, world) + query_of(rule, world)
        answer = web.get(path)
        if answer.status_code == 200 and answer.mimetype == "text/html":
            yield Seen(rule.endpoint, path, answer.get_data(as_text=True))
    yield Seen("missing", "/nowhere", web.get("/nowhere").get_data(as_text=True), 404)


def endpoints_of(app: Flask) -> set[str]:
    """The endpoints that must be a page for somebody."""
    named = {rule.endpoint for rule, _method in matrix.routes(app, ("GET",))} - PARTS - LETTERS - FILES
    return {one for one in named if not (one.startswith("admin_") and one.partition(".")[2] in WALLS)}


def query_of(rule: Rule, world: World) -> str:
    """The panel's verdicts name their thing in the query."""
    judged = {"admin_mailings.judge": "held_mailing", "admin_users.judge": "judged", "admin_posts.judge": "post"}
    return f"?id={world.values[judged[rule.endpoint]]}" if rule.endpoint in judged else ""
