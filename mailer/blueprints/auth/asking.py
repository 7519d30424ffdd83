"""Asking for the present password before something that a borrowed browser must not do."""

from flask import current_app
from flask_babel import gettext as _
from flask_login import current_user
from wtforms import PasswordField

from mailer.extensions import db
from mailer.models import User
from mailer.services import passwords, sign_ins, throttle
from mailer.web.acting import audit
from mailer.web.limits import spend


def is_owner(field: PasswordField) -> bool:
    """Whether the present password stands in `field`; if not, says so beside it. Guessing is slowed down.

    A new one cannot be chosen elsewhere before the transaction that begins here ends.
    """
    user: User = current_user._get_current_object()
    subject, session = str(user.id), db.session()
    spend((throttle.PASSWORD_ASKED, subject))
    kept, method = user.password_hash, current_app.config["MAILER"].password_method
    session.rollback()  # hashing takes long: no lock meanwhile
    if passwords.is_right(kept, field.data or "", method=method) and sign_ins.is_still(session, user, kept):
        throttle.forgive(session, throttle.PASSWORD_ASKED, subject)
        return True
    field.errors = [*field.errors, _("This is not your present password.")]
    audit("password.refuse")
    db.session.commit()
    return False
