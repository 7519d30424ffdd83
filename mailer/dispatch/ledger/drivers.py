"""One database's manners behind one small face: how it begins, locks, binds values and writes many rows at once.

The statements of this package are written once, with %s for a value; a driver turns what differs.
Straight to the database driver, past SQLAlchemy's statements: they cost four times as much per row.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import Engine

Row = tuple[Any, ...]
Column = Sequence[Any]
# names, and PostgreSQL's types
Columns = tuple[tuple[str, str], ...]
# asks for the rows of a statement that is already on its way
Answer = Callable[[], list[Row]]
# asks for columns, each as a JSON array
Gathered = Callable[[], Sequence[str]]


class Clash(Exception):
    """A unique key was taken already. The transaction is rolled back."""


@dataclass(frozen=True, slots=True)
class Table:
    """A table as bulk inserts see it: its columns and their PostgreSQL types, in the order of what is inserted.

    "text" may be anything but NULL; "varchar" is a word of ours, or NULL.
    """

    name: str
    columns: Columns

    @property
    def names(self) -> str:
        """The columns, separated by commas."""
        return ", ".join(name for name, _type in self.columns)


class Transaction(ABC):
    """Statements between BEGIN and COMMIT; where the database can, they travel together."""

    def __init__(self, driver: "Driver") -> None:
        """`driver` says how values are bound."""
        self.driver = driver

    @abstractmethod
    def ask(self, sql: str, values: Sequence[Any] = ()) -> Answer:
        """Send a statement now, read its rows when they are wanted (after COMMIT at the latest)."""

    @abstractmethod
    def gather(self, sql: str, columns: Sequence[str], values: Sequence[Any] = ()) -> Gathered:
        """As `ask`, for many rows of numbers, texts and NULL: each of these columns as one JSON array, as text."""

    @abstractmethod
    def insert(self, table: Table, columns: Sequence[Column]) -> None:
        """Write many rows, given as columns (none or empty: no row); a taken key raises Clash now or at the end."""

    def rows(self, sql: str, values: Sequence[Any] = ()) -> list[Row]:
        """Send a statement and read its rows."""
        return self.ask(sql, values)()

    def run(self, sql: str, values: Sequence[Any] = ()) -> None:
        """Send a statement whose answer nobody waits for."""
        self.ask(sql, values)


def are_constant(columns: Sequence[Column]) -> tuple[bool, ...]:
    """Which columns have one value in all rows: such a value is bound once, which spares most of an insert's cost."""
    return tuple(one[0] == one[-1] and one.count(one[0]) == len(one) for one in columns)


class Driver(ABC):
    """Common face of both databases."""

    # SQL: the database's clock, and the suffix that locks the rows of the table called r until COMMIT
    now: str
    lock_r: str
    # exactly one process may send
    is_single: bool
    # SQL before and in the FROM of a statement whose COMMIT need not be on the disk, where the database can do that
    hastily: tuple[str, str] = ("", "")

    def __init__(self, engine: Engine) -> None:
        """`engine` is the app's own, prepared by orm.prepare."""
        self.engine = engine

    @contextmanager
    def transaction(self) -> Iterator[Transaction]:
        """A transaction that may write. Raises Clash or LedgerUnavailable; nothing is written then."""
        with self._transaction(writes=True) as work:
            yield work

    @contextmanager
    def reading(self) -> Iterator[Transaction]:
        """A transaction that only reads and takes no write lock."""
        with self._transaction(writes=False) as work:
            yield work

    @abstractmethod
    def _transaction(self, *, writes: bool) -> Any: ...

    @abstractmethod
    def later(self, seconds: int) -> str:
        """SQL: the database's clock plus so many seconds."""

    @abstractmethod
    def seconds_since(self, column: str) -> str:
        """SQL: seconds from the moment in `column` to the database's clock."""

    @abstractmethod
    def among(self, column: str) -> str:
        """SQL: `column` is one of the ids of one bound value, made by `ids`."""

    @abstractmethod
    def ids(self, numbers: Iterable[int]) -> Any:
        """The value for `among`."""

    @abstractmethod
    def relation(self, columns: Columns) -> str:
        """SQL: the rows of one bound value, a JSON array of arrays, as a table called v."""

    @abstractmethod
    def moment(self, at: datetime) -> Any:
        """An aware moment as this database binds it."""

    @abstractmethod
    def stamp(self, at: datetime) -> str:
        """An aware moment as text, for `insert`."""

    @abstractmethod
    def read_moment(self, value: Any) -> datetime:
        """A moment from a row, aware, UTC."""

    @abstractmethod
    def day(self, on: date) -> Any:
        """A date as this database binds it."""

    @abstractmethod
    def read_day(self, value: Any) -> date:
        """A date from a row."""

    @abstractmethod
    def read_wall(self, value: Any) -> datetime:
        """The house's one naive moment: wall-clock time, from a row."""
