"""Asking for the present password before something that a borrowed browser must not do."""

from flask import current_app
from flask_babel import gettext as _
from flask_login import current_user
from wtforms import PasswordField

from mailer.extensions import db
from mailer.services import passwords, throttle
from mailer.web.acting import audit
from mailer.web.limits import spend


def is_owner(field: PasswordField) -> bool:
    """Whether the present password stands in `field`; if not, says so beside it. Guessing is slowed down."""
    subject = str(current_user.id)
    spend((throttle.PASSWORD_ASKED, subject))
    method = current_app.config["MAILER"].password_method
    if passwords.is_right(current_user.password_hash, field.data or "", method=method):
        throttle.forgive(db.session(), throttle.PASSWORD_ASKED, subject)
        return True
    field.errors = [*field.errors, _("This is not your present password.")]
    audit("password.refuse")
    db.session.commit()
    return False
