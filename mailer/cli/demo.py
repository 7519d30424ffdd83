"""`flask demo`: plants the demo's story into an empty database, and says how to sign in. Development only."""

import click
from flask import current_app
from flask.cli import with_appcontext

from mailer.clock import utcnow
from mailer.config import Config
from mailer.dispatch import summaries
from mailer.extensions import db
from mailer.orm import reading
from mailer.services import accounts, passwords, photos
from mailer.services.demo import cast, planting
from mailer.services.demo.people import Scene, known


@click.command("demo")
@with_appcontext
def demo() -> None:
    """Fill an empty database with a bookshop, its readers and two months of letters."""
    config: Config = current_app.config["MAILER"]
    if not config.development:
        raise click.ClickException("Demo data exists only in development (APP_ENV=development).")
    is_planted = _plant(config)
    click.echo("Demo data has been planted." if is_planted else "The database is not empty, so no demo data was added.")
    if is_planted or _is_open(config):
        click.echo(_sign_in(config))


def _plant(config: Config) -> bool:
    with reading():
        is_empty = planting.is_empty(db.session())
        db.session.rollback()
    if not is_empty:
        return False
    digest = passwords.hash_password(cast.PASSWORD, method=config.password_method)
    scene = Scene(config.time_zone, config.default_locale, digest, utcnow())
    with photos.opened(config.media_dir) as album:
        planting.plant(db.session(), album, scene)
        db.session.commit()
        album.keep()
    # the reports are whole at once, not only after the first minutes
    summaries.keep(db.session(), now=utcnow(), commit=db.session.commit)
    return True


def _is_open(config: Config) -> bool:
    """Whether the known password still opens the owner's account."""
    with reading():
        owner = accounts.by_address(db.session(), known(cast.OWNER.email))
        db.session.rollback()
    if owner is None:
        return False
    return passwords.is_right(owner.password_hash, cast.PASSWORD, method=config.password_method)


def _sign_in(config: Config) -> str:
    people = (
        (cast.OWNER.email, "a bookshop with forty clients"),
        ("moderator@example.org", "moderates mailings and the blog"),
        ("admin@example.org", "administers everything"),
    )
    lines = [f"Sign in at {config.public_url}/auth/login with the password {cast.PASSWORD}"]
    lines += [f"  {email:<24}{what}" for email, what in people]
    if config.mail.host == "127.0.0.1":
        lines.append(f"Letters arrive at {config.public_url}/inbox/")
    return "\n".join(lines)
