"""Logging for every door: web, consumer and commands write the same lines to standard error."""

import logging
import re
import sqlite3
import sys
import time
import traceback
from collections.abc import Iterable, Mapping

import psycopg
from sqlalchemy.exc import OperationalError, ProgrammingError

FORMAT = "%(asctime)s %(levelname)-7s %(name)s: %(message)s"
# where the address of a page is a secret: the links of letters
SECRET_LINK = re.compile(r"(/(?:auth/(?:confirm|reset|email)|unsubscribe)/)[^\s?\[]+")
# errors whose words quote the value that did not fit
QUOTE_VALUES = (psycopg.DataError, sqlite3.OperationalError)
# what meets a dead database each minute
EACH_MINUTE = ("huey", "mailer.dispatch.account_mail")
QUOTED = re.compile(r"""["'].*""", re.DOTALL)
# what says the address of a request or logs a crash; a logger's filter does not hold for its children
SPEAK_OF_PEOPLE = ("werkzeug", "gunicorn.error", "gunicorn.access", "huey", "huey.consumer.Worker")


class NoSecrets(logging.Filter):
    """Keeps out the secret address of a letter's link, and the values of rows: a database's error names people."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Always keeps the record; puts an ellipsis in the place of the token or the value."""
        error = record.exc_info[1] if record.exc_info else None
        said, errors = record.getMessage(), [error, sys.exception(), *_errors_among(record.args)]
        if (told := without_values(SECRET_LINK.sub(r"\1…", said), errors)) != said:
            record.msg, record.args = told, ()
        if error is not None:
            record.exc_text = trace_of(error).rstrip("\n")
        return True


def _errors_among(values: object) -> Iterable[BaseException]:
    """Those that a message names; some come from another thread, and nobody handles them any more."""
    found = values.values() if isinstance(values, Mapping) else values if isinstance(values, tuple) else ()
    return (value for value in found if isinstance(value, BaseException))


def trace_of(error: BaseException) -> str:
    """The usual traceback, less what a database's errors quote of its rows."""
    return without_values("".join(traceback.format_exception(error)), [error])


def without_values(text: str, errors: Iterable[BaseException | None]) -> str:
    """The text, less what the words of these errors, and of those that led to them, quote of a database's rows."""
    waiting, seen = list(errors), set[int]()
    while waiting:
        error = waiting.pop()
        if error is None or id(error) in seen:
            continue
        seen.add(id(error))
        waiting += [error.__cause__, error.__context__]
        if isinstance(error, psycopg.Error | sqlite3.Error) and str(error):
            text = text.replace(str(error), database_words(error))
    return text


def database_words(error: BaseException | None) -> str:
    """What a database or its driver said: the kind of error, tables and constraints, no values of rows."""
    said = str(error)
    if isinstance(error, psycopg.Error):  # after its first words come DETAIL and CONTEXT: keys, whole rows
        said = error.diag.message_primary or said
    return QUOTED.sub("…", said) if isinstance(error, QUOTE_VALUES) else said


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
    words = database_words(error.orig).strip().splitlines()[0]
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
        for name in EACH_MINUTE:
            logging.getLogger(name).addFilter(DatabaseTrouble())
        for speaker in (handler, *map(logging.getLogger, SPEAK_OF_PEOPLE)):
            speaker.addFilter(NoSecrets())
