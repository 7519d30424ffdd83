"""The ground under the tables: base class, column types, and how each database begins a transaction.

Whatever may write begins IMMEDIATE on SQLite, so that no transaction loses its race half way;
pages that only read say so with `reading()` and take no write lock.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime
from enum import StrEnum
from typing import Annotated, Any, TypeVar

from sqlalchemy import (
    BigInteger,
    Connection,
    DateTime,
    Dialect,
    Engine,
    Enum,
    Integer,
    MetaData,
    Select,
    event,
    make_url,
)
from sqlalchemy.dialects.sqlite.base import SQLiteCompiler
from sqlalchemy.orm import DeclarativeBase, mapped_column
from sqlalchemy.types import TypeDecorator

NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}
BUSY_TIMEOUT_MS = 15_000
# how long a PostgreSQL whose host has vanished without a word is waited for: well within a worker's lease of 60 s.
# The kernel's own patience is hours for a reply, and a quarter of one for what was sent. On unix sockets without effect
POSTGRES_PATIENCE = {
    "connect_timeout": 10,
    "keepalives": 1,
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 4,
    "tcp_user_timeout": 30_000,  # ms
}

_Row = TypeVar("_Row")
_is_reading: ContextVar[bool] = ContextVar("is_reading", default=False)


class Base(DeclarativeBase):
    """Parent of every table; constraint names are fixed so that migrations can drop them."""

    metadata = MetaData(naming_convention=NAMING)


class UTCDateTime(TypeDecorator[datetime]):
    """An aware moment, stored in UTC. Refuses naive values: a zone guessed later is a wrong letter."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Turn an aware moment into UTC; raise ValueError for a naive one."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"naive datetime {value!r} cannot be stored")
        moment = value.astimezone(UTC)
        return moment.replace(tzinfo=None) if dialect.name == "sqlite" else moment

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Hand back an aware moment in UTC."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


def stored_by_value(kind: type[StrEnum], *, name: str, is_checked: bool = True) -> Enum:
    """A text column that holds the values of `kind` and, unless the table brings its own, a CHECK for nothing else."""
    return Enum(
        kind,
        name=name,
        native_enum=False,
        create_constraint=is_checked,
        length=20,
        values_callable=lambda members: [member.value for member in members],
    )


def one_of(kind: type[StrEnum], column: str, usual: str) -> str:
    """SQL of a CHECK for the values of `kind` that tries the usual case first.

    SQLite builds the list of an IN anew for every row: 3 to 5 µs, more than all the rest of an insert.
    """
    values = ", ".join(f"'{member.value}'" for member in kind)
    return f"{column} {usual} OR {column} IN ({values})"


BigId = BigInteger().with_variant(Integer, "sqlite")
Id = Annotated[int, mapped_column(BigId, primary_key=True)]
Moment = Annotated[datetime, mapped_column(UTCDateTime)]


@contextmanager
def reading() -> Iterator[None]:
    """Transactions begun inside take no write lock on SQLite. For GET, HEAD and reports."""
    mark = _is_reading.set(True)
    try:
        yield
    finally:
        _is_reading.reset(mark)


@contextmanager
def writing() -> Iterator[None]:
    """The opposite of `reading`, for the one small write that a read may bring along (last seen)."""
    mark = _is_reading.set(False)
    try:
        yield
    finally:
        _is_reading.reset(mark)


def read_only(is_reading: bool) -> None:
    """Set the mode of this thread's coming transactions; for the edges of a request, where `with` cannot reach."""
    _is_reading.set(is_reading)


def to_change(statement: Select[_Row]) -> Select[_Row]:
    """The same rows as they are now, kept from other writers until the end of the transaction; SQLite has one anyway.

    Whoever only points at them is not kept waiting.
    """
    return statement.with_for_update(key_share=True).execution_options(populate_existing=True)


class _HintingCompiler(SQLiteCompiler):
    """Says `with_hint(..., "INDEXED BY ...", "sqlite")`, which SQLAlchemy knows but does not write for SQLite."""

    def get_from_hint_text(self, table: Any, text: str | None) -> str | None:
        """The hint as it stands."""
        return text


def connect_args(url: str) -> dict[str, int]:
    """What to tell the driver of this database beside its address, which has the last word."""
    address = make_url(url)
    if address.get_backend_name() != "postgresql":
        return {}
    return {name: value for name, value in POSTGRES_PATIENCE.items() if name not in address.query}


def prepare(engine: Engine) -> None:
    """Teach a SQLite engine durability, foreign keys, patience and explicit transactions; others need nothing."""
    if engine.dialect.name != "sqlite":
        return
    engine.dialect.statement_compiler = _HintingCompiler
    event.listen(engine, "connect", _on_connect)
    event.listen(engine, "begin", _on_begin)


def _on_connect(connection: sqlite3.Connection, _record: Any) -> None:
    connection.isolation_level = None  # we say BEGIN ourselves; the driver's own BEGIN loses updates
    for pragma in (
        f"busy_timeout={BUSY_TIMEOUT_MS}",
        "journal_mode=WAL",
        "synchronous=FULL",  # NORMAL forgets claims on power loss
        "foreign_keys=ON",
        "cache_size=-1000",  # KiB per connection instead of 2000: what a worker's memory grows by
    ):
        connection.execute(f"PRAGMA {pragma}")


def _on_begin(connection: Connection) -> None:
    connection.exec_driver_sql("BEGIN" if _is_reading.get() else "BEGIN IMMEDIATE")
