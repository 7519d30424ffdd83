"""A long import on PostgreSQL: no plan made while the book was empty is kept while it grows."""

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from mailer.services import imports
from tests.support.world import NOW, make_user

LOOKS = """
SELECT coalesce(sum(generic_plans), 0), coalesce(sum(custom_plans), 0) FROM pg_prepared_statements
WHERE statement LIKE 'SELECT client.address_key%'"""


@pytest.mark.parametrize("database_url", ["postgres"], indirect=True)
def test_each_batch_is_planned_for_the_book_as_it_is(session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(imports, "BATCH", 20)  # so that few lines make many batches
    owner = make_user(session)
    rows = [[f"c{n}@example.org"] for n in range(600)]
    report = imports.take_in(session, owner.id, rows, extra_tags=(), now=NOW, commit=session.commit)
    assert report.added == 600
    generic, custom = session.execute(text(LOOKS)).one()
    assert generic == 0
    assert custom > 20  # the driver prepares a statement when it has seen it a few times
