"""Where a person may be sent after a form: this site's own pages and nowhere else."""

from urllib.parse import urlsplit

from flask import Response, make_response, redirect, url_for


def safe_target(raw: str | None, *, default: str = "/") -> str:
    """`raw` if it is a path on this host, else `default`. Guards against open redirects (CWE-601)."""
    if not raw or not raw.startswith("/") or raw.startswith(("//", "/\\")):
        return default
    if any(ord(char) < 33 or char == "\\" for char in raw):
        return default
    parts = urlsplit(raw)
    return default if parts.scheme or parts.netloc else raw


def see_other(endpoint: str, **values: object) -> Response:
    """303 to a page of ours: the answer to every successful POST."""
    return make_response(redirect(url_for(endpoint, **values), code=303))  # type: ignore[arg-type]
