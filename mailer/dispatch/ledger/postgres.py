"""PostgreSQL: statements travel in a pipeline, so that a turn waits for the server as rarely as it can."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, date, datetime
from functools import lru_cache
from typing import Any

import psycopg

from mailer.dispatch.ledger.drivers import (
    Answer,
    Clash,
    Column,
    Columns,
    Driver,
    Gathered,
    Row,
    Table,
    Transaction,
    are_constant,
)
from mailer.dispatch.ledger.interface import LedgerUnavailable

# between free texts: a control character that no address and no server's words need
_BETWEEN = "\x1f"


@lru_cache(maxsize=256)
def _insert(table: Table, constant: tuple[bool, ...]) -> str:
    """One statement with an array per column, and a value where all rows have the same: a tenth of one per row."""
    values, arrays, names = [], [], []
    for (name, kind), is_constant in zip(table.columns, constant, strict=True):
        values.append(f"%s::{kind}" if is_constant else name)
        if not is_constant:
            arrays.append("string_to_array(%s, E'\\x1f')" if kind == "text" else f"%s::{kind}[]")
            names.append(name)
    rows = f" FROM unnest({', '.join(arrays)}) AS u({', '.join(names)})" if names else ""
    return f"INSERT INTO {table.name} ({table.names}) SELECT {', '.join(values)}{rows}"


def _array(kind: str, column: Sequence[Any]) -> str:
    """A column as one text, for the driver's own lists cost a microsecond per value."""
    if kind == "text":
        joined = _BETWEEN.join(column)
        if joined.count(_BETWEEN) >= len(column):
            joined = _BETWEEN.join(value.replace(_BETWEEN, "\ufffd") for value in column)
        return joined
    if kind in {"int4", "int8", "bool"}:
        return f"{{{str(list(column))[1:-1]}}}".replace("None", "NULL")
    return f"{{{','.join(map(str, column))}}}".replace("None", "NULL")


class PostgresTransaction(Transaction):
    """Statements of one connection in pipeline mode; reading an answer waits for all before it."""

    def __init__(self, driver: Driver, connection: psycopg.Connection[Row]) -> None:
        """`connection` is in pipeline mode; the first statement begins."""
        super().__init__(driver)
        self._connection = connection

    def ask(self, sql: str, values: Sequence[Any] = ()) -> Answer:
        """Queue it."""
        return self._connection.execute(sql, values, prepare=True).fetchall

    def gather(self, sql: str, columns: Sequence[str], values: Sequence[Any] = ()) -> Gathered:
        """Queue it, for one row: to read a column's text costs us a quarter of what its values cost one by one."""
        arrays = ", ".join(f"coalesce(json_agg({name})::text, '[]')" for name in columns)
        answer = self.ask(f"SELECT {arrays} FROM ({sql}) AS found", values)  # noqa: S608
        return lambda: answer()[0]

    def insert(self, table: Table, columns: Sequence[Column]) -> None:
        """Queue one statement for all rows."""
        if not (columns and columns[0]):
            return
        constant = are_constant(columns)
        found = [*zip(table.columns, columns, constant, strict=True)]
        same = [column[0] for _name, column, is_constant in found if is_constant]
        arrays = [_array(kind, column) for (_name, kind), column, is_constant in found if not is_constant]
        self.ask(_insert(table, constant), same + arrays)


class PostgresDriver(Driver):
    """See the module."""

    # the clock itself, not the transaction's start: a turn may have waited for a lock
    now = "clock_timestamp()"
    lock_r = " FOR NO KEY UPDATE OF r"
    is_single = False
    hastily = ("WITH hastily AS (SELECT set_config('synchronous_commit', 'off', TRUE)) ", " FROM hastily")

    @contextmanager
    def _transaction(self, *, writes: bool) -> Iterator[Transaction]:
        try:
            pooled = self.engine.raw_connection()
            connection: Any = pooled.driver_connection
            try:
                with connection.pipeline():
                    yield PostgresTransaction(self, connection)
                    connection.commit()
            except psycopg.OperationalError:
                pooled.invalidate()
                raise
            finally:
                pooled.close()  # rolls back what is not committed
        except psycopg.IntegrityError as error:
            raise Clash(str(error)) from error
        except psycopg.OperationalError as error:
            raise LedgerUnavailable(str(error)) from error

    def later(self, seconds: int) -> str:
        """SQL: the server's clock plus so many seconds."""
        return f"clock_timestamp() + interval '{seconds} seconds'"

    def seconds_since(self, column: str) -> str:
        """SQL: seconds, exact to the microsecond."""
        return f"extract(epoch FROM clock_timestamp() - {column})::float8"

    def among(self, column: str) -> str:
        """SQL: membership in an array."""
        return f"{column} = ANY(%s::int8[])"

    def ids(self, numbers: Iterable[int]) -> Any:
        """A list becomes an array."""
        return list(numbers)

    def relation(self, columns: Columns) -> str:
        """By place."""
        values = ", ".join(f"(value ->> {place})::{kind} AS {name}" for place, (name, kind) in enumerate(columns))
        return f"(SELECT {values} FROM json_array_elements(%s)) AS v"  # noqa: S608 — our own columns

    def moment(self, at: datetime) -> Any:
        """As it is."""
        return at

    def stamp(self, at: datetime) -> str:
        """With its offset."""
        return at.isoformat(" ")

    def read_moment(self, value: Any) -> datetime:
        """In UTC, whatever the connection's zone."""
        return value.astimezone(UTC)

    def day(self, on: date) -> Any:
        """As it is."""
        return on

    def read_day(self, value: Any) -> date:
        """As it is."""
        return value

    def read_wall(self, value: Any) -> datetime:
        """As it is: the column has no zone."""
        return value
