"""`flask user`: accounts and roles from the terminal, where no page is needed to begin."""

import sys

import click
from flask import current_app
from flask.cli import AppGroup
from sqlalchemy.orm import Session

from mailer.clock import utcnow
from mailer.config import Config
from mailer.dispatch.notes import public_link
from mailer.extensions import db
from mailer.models import User
from mailer.rules.access import Role
from mailer.rules.errors import Conflict
from mailer.services import account_links, accounts, addresses, passwords, roles
from mailer.services.account_links import Purpose
from mailer.services.audit import record

ACTOR = "command line"
REFUSED = {
    "too_short": f"A password has at least {passwords.LEAST} characters.",
    "too_long": f"A password has at most {passwords.MOST} characters.",
    "common": "This is one of the most common passwords. Choose another.",
    "own_words": "This is the address itself, or our own name. Choose another.",
}

users = AppGroup("user", help="Create users, grant and revoke roles.")


@users.command("create")
@click.argument("email")
@click.option("--admin", is_flag=True, help="Grant the role admin as well.")
@click.option("--link", is_flag=True, help="Do not ask for a password: print a link to set one.")
def create(email: str, *, admin: bool, link: bool) -> None:
    """Create a confirmed user. Asks for the password; left empty, prints a link to set one."""
    address = addresses.read(email)
    if address is None:
        raise click.ClickException(f"“{email}” is not an e-mail address.")
    password = "" if link else _ask()
    own_words = (*_config().site.own_words, address.email, email.partition("@")[0])
    if password and (trouble := passwords.trouble_with(password, own_words)):
        raise click.ClickException(REFUSED[trouble])
    session = db.session()
    user = _create(session, address, password)
    if admin:
        roles.grant(session, user, Role.ADMIN, now=utcnow(), actor=ACTOR)
    token = "" if password else account_links.issue(session, user, Purpose.RESET, email=user.email, now=utcnow())
    session.commit()
    click.echo(f"{user.email} can sign in." if password else _say_link(user, token))


@users.command("grant")
@click.argument("email")
@click.argument("role", type=click.Choice([role.value for role in Role]))
def grant(email: str, role: str) -> None:
    """Give ROLE to the user; their sessions end."""
    user = _known(email)
    is_new = roles.grant(db.session(), user, Role(role), now=utcnow(), actor=ACTOR)
    db.session.commit()
    click.echo(f"{user.email} is {role} now." if is_new else f"{user.email} is {role} already.")


@users.command("revoke")
@click.argument("email")
@click.argument("role", type=click.Choice([role.value for role in Role]))
def revoke(email: str, role: str) -> None:
    """Take ROLE from the user; their sessions end."""
    user = _known(email)
    had_it = roles.revoke(db.session(), user, Role(role), now=utcnow(), actor=ACTOR)
    db.session.commit()
    click.echo(f"{user.email} is no {role} any more." if had_it else f"{user.email} was no {role}.")


def _ask() -> str:
    """The password from the terminal, typed twice; empty when nobody is there to type."""
    try:
        typed = click.prompt(
            "Password (empty: print a link to set one)",
            hide_input=True,
            default="",
            show_default=False,
            confirmation_prompt=True,
        )
    except click.Abort:
        if sys.stdin.isatty():
            raise
        click.echo("")
        return ""
    return str(typed)


def _create(session: Session, address: addresses.Address, password: str) -> User:
    config = _config()
    method = config.password_method
    digest = passwords.hash_password(password, method=method) if password else passwords.NO_PASSWORD
    new = accounts.NewAccount(address, digest, config.time_zone, config.default_locale)
    try:
        user = accounts.create(session, new, now=utcnow())
    except Conflict:
        raise click.ClickException(f"{address.email} has an account already.") from None
    user.confirmed_at = utcnow()  # whoever has this terminal vouches for the address
    record(session, "account.create", now=utcnow(), actor=ACTOR, user_id=user.id)
    return user


def _say_link(user: User, token: str) -> str:
    link = public_link("auth.choose", token=token)
    return f"{user.email} is created. Within an hour, set the password at:\n{link}"


def _known(email: str) -> User:
    user = accounts.find(db.session(), email)
    if user is None:
        raise click.ClickException(f"There is no user {email}.")
    return user


def _config() -> Config:
    config: Config = current_app.config["MAILER"]
    return config
