"""`flask inbox`: the mail server of the local inbox, alone. run.py starts it in development."""

import asyncio
import logging
import signal

import click
from flask import current_app
from flask.cli import with_appcontext

from mailer.clock import utcnow
from mailer.config import Config
from mailer.inbox.box import open_box
from mailer.inbox.server import HOST, Porter, serve

log = logging.getLogger(__name__)


@click.command("inbox")
@click.option("--port", type=click.IntRange(0, 65535), help="Where to listen; MAIL_PORT unless told, 0 for any.")
@with_appcontext
def inbox(port: int | None) -> None:
    """Take every letter that is sent to this machine's MAIL_PORT and show it under /inbox/."""
    config: Config = current_app.config["MAILER"]
    logging.getLogger("mail.log").setLevel(logging.WARNING)  # aiosmtpd would tell every command
    try:
        asyncio.run(_run(config, config.mail.port if port is None else port))
    except OSError as error:
        raise click.ClickException(f"The local inbox cannot listen: {error.strerror or error}") from None


async def _run(config: Config, port: int) -> None:
    until, loop = asyncio.Event(), asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, until.set)
    with open_box(config.var_dir) as box:
        await serve(Porter(box, clock=utcnow), port, until=until, ready=_say)


def _say(port: int) -> None:
    log.info("the local inbox takes letters at %s:%d", HOST, port)
