"""Taking everything along, and leaving."""

from flask import Response, flash, redirect, send_file
from flask_babel import gettext as _
from flask_login import current_user, login_required

from mailer import orm
from mailer.blueprints.auth.asking import is_owner
from mailer.blueprints.auth.forms import DeleteForm
from mailer.blueprints.auth.room import auth
from mailer.clock import utcnow
from mailer.extensions import db
from mailer.models import User
from mailer.services import belongings, departure
from mailer.web import sessions
from mailer.web.acting import audit
from mailer.web.forms import render_form


@auth.post("/download")
@login_required
def download() -> Response:
    """One ZIP of everything the reader owns. A POST, because the export is written down."""
    user_id = current_user.id
    audit("account.export")
    db.session.commit()
    with orm.reading():  # a long export must not hold the write lock
        archive = belongings.pack(db.session(), db.session.get_one(User, user_id))
        db.session.rollback()
    name = f"mailer-{utcnow():%Y-%m-%d}.zip"
    response = send_file(archive, mimetype="application/zip", as_attachment=True, download_name=name)
    # send_file takes the year that static files may be kept
    response.headers["Cache-Control"] = "no-store"
    del response.headers["Expires"]
    return response


@auth.route("/delete", methods=["GET", "POST"])
@login_required
def delete() -> Response:
    """Ask for the password, then close the account for good."""
    form = DeleteForm()
    if not form.validate_on_submit() or not is_owner(form.current_password):
        return render_form("auth/delete.html", form)
    audit("account.delete")
    departure.leave(db.session(), current_user._get_current_object(), now=utcnow())
    sessions.sign_out()
    db.session.commit()
    flash(_("Your account is deleted."), "info")
    return redirect("/", code=303)  # type: ignore[return-value]
