"""The local inbox: shows a newcomer every letter the service sends, without a mail account. Development only.

`flask inbox` runs the mail server that fills it (`command`, `server`), `/inbox/` shows what came (`views`).
It knows nothing of users, mailings or our database; in production neither the command nor the pages exist.
"""

import logging

from flask import Flask

from mailer.inbox.command import inbox as command
from mailer.inbox.views import inbox


def install(app: Flask) -> None:
    """Add the pages and the command. The factory asks for this only in development."""
    app.register_blueprint(inbox)
    app.cli.add_command(command)
    logging.getLogger("werkzeug").addFilter(_is_worth_a_line)


def _is_worth_a_line(record: logging.LogRecord) -> bool:
    """Pages that ask every second or two would bury what run.py has to say."""
    return "/live" not in record.getMessage()
