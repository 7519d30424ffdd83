"""SQLite: one writer at a time, begun IMMEDIATE; times are text in UTC, as SQLAlchemy's DateTime writes them."""

import json
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, date, datetime
from functools import lru_cache
from itertools import chain, compress
from operator import not_
from typing import Any

from mailer.dispatch.ledger.drivers import (
    Answer,
    Clash,
    Column,
    Columns,
    Driver,
    Gathered,
    Table,
    Transaction,
    are_constant,
)
from mailer.dispatch.ledger.interface import LedgerUnavailable

_CLOCK = "strftime('%Y-%m-%d %H:%M:%f000', 'now'"
_DAY_S = 86_400
HANDFULS = (250, 25)  # rows of one statement; each size is compiled once


@lru_cache(maxsize=256)
def _question_marks(sql: str) -> str:
    return sql.replace("%s", "?")


@lru_cache(maxsize=256)
def _insert(table: Table, constant: tuple[bool, ...], rows: int) -> str:
    """The constant columns first, by numbered marks, bound once for all rows; then those of each row.

    Only the constants have numbers: from 3.12 on Python asks for the name of each mark, and SQLite keeps one for each
    numbered one, in a list that it walks through.
    """
    names = [name for name, _type in table.columns]
    fixed, others = [*compress(names, constant)], [*compress(names, map(not_, constant))]
    row = ", ".join([*(f"?{mark}" for mark, _name in enumerate(fixed, 1)), *("?" for _name in others)])
    values = ", ".join([f"({row})"] * rows)
    return f"INSERT INTO {table.name} ({', '.join([*fixed, *others])}) VALUES {values}"  # noqa: S608 — our constants


class SqliteTransaction(Transaction):
    """Statements of one connection, each run at once."""

    def __init__(self, driver: Driver, connection: sqlite3.Connection) -> None:
        """`connection` has begun."""
        super().__init__(driver)
        self._connection = connection

    def ask(self, sql: str, values: Sequence[Any] = ()) -> Answer:
        """Run it; its rows are read at once, lest a later write change them."""
        found = self._connection.execute(_question_marks(sql), values).fetchall()
        return lambda: found

    def gather(self, sql: str, columns: Sequence[str], values: Sequence[Any] = ()) -> Gathered:
        """All rows in one step: the driver lets go of the interpreter at each, and a busy loop gives it back late."""
        arrays = ", ".join(f"json_group_array({name})" for name in columns)
        found = self._connection.execute(_question_marks(f"SELECT {arrays} FROM ({sql})"), values).fetchone()  # noqa: S608
        return lambda: found

    def insert(self, table: Table, columns: Sequence[Column]) -> None:
        """Rows by the handful: cheaper than one by one, and the loop's thread is not woken for each."""
        if not (columns and columns[0]):
            return
        constant, start = are_constant(columns), 0
        same = [column[0] for column, is_constant in zip(columns, constant, strict=True) if is_constant]
        other = [column for column, is_constant in zip(columns, constant, strict=True) if not is_constant]
        for size in HANDFULS:
            for end in range(start + size, len(columns[0]) + 1, size):
                handful = zip(*(column[start:end] for column in other), strict=True)
                self._connection.execute(_insert(table, constant, size), [*same, *chain.from_iterable(handful)])
                start = end
        rest = zip(*(column[start:] for column in columns), strict=True)
        self._connection.executemany(_insert(table, (False,) * len(columns), 1), rest)


class SqliteDriver(Driver):
    """See the module."""

    now = f"{_CLOCK})"
    lock_r = ""
    is_single = True

    @contextmanager
    def _transaction(self, *, writes: bool) -> Iterator[Transaction]:
        try:
            pooled = self.engine.raw_connection()
            try:
                connection: Any = pooled.driver_connection
                connection.execute("BEGIN IMMEDIATE" if writes else "BEGIN")
                yield SqliteTransaction(self, connection)
                connection.execute("COMMIT")
            finally:
                pooled.close()  # rolls back what is not committed
        except sqlite3.IntegrityError as error:
            raise Clash(str(error)) from error
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode == sqlite3.SQLITE_ERROR:
                raise  # a mistake of ours; busy for too long, disk full and file gone have codes of their own
            raise LedgerUnavailable(str(error)) from error

    def later(self, seconds: int) -> str:
        """SQL: the machine's clock plus so many seconds."""
        return f"{_CLOCK}, '{seconds:+d} seconds')"

    def seconds_since(self, column: str) -> str:
        """SQL: seconds, exact to the millisecond."""
        return f"(julianday('now') - julianday({column})) * {_DAY_S}"

    def among(self, column: str) -> str:
        """SQL: membership in a JSON list."""
        return f"{column} IN (SELECT value FROM json_each(%s))"  # noqa: S608 — our own columns

    def ids(self, numbers: Iterable[int]) -> Any:
        """A JSON list."""
        return json.dumps(list(numbers))

    def relation(self, columns: Columns) -> str:
        """By place; `->>` is younger than what long-supported systems have (3.37 in Ubuntu 22.04)."""
        places = enumerate(name for name, _type in columns)
        values = ", ".join(f"json_extract(value, '$[{place}]') AS {name}" for place, name in places)
        return f"(SELECT {values} FROM json_each(%s)) AS v"  # noqa: S608 — our own columns

    def moment(self, at: datetime) -> Any:
        """26 characters, which sort like moments."""
        return self.stamp(at)

    def stamp(self, at: datetime) -> str:
        """The same."""
        utc = at if at.tzinfo is UTC else at.astimezone(UTC)
        return utc.isoformat(" ", "microseconds")[:26]

    def read_moment(self, value: Any) -> datetime:
        """From text."""
        return datetime.fromisoformat(value).replace(tzinfo=UTC)

    def day(self, on: date) -> Any:
        """ISO text."""
        return on.isoformat()

    def read_day(self, value: Any) -> date:
        """From ISO text."""
        return date.fromisoformat(value)

    def read_wall(self, value: Any) -> datetime:
        """From text without a zone."""
        return datetime.fromisoformat(value)
