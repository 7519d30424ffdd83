"""Turns away what no database can be asked about, before a page is chosen: ids beyond 64 bits, NUL in an address.

SQLite and PostgreSQL raise there, each in its own way; no single page has to remember that.
"""

from flask import Flask, abort, request
from werkzeug.datastructures import ImmutableMultiDict
from werkzeug.routing import IntegerConverter, Map

LARGEST_ID = 2**63 - 1


class IdConverter(IntegerConverter):
    """A number in an address that could be an id; any other is a missing page, like somebody else's."""

    # a bounded length: int() refuses thousands of digits with an error that routing does not know
    regex = r"[0-9]{1,19}"

    def __init__(self, url_map: Map) -> None:
        super().__init__(url_map, max=LARGEST_ID)


def install(app: Flask) -> None:
    """Every `<int:...>` of routes added later is an id."""
    app.url_map.converters["int"] = IdConverter
    app.before_request(without_nul)


def without_nul() -> None:
    """No stored text holds a NUL: a path with one is missing, a search does without it."""
    if "\0" in request.path:
        abort(404)
    if b"%00" in request.query_string:
        cleaned = [(name, value.replace("\0", "")) for name, value in request.args.items(multi=True)]
        request.args = ImmutableMultiDict(cleaned)
