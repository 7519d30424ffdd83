"""Where letters that came are kept: one SQLite file of its own in VAR_DIR, apart from everything that matters.

A letter stays as it came, byte for byte, until the inbox is emptied.
"""

import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from mailer.inbox.reading import Reading, read

FILE = "inbox.db"
BUSY_TIMEOUT_S = 15
PER_PAGE = 50
_TABLE = """
CREATE TABLE IF NOT EXISTS letter (
  id INTEGER PRIMARY KEY AUTOINCREMENT, received_at TEXT NOT NULL, sender TEXT NOT NULL, recipients TEXT NOT NULL,
  subject TEXT NOT NULL, words TEXT NOT NULL, raw BLOB NOT NULL)"""


@dataclass(frozen=True, slots=True)
class Line:
    """A letter in the list: its envelope, when it came, and its subject."""

    id: int
    received_at: datetime
    sender: str
    recipients: str
    subject: str


@dataclass(frozen=True, slots=True)
class Letter:
    """One letter whole: `raw` as it came, `read` as a mail program shows it."""

    line: Line
    raw: bytes
    read: Reading


class Box:
    """An open inbox. For one thread; other processes may have it open too."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def keep(self, sender: str, recipients: list[str], raw: bytes, *, now: datetime) -> int:
        """Write a letter down; its id."""
        reading, people = read(raw), ", ".join(recipients)
        words = "\n".join((people, sender, reading.subject, reading.sender, reading.text)).casefold()
        added = self._connection.execute(
            "INSERT INTO letter (received_at, sender, recipients, subject, words, raw) VALUES (?, ?, ?, ?, ?, ?)",
            (now.isoformat(), sender, people, reading.subject, words, raw),
        )
        return int(added.lastrowid or 0)

    def page(self, *, q: str = "", before: int | None = None, most: int = PER_PAGE) -> list[Line]:
        """The newest letters older than `before` that hold `q`, newest first."""
        found = self._connection.execute(
            "SELECT id, received_at, sender, recipients, subject FROM letter"
            " WHERE id < ? AND instr(words, ?) ORDER BY id DESC LIMIT ?",
            (2**62 if before is None else before, q.casefold(), most),
        )
        return [_line(row) for row in found]

    def get(self, letter_id: int) -> Letter | None:
        """One letter, if it is there."""
        row = self._connection.execute(
            "SELECT id, received_at, sender, recipients, subject, raw FROM letter WHERE id = ?", (letter_id,)
        ).fetchone()
        return Letter(_line(row), row[5], read(row[5])) if row else None

    def state(self) -> tuple[int, int]:
        """How many letters there are, and the id of the newest: either changes when anything does."""
        n, newest = self._connection.execute("SELECT count(*), coalesce(max(id), 0) FROM letter").fetchone()
        return int(n), int(newest)

    def empty(self) -> None:
        """Throw all letters away; their ids never come back."""
        self._connection.execute("DELETE FROM letter")


@contextmanager
def open_box(var_dir: Path) -> Iterator[Box]:
    """The inbox of this folder, made when missing; private, for letters hold links that open accounts."""
    var_dir.mkdir(parents=True, exist_ok=True)
    path = var_dir / FILE
    path.touch(mode=0o600)
    with closing(sqlite3.connect(path, timeout=BUSY_TIMEOUT_S, isolation_level=None)) as connection:
        _let_readers_in(connection)
        connection.execute("PRAGMA synchronous=OFF")  # what is shown here may be sent again: do not wait for the disk
        connection.execute(_TABLE)
        yield Box(connection)


def _let_readers_in(connection: sqlite3.Connection) -> None:
    """Write ahead, so that nobody who reads keeps letters waiting. The web and the mail server may open a new file at
    once, and SQLite's patience (`timeout`) does not cover this switch: it says "database is locked" at once.
    """
    until_s = time.monotonic() + BUSY_TIMEOUT_S
    while True:
        try:
            connection.execute("PRAGMA journal_mode=WAL")
        except sqlite3.OperationalError:
            if time.monotonic() >= until_s:
                raise
            time.sleep(0.005)
        else:
            return


def _line(row: tuple[int, str, str, str, str]) -> Line:
    return Line(row[0], datetime.fromisoformat(row[1]), row[2], row[3], row[4])
