"""`flask send` that kills itself at one statement of SQLite's: a death no signal from outside can aim at.

    python -m tests.engine.faults.dying COMMIT 3

dies at the third window's COMMIT, before it is carried out; with BEGIN at the next transaction's first word, when the
third window is committed and nobody in the process has acted on it.
"""

import os
import signal
import sqlite3
import sys

from flask.cli import main
from sqlalchemy import event
from sqlalchemy.pool import Pool


class Executioner:
    """Sees each statement before it is carried out."""

    def __init__(self, last_word: str, windows: int) -> None:
        self.last_word = last_word
        self.left = windows
        self.has_written = False

    def __call__(self, statement: str) -> None:
        self.has_written |= statement.startswith("INSERT INTO attempt")
        word = statement.partition(" ")[0]
        if word == "COMMIT" and self.has_written:
            self.left -= 1
            self.has_written = False
        if self.left <= 0 and word == self.last_word:
            os.kill(os.getpid(), signal.SIGKILL)


def watch(connection: sqlite3.Connection, _record: object) -> None:
    """Every connection has the same watcher: windows are counted over all of them."""
    connection.set_trace_callback(EXECUTIONER)


if __name__ == "__main__":
    EXECUTIONER = Executioner(sys.argv[1], int(sys.argv[2]))
    event.listen(Pool, "connect", watch)
    sys.argv[1:] = ["--app", "wsgi", "send"]
    main()
