"""Security headers on every answer, errors and the panel included."""

from flask import Flask, Response, current_app, request
from flask_login import current_user

from mailer.logs import SECRET_LINK

POLICY = (
    "default-src 'self'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
    "connect-src 'self'; frame-src 'self'; object-src 'none'; base-uri 'none'; form-action 'self'; "
    "frame-ancestors 'none'"
)
PERMISSIONS = "camera=(), geolocation=(), microphone=(), payment=(), usb=(), interest-cohort=()"
YEAR_S = 365 * 24 * 3600


def install(app: Flask) -> None:
    """Add the headers after each request; a view that set its own stricter one keeps it.

    A page whose address is a secret is neither kept nor told to the next site, whatever the answer is.
    """
    app.after_request(_add)


def _add(response: Response) -> Response:
    headers = response.headers
    headers.setdefault("Content-Security-Policy", POLICY)
    headers.setdefault("X-Content-Type-Options", "nosniff")
    headers.setdefault("X-Frame-Options", "DENY")
    headers.setdefault("Referrer-Policy", "same-origin")
    headers.setdefault("Permissions-Policy", PERMISSIONS)
    headers.setdefault("Cross-Origin-Opener-Policy", "same-origin")
    if current_app.config["MAILER"].is_https:
        headers.setdefault("Strict-Transport-Security", f"max-age={YEAR_S}; includeSubDomains")
    if "Cache-Control" not in headers and (current_user.is_authenticated or request.method == "POST"):
        headers["Cache-Control"] = "no-store"
    if SECRET_LINK.search(request.path):
        headers["Referrer-Policy"], headers["Cache-Control"] = "no-referrer", "no-store"
    return response
