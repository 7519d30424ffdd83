"""Many rows for one statement. They travel as one JSON text: bound one by one, values cost more than rows do."""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Result, bindparam, text
from sqlalchemy.orm import Session

from mailer.orm import UTCDateTime

Given = Mapping[str, str | int]


def run(session: Session, sql: str, given: Sequence[Given], **values: Any) -> Result[Any]:
    """Execute `sql`, which reads the given rows (at least one, all of one shape) where it says {given}."""
    is_sqlite = session.get_bind().dialect.name == "sqlite"
    statement = text(sql.format(given=_table_on_sqlite(given[0]) if is_sqlite else _table_on_postgresql(given[0])))
    moments = [bindparam(name, type_=UTCDateTime()) for name, value in values.items() if isinstance(value, datetime)]
    return session.execute(statement.bindparams(*moments), {"given": json.dumps(given), **values})


def _table_on_sqlite(row: Given) -> str:
    columns = ", ".join(f"json_extract(value, '$.{name}') AS {name}" for name in row)
    return f"(SELECT {columns} FROM json_each(:given)) AS given"  # noqa: S608 - our own names


def _table_on_postgresql(row: Given) -> str:
    columns = ", ".join(f"{name} {'bigint' if isinstance(value, int) else 'text'}" for name, value in row.items())
    return f"json_to_recordset(CAST(:given AS json)) AS given({columns})"
