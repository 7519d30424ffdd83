"""`flask mail test`: does the mail server of the settings take a letter?"""

import click
from flask import current_app
from flask.cli import AppGroup
from flask_babel import force_locale

from mailer.clock import utcnow
from mailer.dispatch import account_mail, notes
from mailer.mail.patience import TROUBLE
from mailer.services import addresses

mail = AppGroup("mail", help="Check the mail server.")


@mail.command("test")
@click.argument("address")
def test(address: str) -> None:
    """Send one test letter to ADDRESS now and say what the server answered."""
    found = addresses.read(address)
    if found is None:
        raise click.ClickException(f"“{address}” is not an e-mail address.")
    config = current_app.config["MAILER"]
    with force_locale(config.default_locale):
        letter = notes.written(notes.trial(), to=found.email, locale=config.default_locale)
    try:
        account_mail.transport().send(letter, now=utcnow())
    except TROUBLE as error:
        raise click.ClickException(f"The letter was not taken: {_words(error)}") from None
    where = f"{config.mail.host}:{config.mail.port}" if config.mail.host else str(config.var_dir / "letters")
    click.echo(f"{where} took the letter to {found.email}.")


def _words(error: Exception) -> str:
    return " ".join(str(error).split()) or type(error).__name__
