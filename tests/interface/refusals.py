"""Pages that say no: forms that come back with their errors, error pages, dead links. Made from the URL map too."""

import re
from collections.abc import Iterator

from flask import Flask, abort
from flask.testing import FlaskClient
from werkzeug.routing import Rule

from tests.auth import matrix
from tests.auth.matrix import World
from tests.interface.pages import Seen, query_of
from tests.support.people import csrf_token

CODES = (400, 403, 405, 409, 413, 422, 429, 500, 503)
# too long for a name, no address, no number, no choice, no date
RUBBISH = "@ " * 300
NAMES = re.compile(r'<(?:input|select|textarea)\b[^>]*\bname="([^"]+)"')
OURS = {"csrf_token", "next", "locale", "id"}


def add_broken_doors(app: Flask) -> None:
    """One address for each error, for the app's own handlers to answer."""
    app.add_url_rule("/broken/<int:code>", "broken", abort)


def refusals_of(app: Flask, world: World, web: FlaskClient) -> Iterator[Seen]:
    """Everything that this browser may be refused with."""
    yield from _returned_forms(app, world, web)
    yield from (_seen(web, "broken", f"/broken/{code}") for code in CODES)
    yield from _dead_links(app, world, web)


def _returned_forms(app: Flask, world: World, web: FlaskClient) -> Iterator[Seen]:
    """Each form sent empty, and with rubbish in each of its fields."""
    token = csrf_token(web)
    for rule, _method in matrix.routes(app, ("POST",)):
        if not _has_form(rule):
            continue
        path = matrix.path_of(app, rule, world) + query_of(rule, world)
        names = set(NAMES.findall(web.get(path).get_data(as_text=True))) - OURS
        for fill in ({}, dict.fromkeys(names, RUBBISH)):
            answer = web.post(path, data={**fill, "csrf_token": token})
            if answer.status_code >= 400:
                yield Seen(rule.endpoint, path, answer.get_data(as_text=True), answer.status_code)


def _has_form(rule: Rule) -> bool:
    # most deletions ask for a click only, and would be done; an account's asks the password
    is_click = rule.endpoint.endswith("delete") and rule.endpoint != "auth.delete"
    return "GET" in (rule.methods or ()) and not is_click


def _dead_links(app: Flask, world: World, web: FlaskClient) -> Iterator[Seen]:
    """Links of letters whose token means nothing."""
    values = {name: "dead" if name.endswith("token") else value for name, value in world.values.items()}
    for rule, _method in matrix.routes(app, ("GET",)):
        if "token" in rule.arguments:
            yield _seen(web, rule.endpoint, matrix.path_of(app, rule, World(world.people, values)))


def _seen(web: FlaskClient, endpoint: str, path: str) -> Seen:
    answer = web.get(path)
    return Seen(endpoint, path, answer.get_data(as_text=True), answer.status_code)
