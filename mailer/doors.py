"""How the two doors (wsgi.py, tasks.py) open: whatever stops the service is one clear line, not a traceback."""

import sys
from types import TracebackType

from flask import Flask

from mailer.app import create_app
from mailer.config import ConfigError
from mailer.logs import database_sentence, trace_of

# of all that a worker may leave with the one that gunicorn takes for good: it ends too, and does not try for ever
CANNOT_START = 3


def open_app() -> Flask:
    """The app of this process; leaves with one sentence when its settings cannot be used."""
    sys.excepthook = say_in_one_line
    try:
        return create_app()
    except ConfigError as error:
        sys.stderr.write(f"mailer cannot start: {error}\n")
        raise SystemExit(CANNOT_START) from None


def say_in_one_line(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    """A database that is missing or not migrated gets a sentence; everything else its traceback."""
    sentence = database_sentence(error)
    sys.stderr.write(f"mailer: {sentence}\n" if sentence else trace_of(error))
