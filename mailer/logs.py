"""Logging for every door: web, consumer and commands write the same lines to standard error."""

import logging
import sys

FORMAT = "%(asctime)s %(levelname)-7s %(name)s: %(message)s"


class OneLine(logging.Formatter):
    """A line break in a message cannot forge a second line."""

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 - the library's name
        """The formatted line, control characters shown as escapes."""
        line = super().formatMessage(record)
        return "".join(char if char.isprintable() else char.encode("unicode_escape").decode() for char in line)


def install(level: str) -> None:
    """Send our own loggers to standard error at `level`; safe to call again."""
    logger = logging.getLogger("mailer")
    logger.setLevel(level)
    if not any(isinstance(handler.formatter, OneLine) for handler in logger.handlers):
        handler = logging.StreamHandler(sys.stderr)
        handler.setFormatter(OneLine(FORMAT))
        logger.addHandler(handler)
