"""How PostgreSQL goes about the statements of the hot path: pinned, for a wrong plan is 50 times slower."""

import re
from collections.abc import Iterator
from datetime import date, timedelta
from itertools import count
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg.sql import SQL, Literal
from sqlalchemy import Engine, text
from sqlalchemy.orm import Session

from mailer.dispatch.ledger import candidates, finishing, open_driver, opening, readings
from mailer.dispatch.ledger.facts import read_runs
from mailer.dispatch.ledger.postgres import PostgresDriver
from mailer.models import Audience, Run
from tests.ledger.play import Play
from tests.support import world
from tests.support.fixtures_databases import migrate
from tests.support.postgres import Postgres

pytestmark = [
    pytest.mark.parametrize("database_url", ["postgres"], indirect=True),
    # statements are prepared: after a few executions the server may plan for any value
    pytest.mark.parametrize("mode", ["force_custom_plan", "force_generic_plan"]),
]
MANY = 20_000


@pytest.fixture
def fresh_postgres(postgres: Postgres, tmp_path: Path) -> Iterator[str]:
    """A database of each test's own: what is left of so many emptied rows costs more than a new one."""
    with postgres.fresh(lambda url: migrate(url, tmp_path)) as url:
        yield url


def nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for child in plan.get("Plans", ()):
        yield from nodes(child)


def plan_of(engine: Engine, sql: str, values: tuple[Any, ...], mode: str) -> list[dict[str, Any]]:
    """The nodes of the plan as it ran, outermost first. `mode`: planned for these values, or for any."""
    numbers = count(1)
    prepared = re.sub("%s", lambda _found: f"${next(numbers)}", sql)
    call = SQL("EXECUTE p ({})").format(SQL(", ").join(map(Literal, values))) if values else SQL("EXECUTE p")
    with psycopg.connect(host=engine.url.query["host"], dbname=engine.url.database, user="postgres") as connection:
        connection.execute(SQL("SET plan_cache_mode = {}").format(Literal(mode)))
        connection.execute(SQL("PREPARE p AS {}").format(SQL(prepared)))  # type: ignore[arg-type]
        found = connection.execute(SQL("EXPLAIN (ANALYZE, FORMAT JSON) ") + call).fetchone()
        assert found is not None
        return list(nodes(found[0][0]["Plan"]))


def page_plan(play: Play, engine: Engine, mode: str) -> list[dict[str, Any]]:
    with open_driver(engine).reading() as work:
        run = read_runs(work, [play.run_id])()[play.run_id]
        run.cursor = MANY // 2
        inner, values = candidates.audience(work, run, 200)
    sql = candidates._PAGE.format(page=inner)
    return plan_of(engine, sql, (run.owner_id, run.owner_id, run.opened_at, *values), mode)


def grow(play: Play, session: Session, **mailing: Any) -> None:
    """Many clients of three owners, in turn, a long suppression list, and fresh statistics."""
    others = [world.make_user(session).id for _ in range(2)]
    play.open(0, mailing=mailing)
    for statement in (
        "INSERT INTO client (owner_id, email, address_key, full_name, comment, created_at, updated_at)"
        f" SELECT (ARRAY[{play.owner.id}, {others[0]}, {others[1]}])[n % 3 + 1], n || '@example.org',"
        f" n || '@example.org', '', '', now(), now() FROM generate_series(1, {MANY}) n",
        "INSERT INTO suppression (owner_id, address, address_key, reason, note, created_at)"
        " SELECT owner_id, email, address_key, 'manual', '', now() FROM client WHERE id % 4 = 0",
        "INSERT INTO client_tag (client_id, tag_id)"
        " SELECT c.id, t.id FROM client c JOIN tag t ON t.owner_id = c.owner_id",
        "UPDATE run SET upto_client_id = (SELECT max(id) FROM client)",
    ):
        session.execute(text(statement))
    session.commit()
    analyze(session)


def analyze(session: Session) -> None:
    """What the server would do by itself within a minute."""
    with session.connection().engine.connect() as connection:
        connection.execution_options(isolation_level="AUTOCOMMIT").execute(text("ANALYZE"))
    session.rollback()


def clients(plan: list[dict[str, Any]]) -> list[str | None]:
    """The indexes by which they are read; None: all of them are."""
    return [node.get("Index Name") for node in plan if node.get("Relation Name") == "client"]


def looks_up_suppressions(plan: list[dict[str, Any]], *, asks_for_any: bool = False) -> bool:
    """One by one, by the unique index; `asks_for_any`: after a look at the first of the owner's list."""
    nodes = [node for node in plan if node.get("Relation Name") == "suppression"]
    is_by_index = all(node.get("Index Name") == "uq_suppression_owner_id_address_key" for node in nodes)
    firsts = [node for node in nodes if node["Actual Loops"] == 1 and node["Actual Rows"] == 1]
    return is_by_index and len(nodes) == 1 + asks_for_any and len(firsts) == asks_for_any


def test_a_page_of_all_clients_is_a_range_of_the_index(play: Play, session: Session, engine: Engine, mode: str) -> None:
    grow(play, session)
    plan = page_plan(play, engine, mode)
    (scan,) = (node for node in plan if node.get("Relation Name") == "client")
    assert scan["Index Name"] in {"ix_client_owner_id_id", "pk_client"}
    assert "id > " in scan["Index Cond"]
    assert scan["Actual Rows"] == 200
    assert scan.get("Rows Removed by Filter", 0) <= 600
    assert looks_up_suppressions(plan, asks_for_any=True)


def test_a_page_of_tagged_is_a_range_of_each_tag(
    play: Play, session: Session, engine: Engine, mode: str
) -> None:
    tags = [world.make_tag(session, play.owner) for _ in range(2)]
    grow(play, session, audience=Audience.TAGS, tags=tags)
    plan = page_plan(play, engine, mode)
    limits = [node for node in plan if node["Node Type"] == "Limit"]
    assert len([node for node in limits if node["Parent Relationship"] != "InitPlan"]) == 3
    tagged = [node for node in plan if node.get("Relation Name") == "client_tag"]
    assert [node["Actual Rows"] for node in tagged] == [200, 200]
    assert all("client_id > " in node["Index Cond"] for node in tagged)
    assert looks_up_suppressions(plan, asks_for_any=True)


def test_the_ticks_look_is_one_index(play: Play, session: Session, engine: Engine, mode: str) -> None:
    play.open(1)
    session.execute(
        text(
            "INSERT INTO mailing (owner_id, title, message_id, audience, starts_at, time_zone, frequency, \"interval\","
            " missed_run, is_draft, next_run_at, disabled_reason, created_at, updated_at)"
            " SELECT owner_id, title, message_id, audience, starts_at, time_zone, frequency, \"interval\", missed_run,"
            " is_draft, timestamptz '2027-01-01' + n * interval '1 minute', '', created_at, updated_at"
            f" FROM mailing, generate_series(1, {MANY}) n"
        )
    )
    session.commit()
    analyze(session)
    plan = plan_of(engine, opening._EARLIEST, (), mode)
    assert "ix_mailing_next_run_at" in {node.get("Index Name") for node in plan}


def test_a_page_of_picked_is_a_range_of_the_mailings_own(
    play: Play, session: Session, engine: Engine, mode: str
) -> None:
    grow(play, session, audience=Audience.PICKED)
    other = world.make_mailing(session, play.owner, audience=Audience.PICKED)
    pick = f"SELECT m, id FROM client, unnest(ARRAY[{play.mailing.id}, {other.id}]) m WHERE owner_id = {play.owner.id}"
    session.execute(text(f"INSERT INTO mailing_client (mailing_id, client_id) {pick}"))
    session.commit()
    analyze(session)
    plan = page_plan(play, engine, mode)
    (picked,) = (node for node in plan if node.get("Relation Name") == "mailing_client")
    assert picked["Index Name"] == "pk_mailing_client"
    assert all(part in picked["Index Cond"] for part in ("mailing_id = ", "client_id > ", "client_id <= "))
    assert picked["Actual Rows"] == 200
    assert clients(plan) == ["pk_client"]
    assert looks_up_suppressions(plan, asks_for_any=True)


def test_retries_that_are_due_are_a_range_of_the_runs_own(
    play: Play, session: Session, engine: Engine, mode: str
) -> None:
    grow(play, session)
    other = world.make_run(session, world.make_mailing(session, play.owner))
    again = (
        "SELECT r, id, 2, email, timestamptz '2026-03-02' + id * interval '1 second'"
        f" FROM client, unnest(ARRAY[{play.run_id}, {other.id}]) r"
    )
    session.execute(text(f"INSERT INTO retry (run_id, client_id, number, address, due_at) {again}"))
    session.commit()
    analyze(session)
    values = (play.owner.id, world.NOW, play.run_id, play.in_a_moment(), 200)
    plan = plan_of(engine, candidates._RETRIES, values, mode)
    (due,) = (node for node in plan if node.get("Relation Name") == "retry")
    assert due["Index Name"] == "ix_retry_run_id_due_at"
    assert all(part in due["Index Cond"] for part in ("run_id = ", "due_at <= "))
    assert due["Actual Rows"] <= 201
    assert set(clients(plan)) == {"pk_client"}
    assert looks_up_suppressions(plan)


LOOKS = {
    "to serve": readings._OPEN_RUNS.format(now=PostgresDriver.now, of_mailing=""),
    "to close": finishing._COMPLETE,
}


@pytest.mark.parametrize("sql", LOOKS.values(), ids=LOOKS)
def test_the_look_for_runs_reads_the_open_ones_and_a_retry_of_each(
    play: Play, session: Session, engine: Engine, mode: str, sql: str
) -> None:
    play.open(1, is_exhausted=True)
    columns = ", ".join(column.name for column in Run.__table__.columns if column.name not in {"id", "due_on", "state"})
    olden = f"SELECT due_on - n, 'done', {columns} FROM run, generate_series(4, {MANY // 10}) n"
    session.execute(text(f"INSERT INTO run (due_on, state, {columns}) {olden}"))
    later = f"SELECT {play.run_id}, n, 2, '', now() + interval '1 hour' FROM generate_series(1, {MANY}) n"
    session.execute(text(f"INSERT INTO retry (run_id, client_id, number, address, due_at) {later}"))
    for day in (1, 2, 3):  # of these the last claims are settled, and nobody waits
        world.make_run(session, play.mailing, due_on=date(2026, 3, 2) - timedelta(days=day), is_exhausted=True)
    session.commit()
    analyze(session)
    plan = plan_of(engine, sql, (500,), mode)
    (runs,) = (node for node in plan if node.get("Relation Name") == "run")
    assert (runs["Index Name"], runs["Actual Rows"] + runs.get("Rows Removed by Filter", 0)) == ("ix_run_open", 4)
    retries = [node for node in plan if node.get("Relation Name") == "retry"]
    assert {node["Index Name"] for node in retries} == {"ix_retry_run_id_due_at"}
    assert all(node["Actual Rows"] <= 1 for node in retries)
