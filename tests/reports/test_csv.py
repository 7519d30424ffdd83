"""The log as a file: all of it, streamed in pieces, harmless in a spreadsheet."""

import csv
import io

import pytest
from flask.testing import FlaskClient
from sqlalchemy import Engine, event
from sqlalchemy.orm import Session

from mailer.blueprints.reports.log import LINES_AT_ONCE
from mailer.models import User
from mailer.rules.outcome import Outcome, SkipReason
from tests.reports.logbook import finished_run, row, write
from tests.support.world import make_mailing


def table(web: FlaskClient, path: str) -> list[dict[str, str]]:
    """The file as rows."""
    return list(csv.DictReader(io.StringIO(web.get(path).get_data().decode("utf-8-sig"))))


@pytest.mark.both_databases
def test_the_file_holds_every_row_with_the_server_s_words(web: FlaskClient, session: Session, owner: User) -> None:
    run = finished_run(
        session, owner, [Outcome.ACCEPTED], mailing=make_mailing(session, owner, title="Новости, «утро»")
    )
    write(session, run, [row(run, 2, Outcome.REFUSED, reply_text='5.1.1 "no",\nsuch user')])
    write(session, run, [row(run, 3, Outcome.SKIPPED, reason=SkipReason.SUPPRESSED)])
    finished_run(session, owner, [Outcome.ACCEPTED])
    rows = table(web, f"/reports/attempts.csv?run={run.id}")
    assert [one["outcome"] for one in rows] == ["accepted", "refused", "skipped"]
    assert rows[0]["mailing"] == "Новости, «утро»"
    assert rows[0]["started_at"] == "2026-03-02T09:00:00.001+00:00"
    assert (rows[1]["reply_code"], rows[1]["reply_text"]) == ("550", '5.1.1 "no",\nsuch user')
    assert rows[2]["reason"] == "suppressed"
    assert len(table(web, "/reports/attempts.csv")) == 4
    assert len(table(web, "/reports/attempts.csv?outcome=refused")) == 1
    assert len(table(web, f"/reports/attempts.csv?run={run.id}&q=c3@")) == 1


@pytest.mark.parametrize("begin", ["=", "+", "-", "@", "\t", "\r"])
def test_no_cell_can_be_run_by_a_spreadsheet(web: FlaskClient, session: Session, owner: User, begin: str) -> None:
    evil = f"{begin}cmd|' /C calc'!A0"
    run = finished_run(session, owner, [], mailing=make_mailing(session, owner, title=evil))
    write(session, run, [row(run, 1, address=f"{evil}@example.org", reply_text=evil)])
    text = web.get("/reports/attempts.csv").get_data().decode("utf-8-sig")
    one = next(csv.DictReader(io.StringIO(text, newline="")))
    assert [one[name] for name in ("mailing", "address", "reply_text")] == [
        f"'{evil}",
        f"'{evil}@example.org",
        f"'{evil}",
    ]


@pytest.mark.both_databases
def test_the_file_is_written_while_it_is_read(web: FlaskClient, session: Session, owner: User, engine: Engine) -> None:
    run = finished_run(session, owner, [Outcome.ACCEPTED] * 5000)
    said: list[str] = []
    event.listen(engine, "before_cursor_execute", lambda *facts: said.append(facts[2]))
    pieces = web.get(f"/reports/attempts.csv?run={run.id}", buffered=False).iter_encoded()
    first = next(pieces)
    asked_at_first = len(said)
    assert first.startswith(b"\xef\xbb\xbfrun,")
    assert first.count(b"\n") == LINES_AT_ONCE + 1
    rest = list(pieces)
    assert sum(piece.count(b"\n") for piece in [first, *rest]) == 5001
    assert len(said) > asked_at_first  # the later rows were not even asked for when the first went out


def test_the_file_is_offered_for_keeping(web: FlaskClient, session: Session, owner: User) -> None:
    run = finished_run(session, owner, [Outcome.ACCEPTED])
    response = web.get(f"/reports/attempts.csv?run={run.id}")
    assert response.headers["Content-Disposition"] == f'attachment; filename="attempts-{run.id}.csv"'
    assert response.headers["Cache-Control"] == "no-store"
    assert response.content_type.startswith("text/csv")
