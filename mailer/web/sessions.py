"""Sign-ins: a random id in the signed cookie, its hash in a table. The row gone, the cookie is worthless."""

from datetime import datetime, timedelta

from flask import Flask, Response, current_app, flash, request, session
from flask.sessions import SecureCookieSessionInterface, SessionMixin
from flask_babel import gettext as _
from flask_login import login_user, logout_user
from sqlalchemy.orm import joinedload

from mailer.clock import utcnow
from mailer.extensions import db, login_manager
from mailer.models import SignIn, User
from mailer.orm import writing
from mailer.services.audit import one_line
from mailer.tokens import new_token, token_hash
from mailer.web.acting import visitor_address
from mailer.web.modes import SAFE_METHODS
from mailer.web.targets import see_other

SEEN_EVERY = timedelta(minutes=10)
# in one statement: every page asks who reads it, and the live part of a run asks each second
WITH_PERSON = joinedload(SignIn.user, innerjoin=True).joinedload(User.roles)
OF_THE_BROWSER = ("locale", "seen")  # not of a person: the language chosen, the posts counted as read


class Cookie(SecureCookieSessionInterface):
    """The signed cookie. It stays out of an answer that any cache on the way may keep: pictures, static files."""

    def save_session(self, app: Flask, session: SessionMixin, response: Response) -> None:
        """Write the cookie, and that the answer depends on it, unless the answer says it is for everybody."""
        if not response.cache_control.public:
            super().save_session(app, session, response)


def install(app: Flask) -> None:
    """Bind Flask-Login to the table."""
    app.session_interface = Cookie()
    login_manager.init_app(app)
    login_manager.session_protection = None  # the table row is the protection; an address may change on a train
    login_manager.user_loader(_load)
    login_manager.unauthorized_handler(_send_to_sign_in)


def sign_in(user: User, *, now: datetime, remember: bool = True) -> None:
    """Begin a session under a new id; what the visitor's session held before is dropped (session fixation).

    Not to be remembered, the cookie goes when the browser is closed; the row's own limits stay the same.
    """
    end_this_session()
    _clear()
    session.permanent = remember
    token = new_token()
    session["sid"] = token
    db.session.add(
        SignIn(
            id_hash=token_hash(token),
            user_id=user.id,
            created_at=now,
            last_seen_at=now,
            address=visitor_address(),
            browser=one_line(request.user_agent.string, 200),
        )
    )
    login_user(user)


def sign_out() -> None:
    """End this browser's session on the server and forget it in the cookie."""
    end_this_session()
    logout_user()
    _clear()


def _clear() -> None:
    kept = {key: session[key] for key in OF_THE_BROWSER if key in session}
    session.clear()
    session.update(kept)


def end_this_session() -> None:
    """Delete the row behind this browser's cookie, if there is one."""
    if row := db.session.get(SignIn, current_session_hash()):
        db.session.delete(row)


def is_remembered() -> bool:
    """Whether this browser keeps its session when it is closed."""
    return bool(session.permanent)


def current_session_hash() -> str:
    """The key of this browser's row; of no row when it has none."""
    return token_hash(str(session.get("sid", "")))


def _send_to_sign_in() -> Response:
    flash(_("Please sign in first."), "info")
    wanted = request.full_path.rstrip("?") if request.method in SAFE_METHODS else None
    return see_other("auth.login", next=wanted)


def _load(user_id: str) -> User | None:
    row = db.session.get(SignIn, current_session_hash(), options=[WITH_PERSON])
    now = utcnow()
    if row is None or str(row.user_id) != user_id or _is_over(row, now):
        return None
    if now - row.last_seen_at > SEEN_EVERY:
        _touch(row.id_hash, now)
    return row.user


def _is_over(row: SignIn, now: datetime) -> bool:
    config = current_app.config["MAILER"]
    idle, whole = timedelta(minutes=config.session_idle_minutes), timedelta(minutes=config.session_max_minutes)
    return now - row.last_seen_at > idle or now - row.created_at > whole


def _touch(id_hash: str, now: datetime) -> None:
    """The one write a GET may bring along, in a transaction of its own; a POST carries it in its own."""
    statement = db.update(SignIn).where(SignIn.id_hash == id_hash).values(last_seen_at=now)
    if request.method not in SAFE_METHODS:
        db.session.execute(statement)
        return
    with writing(), db.engine.begin() as connection:
        connection.execute(statement)
