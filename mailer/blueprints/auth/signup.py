"""Sign-up and the proof of the address. Known and unknown addresses get the same answer on the page."""

from flask import Response, current_app, flash, render_template
from flask_babel import get_locale
from flask_babel import gettext as _

from mailer.blueprints.auth.forms import AddressForm, RegisterForm
from mailer.blueprints.auth.room import auth
from mailer.clock import utcnow
from mailer.dispatch import account_mail
from mailer.extensions import db
from mailer.services import account_letters, account_links, accounts, passwords, throttle
from mailer.services.account_letters import Kind
from mailer.services.account_links import Purpose
from mailer.web.acting import audit
from mailer.web.forms import BaseForm, render_form
from mailer.web.limits import spend, visitor_network
from mailer.web.targets import see_other


@auth.route("/register", methods=["GET", "POST"])
def register() -> Response:
    """The sign-up form; whatever the address is, a letter tells the rest."""
    form = RegisterForm()
    if not form.validate_on_submit():
        return render_form("auth/register.html", form)
    spend(
        (throttle.SIGN_UP_ADDRESS, visitor_network()),
        (throttle.LETTER_MAILBOX, form.address.key),
    )
    accounts.sign_up(db.session(), _new_account(form), now=utcnow())
    audit("account.register")
    db.session.commit()
    account_mail.ring()
    return see_other("auth.sent")


@auth.get("/sent")
def sent() -> str:
    """Look into your mailbox."""
    return render_template("auth/sent.html")


@auth.route("/resend", methods=["GET", "POST"])
def resend() -> Response:
    """Ask for the confirmation letter again."""
    return _letter_page("auth/resend.html", Kind.SIGN_UP)


@auth.route("/reset", methods=["GET", "POST"])
def reset() -> Response:
    """Ask for a link to choose a new password."""
    return _letter_page("auth/reset.html", Kind.RESET)


@auth.get("/confirm/<token>")
def confirm(token: str) -> str:
    """A page with a button: the GET of a link scanner confirms nothing."""
    link = account_links.look(db.session(), token, Purpose.CONFIRM, now=utcnow())
    return render_template("auth/confirm.html", form=BaseForm(formdata=None), token=token, email=link.email)


@auth.post("/confirm/<token>")
def confirmed(token: str) -> Response:
    """The address is proven."""
    user = accounts.confirm(db.session(), token, now=utcnow())
    audit("account.confirm", actor=user)
    db.session.commit()
    flash(_("Your address is confirmed. You can sign in now."), "success")
    return see_other("auth.login")


def _letter_page(template: str, kind: Kind) -> Response:
    form = AddressForm()
    if not form.validate_on_submit():
        return render_form(template, form)
    spend((throttle.LETTER_ADDRESS, visitor_network()), (throttle.LETTER_MAILBOX, form.address.key))
    # whether anybody has this address is looked up when the letter is sent, not while the visitor waits
    account_letters.ask(db.session(), kind, email=form.address.email, now=utcnow())
    db.session.commit()
    account_mail.ring()
    return see_other("auth.sent")


def _new_account(form: RegisterForm) -> accounts.NewAccount:
    method, typed = current_app.config["MAILER"].password_method, form.password.data or ""
    session = db.session()
    waiting = accounts.waiting_hash(session, form.address)
    session.rollback()  # hashing takes long: no lock meanwhile
    # hashed and compared for every address, known or not: the time must not tell
    is_same = passwords.is_right(waiting, typed, method=method)
    return accounts.NewAccount(
        address=form.address,
        password_hash=passwords.hash_password(typed, method=method),
        time_zone=form.zone,
        locale=str(get_locale() or "ru"),
        twin=waiting if is_same else "",
    )
