"""Choosing a new password: by a link from a letter, or signed in with the present one."""

from flask import Response, current_app, flash
from flask_babel import gettext as _
from flask_login import current_user, login_required

from mailer.blueprints.auth.asking import is_owner
from mailer.blueprints.auth.forms import NewPasswordForm, PasswordForm, words_of
from mailer.blueprints.auth.room import auth
from mailer.clock import utcnow
from mailer.dispatch import account_mail
from mailer.extensions import db
from mailer.models import User
from mailer.services import account_links, accounts
from mailer.services.account_links import Purpose
from mailer.services.passwords import hash_password
from mailer.web import sessions
from mailer.web.acting import audit
from mailer.web.forms import render_form
from mailer.web.targets import see_other


@auth.route("/reset/<token>", methods=["GET", "POST"])
def choose(token: str) -> Response:
    """Choose a new password by the link; all sessions end, this browser's too."""
    link = account_links.look(db.session(), token, Purpose.RESET, now=utcnow())
    form = NewPasswordForm()
    form.own_words = lambda: words_of(link.user)  # type: ignore[method-assign] # nobody need be signed in
    if not form.validate_on_submit():
        return render_form("auth/choose.html", form, token=token)
    user = accounts.reset_password(db.session(), token, _hashed(form), now=utcnow())
    audit("password.reset", actor=user)
    sessions.sign_out()
    db.session.commit()
    account_mail.ring()
    flash(_("Your new password is set. Please sign in with it."), "success")
    return see_other("auth.login")


@auth.route("/password", methods=["GET", "POST"])
@login_required
def password() -> Response:
    """Change the password; every other session ends and this one gets a new id."""
    form = PasswordForm()
    if not form.validate_on_submit() or not is_owner(form.current_password):
        return render_form("auth/password.html", form)
    user: User = current_user._get_current_object()
    proven = user.password_hash
    accounts.change_password(db.session(), user, _hashed(form), proven=proven, now=utcnow())
    audit("password.change")
    sessions.sign_in(user, now=utcnow(), remember=sessions.is_remembered())
    db.session.commit()
    account_mail.ring()
    flash(_("Your password is changed. All other devices are signed out."), "success")
    return see_other("auth.profile")


def _hashed(form: NewPasswordForm) -> str:
    db.session.commit()  # hashing takes long: no lock meanwhile
    return hash_password(form.password.data or "", method=current_app.config["MAILER"].password_method)
