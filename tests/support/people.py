"""Signing people in and posting forms as a browser would, without a page for each step.

`sign_in(web, user)`, then `post(web, "/clients/create", email="a@example.org")`: the CSRF token is added.
"""

import secrets
from typing import Any

from flask.testing import FlaskClient
from itsdangerous import URLSafeTimedSerializer
from sqlalchemy.orm import object_session
from werkzeug.test import TestResponse

from mailer.clock import utcnow
from mailer.extensions import db
from mailer.models import SignIn, User
from mailer.tokens import new_token, token_hash


def sign_in(web: FlaskClient, user: User) -> str:
    """Give this browser a session of `user`, as a right password does; the hash of the new session."""
    if own := object_session(user):
        own.commit()
    user_id, token, now = user.id, new_token(), utcnow()
    if own:
        own.commit()  # reading the id began a transaction
    with web.application.app_context():
        db.session.add(SignIn(id_hash=token_hash(token), user_id=user_id, created_at=now, last_seen_at=now))
        db.session.commit()
    with web.session_transaction() as cookie:
        cookie.clear()
        cookie.permanent = True
        cookie.update({"sid": token, "_user_id": str(user_id), "_fresh": True})
    return token_hash(token)


def csrf_token(web: FlaskClient) -> str:
    """A token that this browser's session accepts, as every page with a form holds one."""
    with web.session_transaction() as cookie:
        raw = cookie.setdefault("csrf_token", secrets.token_hex(20))
    secret = web.application.config["SECRET_KEY"]
    return str(URLSafeTimedSerializer(secret, salt="wtf-csrf-token").dumps(raw))


def post(web: FlaskClient, path: str, data: dict[str, Any] | None = None, **fields: Any) -> TestResponse:
    """Send a form with its CSRF token."""
    return web.post(path, data={"csrf_token": csrf_token(web), **(data or {}), **fields})
