"""The reader's own sessions and the audit of their account."""

from flask import Response, abort, current_app, flash, render_template, request
from flask_babel import gettext as _
from flask_login import current_user, login_required

from mailer.blueprints.auth.browsers import short_name
from mailer.blueprints.auth.room import auth
from mailer.clock import utcnow
from mailer.extensions import db
from mailer.services import sign_ins
from mailer.services.audit import entries_of
from mailer.web import sessions
from mailer.web.acting import audit
from mailer.web.deeds import deed
from mailer.web.paging import page_of
from mailer.web.targets import see_other


@auth.get("/sessions")
@login_required
def devices() -> str:
    """Where the reader is signed in."""
    rows = sign_ins.of(db.session(), current_user, config=current_app.config["MAILER"], now=utcnow())
    here = sessions.current_session_hash()
    return render_template("auth/sessions.html", rows=rows, here=here, short_name=short_name)


@auth.post("/sessions/end")
@login_required
def end_session() -> Response:
    """End one of the reader's sessions; somebody else's answers like a missing one."""
    named = request.form.get("session", "")
    if "\0" in named or not sign_ins.end(db.session(), current_user, named):
        abort(404)
    audit("session.end")
    db.session.commit()
    flash(_("That device is signed out."), "success")
    return see_other("auth.devices")


@auth.post("/sessions/end-others")
@login_required
def end_other_sessions() -> Response:
    """End all sessions but this one."""
    sign_ins.end_all(db.session(), current_user.id, keep=sessions.current_session_hash())
    audit("session.end_others")
    db.session.commit()
    flash(_("All other devices are signed out."), "success")
    return see_other("auth.devices")


@auth.get("/activity")
@login_required
def activity() -> str:
    """What happened to this account, newest first."""
    return render_template("auth/activity.html", page=page_of(entries_of(current_user)), deed=deed)
