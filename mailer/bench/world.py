"""Worlds to measure in: owners, address books, mailings, logs, made by the database itself, a million in seconds."""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Engine, bindparam, insert, text
from sqlalchemy.orm import Session

from mailer.clock import utcnow
from mailer.models import Message, User
from mailer.orm import UTCDateTime

# about 2.5 KB on the wire, Cyrillic in both parts, a name in each
SUBJECT = "Новости книжной лавки для {{ name | друга }}"
_WORDS = "Мы получили новые книги и хотим показать их вам первыми. "
TEXT = "Здравствуйте, {{ name | друг }}!\n\n" + f"{_WORDS}\n" * 2 + "\nВаша лавка"
HTML = "<p>Здравствуйте, {{ name | друг }}!</p>" + f"<p>{_WORDS}</p>" * 2 + "<p>Ваша лавка</p>"

_SERIES = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < :size)"
_BOOK = f"""
INSERT INTO client (owner_id, email, address_key, full_name, comment, created_at, updated_at)
{_SERIES} SELECT u.id, 'c' || n.i || '-' || u.id || '@example.org', 'c' || n.i || '-' || u.id || '@example.org',
  'Клиент ' || n.i, '', :now, :now
FROM "user" u CROSS JOIN n WHERE u.id >= :first AND u.id <= :last ORDER BY u.id, n.i"""  # noqa: S608
_PLANS = f"""
INSERT INTO mailing (owner_id, title, message_id, audience, starts_at, time_zone, frequency, "interval", missed_run,
  is_draft, next_run_at, disabled_reason, created_at, updated_at)
{_SERIES} SELECT m.owner_id, 'Mailing ' || n.i, m.id, 'all', :starts_at, 'UTC', 'daily', 1, 'send_late',
  :no, :due_at, '', :now, :now
FROM message m CROSS JOIN n WHERE m.owner_id >= :first AND m.owner_id <= :last"""  # noqa: S608
_RUNS = f"""
INSERT INTO run (mailing_id, owner_id, due_on, scheduled_for, version_id, state, missed_count, held_words, held_count,
  cursor, upto_client_id, is_exhausted, expected, total, accepted, refused, skipped, unanswered, deferred,
  opened_at, finished_at)
{_SERIES} SELECT m.id, m.owner_id, :on, :now, NULL, 'done', 0, '', 0, 0, 0, :yes, :each, :each, :good, :bad, 0, 0, 0,
  :now, :now
FROM (SELECT id, owner_id, row_number() OVER (ORDER BY id) AS place FROM mailing) m JOIN n ON n.i = m.place"""  # noqa: S608
_LOG = f"""
INSERT INTO attempt (run_id, client_id, number, address, started_at, took_ms, outcome, reply_code, reply_text,
  is_rebuilt)
{_SERIES} SELECT r.id, n.i, 1, 'c' || n.i || '@example.org', :now, 12,
  CASE WHEN n.i % 50 = 0 THEN 'refused' ELSE 'accepted' END, CASE WHEN n.i % 50 = 0 THEN 550 ELSE 250 END,
  CASE WHEN n.i % 50 = 0 THEN '5.1.1 no such user' ELSE '2.0.0 Ok: queued as 4X2' END, :no
FROM run r CROSS JOIN n"""  # noqa: S608


def make_owners(engine: Engine, count: int) -> tuple[int, int]:
    """So many trusted owners, each with one message; first and last id."""
    at = utcnow()
    with Session(engine) as session:
        before = session.scalar(text('SELECT coalesce(max(id), 0) FROM "user"')) or 0
        session.execute(insert(User), [_owner(before + 1 + n, at) for n in range(count)])
        first, last = session.execute(
            text('SELECT min(id), max(id) FROM "user" WHERE id > :before'), {"before": before}
        ).one()
        message = {"subject": SUBJECT, "text": TEXT, "html": HTML, "created_at": at, "updated_at": at}
        session.execute(insert(Message), [message | {"owner_id": owner} for owner in range(first, last + 1)])
        session.commit()
    return first, last


def fill_books(engine: Engine, owners: tuple[int, int], size: int) -> None:
    """Give each of these owners so many clients, each with a name of their own."""
    _run(engine, _BOOK, size=size, first=owners[0], last=owners[1], now=utcnow())


def plan(engine: Engine, owners: tuple[int, int], *, each: int = 1, due_in: timedelta = timedelta(0)) -> None:
    """So many daily mailings to all clients for each owner; due now, unless told otherwise."""
    at = utcnow()
    due_at = (at + due_in).replace(microsecond=0)
    facts = {"starts_at": due_at.replace(tzinfo=None), "due_at": due_at, "no": False, "now": at}
    _run(engine, _PLANS, size=each, first=owners[0], last=owners[1], **facts)


def fill_log(engine: Engine, *, runs: int, each: int) -> None:
    """Finished runs of the first mailings, with so many attempts each; one in fifty was refused."""
    bad = each // 50
    facts = {"on": utcnow().date() - timedelta(days=1), "each": each, "good": each - bad, "bad": bad}
    _run(engine, _RUNS, size=runs, yes=True, now=utcnow(), **facts)
    _run(engine, _LOG, size=each, no=False, now=utcnow())


def settle_down(engine: Engine) -> None:
    """What autovacuum would have done by the time that people come: without it PostgreSQL plans in the dark."""
    if engine.dialect.name == "postgresql":
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.exec_driver_sql("VACUUM ANALYZE")


def _run(engine: Engine, sql: str, **values: Any) -> None:
    kinds = [bindparam(name, type_=UTCDateTime()) for name in ("now", "due_at") if name in values]
    with engine.begin() as connection:
        connection.execute(text(sql).bindparams(*kinds), values)


def _owner(number: int, at: datetime) -> dict[str, Any]:
    email = f"owner{number}@example.org"
    return {
        "email": email,
        "email_key": email,
        "first_name": "Ольга",
        "last_name": f"Книжная {number}",
        "password_hash": "!",
        "time_zone": "UTC",
        "locale": "ru",
        "created_at": at,
        "confirmed_at": at,
        "trusted_at": at,
    }
