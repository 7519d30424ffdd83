"""Logging for every door: web, consumer and commands write the same lines to standard error."""

import logging
import re
import sys
import time

from sqlalchemy.exc import OperationalError, ProgrammingError

FORMAT = "%(asctime)s %(levelname)-7s %(name)s: %(message)s"
# where the address of a page is a secret: the links of letters
SECRET_LINK = re.compile(r"(/(?:auth/(?:confirm|reset|email)|unsubscribe)/)[^\s?\[]+")
# what says the address of a request; a logger's filter does not hold for its children
SPEAK_OF_ADDRESSES = ("werkzeug", "gunicorn.error", "gunicorn.access")


class NoSecretLinks(logging.Filter):
    """A request is logged with its address, and so is a crash; that of a letter's link is a secret."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Always keeps the record; puts an ellipsis in the place of the token."""
        said = record.getMessage()
        if SECRET_LINK.search(said):
            record.msg, record.args = SECRET_LINK.sub(r"\1…", said), ()
        return True


class OneLine(logging.Formatter):
    """A line break in a message cannot forge a second line. Its time is UTC, and says so."""

    converter = staticmethod(time.gmtime)
    default_time_format, default_msec_format = "%Y-%m-%dT%H:%M:%S", "%s.%03dZ"

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 - the library's name
        """The formatted line, control characters shown as escapes."""
        line = super().formatMessage(record)
        return "".join(char if char.isprintable() else char.encode("unicode_escape").decode() for char in line)


class DatabaseTrouble(logging.Filter):
    """The consumer meets a dead or unmigrated database each minute: one line each time, no traceback."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Always keeps the record; puts the sentence in the place of the traceback."""
        error = record.exc_info[1] if record.exc_info else None
        if sentence := database_sentence(error):
            record.msg, record.args, record.exc_info = "%s", (sentence,), None
        return True


def database_sentence(error: BaseException | None) -> str:
    """What to say of a database that cannot be used, or nothing for any other error."""
    if not isinstance(error, OperationalError | ProgrammingError):
        return ""
    words = str(error.orig).strip().splitlines()[0]
    hint = "Check DATABASE_URL, and run “flask db upgrade” if the database is new or the service was updated."
    return f"the database cannot be used: {words}. {hint}"


def install(level: str) -> None:
    """Send our own loggers to standard error at `level`; safe to call again."""
    logger = logging.getLogger("mailer")
    logger.setLevel(level)
    if not any(isinstance(handler.formatter, OneLine) for handler in logger.handlers):
        handler = logging.StreamHandler(sys.stderr)
        handler.setFormatter(OneLine(FORMAT))
        logger.addHandler(handler)
        for speaker in (handler, *map(logging.getLogger, SPEAK_OF_ADDRESSES)):
            speaker.addFilter(NoSecretLinks())
        logging.getLogger("huey").addFilter(DatabaseTrouble())
