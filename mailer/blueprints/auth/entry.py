"""Sign in and sign out. One sentence for every failure; only the right password hears of a block."""

from flask import Response, current_app, flash, make_response, redirect, request
from flask_babel import gettext as _
from flask_login import current_user

from mailer.blueprints.auth.forms import LoginForm
from mailer.blueprints.auth.room import auth
from mailer.clock import utcnow
from mailer.extensions import db
from mailer.models import User
from mailer.services import accounts, sign_ins, throttle
from mailer.services.passwords import DEMO
from mailer.services.sign_ins import Refusal
from mailer.services.throttle import Limit
from mailer.web import known_browsers, sessions
from mailer.web.acting import audit
from mailer.web.forms import render_form
from mailer.web.limits import spend, visitor_network
from mailer.web.targets import safe_target, see_other


@auth.route("/login", methods=["GET", "POST"])
def login() -> Response:
    """The form; whoever is in already goes on."""
    form = LoginForm()
    if current_user.is_authenticated:
        return _go_on()
    if not form.validate_on_submit():
        return render_form("auth/login.html", form)
    name = (form.login.data or "").casefold()
    user = accounts.find(db.session(), name)
    tries = _tries(accounts.login_key(name), user)
    spend(*tries, user_id=user.id if user else None)
    user = accounts.find(db.session(), name)  # anew for all: spending has ended the transaction that knew them
    if refusal := _refusal(user, form):
        form.form_errors = [_sentence(refusal)]
        return render_form("auth/login.html", form)
    assert user is not None  # noqa: S101 - nobody is always refused
    return _let_in(user, tries, is_kept=bool(form.remember.data))


@auth.post("/logout")
def logout() -> Response:
    """End this session on the server too: a copied cookie is then worthless."""
    if current_user.is_authenticated:
        audit("session.end")
    sessions.sign_out()
    db.session.commit()
    flash(_("You are signed out."), "info")
    return see_other("auth.login")


def _tries(name: str, user: User | None) -> tuple[tuple[Limit, str], ...]:
    """What this try counts against: a known browser has tries of its own that no stranger can use up."""
    if browser := known_browsers.name_for(user):
        return ((throttle.SIGN_IN_KNOWN, f"{browser} {name}"),)
    return (throttle.SIGN_IN_ACCOUNT, name), (throttle.SIGN_IN_ADDRESS, visitor_network())


def _refusal(user: User | None, form: LoginForm) -> Refusal | None:
    config, typed = current_app.config["MAILER"], form.password.data or ""
    if typed == DEMO and not config.development:
        typed = ""  # a database that was a demo once must not stay open to everybody
    user_id = user.id if user else None
    refusal = sign_ins.check(db.session(), user, typed, method=config.password_method, now=utcnow())
    if refusal:
        # what was typed is not written down: it may be a password in the wrong field
        audit("session.refuse", user_id=user_id, reason=refusal)
        db.session.commit()
    return refusal


def _sentence(refusal: Refusal) -> str:
    if refusal is Refusal.BLOCKED:
        return _("This account is blocked. Please write to the people who run this service.")
    return _("This name and password do not fit, or the address is not confirmed yet.")


def _let_in(user: User, tries: tuple[tuple[Limit, str], ...], *, is_kept: bool) -> Response:
    own, *others = tries
    throttle.forgive(db.session(), *own)
    for limit, subject in others:
        throttle.give_back(db.session(), limit, subject)
    sessions.sign_in(user, now=utcnow(), remember=is_kept)
    audit("session.start", actor=user)
    db.session.commit()
    response = _go_on()
    known_browsers.mark(response, user)
    return response


def _go_on() -> Response:
    return make_response(redirect(safe_target(request.args.get("next")), code=303))
