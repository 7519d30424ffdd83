"""The profile: who one is, where one lives, and the address that letters go to."""

from flask import Response, flash, render_template
from flask_babel import gettext as _
from flask_babel import refresh
from flask_login import current_user, login_required

from mailer.blueprints.auth.asking import is_owner
from mailer.blueprints.auth.forms import EmailForm, ProfileForm
from mailer.blueprints.auth.room import auth
from mailer.clock import utcnow
from mailer.dispatch import account_mail
from mailer.extensions import db
from mailer.models import User
from mailer.services import account_links, accounts, post_writing, throttle
from mailer.services.account_links import Purpose
from mailer.web.acting import audit
from mailer.web.forms import BaseForm, render_form
from mailer.web.limits import spend, visitor_network
from mailer.web.targets import see_other


@auth.get("/profile")
@login_required
def profile() -> str:
    """What the service knows of the reader."""
    return render_template("auth/profile.html", form=BaseForm(formdata=None))


@auth.route("/profile/edit", methods=["GET", "POST"])
@login_required
def edit_profile() -> Response:
    """Change name, zone, language, notices."""
    form = ProfileForm(obj=current_user)
    if not form.validate_on_submit():
        return render_form("auth/edit.html", form)
    person: User = current_user._get_current_object()
    before = _names(person)
    accounts.rename(db.session(), person, form.username.data)
    for name in ("first_name", "last_name", "time_zone", "locale", "wants_notices"):
        setattr(person, name, form[name].data)
    if _names(person) != before:
        post_writing.author_renamed(db.session(), person)
    db.session.commit()
    refresh()  # the sentence below is already in the new language
    flash(_("Your profile is saved."), "success")
    return see_other("auth.profile")


def _names(person: User) -> tuple[str | None, ...]:
    return person.first_name, person.last_name, person.username


@auth.route("/email", methods=["GET", "POST"])
@login_required
def email() -> Response:
    """Ask for a new address: the password first, then a letter to the new one."""
    form = EmailForm()
    if not form.validate_on_submit() or not is_owner(form.current_password):
        return render_form("auth/email.html", form)
    spend((throttle.LETTER_ADDRESS, visitor_network()), (throttle.LETTER_MAILBOX, form.address.key))
    accounts.ask_for_email(db.session(), current_user._get_current_object(), form.address, now=utcnow())
    audit("email.ask", detail=form.address.email)
    db.session.commit()
    account_mail.ring()
    flash(_("A letter is on its way to the new address. The old one stays until its link is used."), "info")
    return see_other("auth.profile")


@auth.get("/email/<token>")
def prove_email(token: str) -> str:
    """A page with a button, for whoever reads the new mailbox."""
    link = account_links.look(db.session(), token, Purpose.CHANGE_EMAIL, now=utcnow())
    return render_template("auth/prove.html", form=BaseForm(formdata=None), token=token, email=link.email)


@auth.post("/email/<token>")
def email_proven(token: str) -> Response:
    """The new address is proven and takes the old one's place."""
    user = accounts.change_email(db.session(), token, now=utcnow())
    audit("email.change", actor=user, detail=user.email)
    db.session.commit()
    account_mail.ring()
    flash(_("Your new address is confirmed."), "success")
    return see_other("auth.profile" if current_user.is_authenticated else "auth.login")
