"""Somebody's HTML shown to somebody else: alone at its own address, in a sandbox, nothing fetched, nothing run."""

from flask import Response, make_response

POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src 'self' data:; sandbox; frame-ancestors 'self'"


def letter_page(html: str) -> Response:
    """An answer for `<iframe sandbox>`: the policy holds even when it is opened by itself."""
    response = make_response(html or "<!doctype html><title></title>")
    response.headers["Content-Type"] = "text/html; charset=utf-8"
    response.headers["Content-Security-Policy"] = POLICY
    response.headers["X-Frame-Options"] = "SAMEORIGIN"
    response.headers["Referrer-Policy"] = "no-referrer"
    return response
