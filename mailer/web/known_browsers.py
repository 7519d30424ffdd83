"""A signed, long-lived cookie that says who has signed in from this browser. It opens nothing: it only keeps
strangers, who use an account's tries up, from locking its owner out (OWASP: device cookies)."""

import secrets
from typing import Any

from flask import Response, current_app, request
from itsdangerous import BadSignature, URLSafeTimedSerializer

from mailer.models import User

YEAR_S = 365 * 24 * 3600
MOST_PEOPLE = 10


def mark(response: Response, user: User) -> None:
    """Remember on the browser that gets `response` that this person has signed in from it."""
    seen = _read()
    people = [user.id, *(one for one in seen["people"] if one != user.id)][:MOST_PEOPLE]
    is_https = current_app.config["MAILER"].is_https
    response.set_cookie(
        _name(),
        _signer().dumps({"browser": seen["browser"] or secrets.token_urlsafe(12), "people": people}),
        max_age=YEAR_S,
        secure=is_https,
        httponly=True,
        samesite="Lax",
    )


def name_for(user: User | None) -> str | None:
    """The random name of this browser, if `user` has signed in from it before."""
    seen = _read()
    return str(seen["browser"]) if user is not None and user.id in seen["people"] else None


def _read() -> dict[str, Any]:
    try:
        seen = _signer().loads(request.cookies.get(_name(), ""), max_age=YEAR_S)
    except BadSignature:
        seen = {}
    return {"browser": seen.get("browser", ""), "people": seen.get("people", [])}


def _name() -> str:
    return "__Host-known" if current_app.config["MAILER"].is_https else "mailer_known"


def _signer() -> URLSafeTimedSerializer:
    return URLSafeTimedSerializer(current_app.config["SECRET_KEY"], salt="known-browser")
