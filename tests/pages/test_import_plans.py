"""A long import: few statements, and on PostgreSQL no plan made while the book was small is kept while it grows."""

from collections.abc import Sequence

import pytest
from sqlalchemy import event, text
from sqlalchemy.orm import Session

from mailer.services import imports
from tests.support.world import NOW, make_clients, make_user

# rows that this transaction has read by walking through a whole table
WALKED = "SELECT sum(seq_tup_read) FROM pg_stat_xact_user_tables WHERE relname = 'client'"


@pytest.mark.parametrize("database_url", ["postgres"], indirect=True)
def test_no_batch_walks_through_the_book_for_each_line(session: Session) -> None:
    owner = make_user(session)
    make_clients(session, owner, 5)
    session.commit()
    session.execute(text("ANALYZE client"))  # of so few rows the best plan reads all
    session.commit()
    rows = [[f"reader{n}@example.org", "", "spring"] for n in range(4_000)]
    imports.take_in(session, owner.id, rows[:20], extra_tags=["Spring"], now=NOW, commit=session.commit)
    walked: list[int] = []

    def commit() -> None:
        walked.append(session.scalar(text(WALKED)) or 0)
        session.commit()

    report = imports.take_in(session, owner.id, rows, extra_tags=(), now=NOW, commit=commit)
    assert (report.added, report.known) == (3_980, 20)
    assert max(walked) < 4_000  # for each line it would be hundreds of thousands


def test_a_batch_of_lines_needs_few_statements(session: Session) -> None:
    owner = make_user(session)
    session.commit()
    statements: list[str] = []

    def count(_on: object, _cursor: object, sql: str, values: Sequence[object], _context: object, many: bool) -> None:
        statements.extend([sql] * (len(values) if many else 1))

    engine = session.get_bind()
    event.listen(engine, "before_cursor_execute", count)
    rows = [[f"reader{n}@example.org", f"Reader {n}", "spring, bulk"] for n in range(imports.BATCH)]
    report = imports.take_in(session, owner.id, rows, extra_tags=["Bulk"], now=NOW, commit=session.commit)
    event.remove(engine, "before_cursor_execute", count)
    assert report.added == imports.BATCH
    assert len(statements) < 20  # whatever the number of lines
