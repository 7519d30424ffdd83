"""Serves the pictures that this service has made, and nothing else of the folder, each with its own type."""

from flask import Response, abort, send_from_directory

from mailer.blueprints.blog.room import blog, config
from mailer.services.photos import FILE, TYPES

POLICY = "default-src 'none'; sandbox; frame-ancestors 'none'"
YEAR_S = 365 * 24 * 3600


@blog.get("/media/<file>")
def photo(file: str) -> Response:
    """One picture; a name is never used again, so a browser may keep it for good."""
    found = FILE.fullmatch(file)
    if found is None:
        abort(404)
    folder = config().media_dir.absolute()
    response = send_from_directory(folder, file, mimetype=TYPES[found[2]], max_age=YEAR_S)
    response.headers["Cache-Control"] = f"public, max-age={YEAR_S}, immutable"
    response.headers["Content-Security-Policy"] = POLICY
    return response
