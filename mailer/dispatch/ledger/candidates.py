"""Who is next: the statements that read retries and the next page of an audience, each recipient marked.

The LIMIT stands inside, before anything is joined: PostgreSQL else joins the whole address book first (28 ms for 0.5).
"""

from collections.abc import Sequence
from datetime import datetime
from operator import itemgetter
from typing import Any

from mailer.dispatch.ledger.drivers import Answer, Transaction
from mailer.dispatch.ledger.facts import RunRow
from mailer.models import Audience

# why not to write to client c; asked per row, by the unique index, for a join may choose to read the whole list
_SKIP = """CASE WHEN c.id IS NULL THEN 'client_deleted' ELSE coalesce(
    (SELECT CASE s.reason WHEN 'unsubscribed' THEN 'unsubscribed' ELSE 'suppressed' END
      FROM suppression s WHERE s.owner_id = %s AND s.address_key = c.address_key),
    CASE WHEN c.address_changed_at > %s THEN 'address_changed' END) END"""

_RETRIES = f"""
SELECT t.client_id, t.number, t.address, c.full_name, {_SKIP} AS reason
FROM (SELECT client_id, number, address, due_at FROM retry
  WHERE run_id = %s AND due_at <= %s ORDER BY due_at, client_id LIMIT %s) t
LEFT JOIN client c ON c.id = t.client_id
ORDER BY t.due_at, t.client_id"""  # noqa: S608 — our own constants

_PAGE = f"""
SELECT c.id AS client_id, 1 AS number, c.email AS address, c.full_name, {_SKIP} AS reason
FROM ({{page}}) c"""  # noqa: S608
_FOUND = ("client_id", "number", "address", "full_name", "reason")

_COLUMNS = "id, email, full_name, address_key, address_changed_at"
_ALL = f"SELECT {_COLUMNS} FROM client WHERE owner_id = %s AND id > %s AND id <= %s ORDER BY id LIMIT %s"  # noqa: S608
_OF_IDS = (
    "SELECT k.id, k.email, k.full_name, k.address_key, k.address_changed_at"
    " FROM ({ids}) i JOIN client k ON k.id = i.id"
)
_PICKED = (
    "SELECT client_id AS id FROM mailing_client"
    " WHERE mailing_id = %s AND client_id > %s AND client_id <= %s ORDER BY client_id LIMIT %s"
)
# a page of each tag's own index range: the smallest of all are among them
_TAGGED = (
    "SELECT id FROM (SELECT client_id AS id FROM client_tag"
    " WHERE tag_id = %s AND client_id > %s AND client_id <= %s ORDER BY client_id LIMIT %s) AS t"
)


def retries(work: Transaction, run: RunRow, until: datetime, limit: int) -> Answer:
    """Who is due to be tried (again) until that moment: (client_id, number, address, name, skip reason)."""
    moment = work.driver.moment
    values = (run.owner_id, moment(run.opened_at), run.run_id, moment(until), limit)
    return work.gather(_RETRIES, _FOUND, values)


def page(work: Transaction, run: RunRow, limit: int) -> Answer:
    """The next `limit` of the audience above the cursor, by id; shaped as `retries`."""
    inner, values = audience(work, run, limit)
    values = (run.owner_id, work.driver.moment(run.opened_at), *values)
    answer = work.gather(_PAGE.format(page=inner), _FOUND, values)
    # the cursor rests on this order, and SQLite keeps a subquery's by habit, not by promise
    return lambda: sorted(answer(), key=itemgetter(0))


def audience(work: Transaction, run: RunRow, limit: int) -> tuple[str, Sequence[Any]]:
    """SQL and values of one page of clients."""
    span = (run.cursor, run.upto_client_id, limit)
    if run.audience == Audience.ALL:
        return _ALL, (run.owner_id, *span)
    if run.audience == Audience.PICKED:
        return _OF_IDS.format(ids=_PICKED), (run.mailing_id, *span)
    tags = work.rows("SELECT tag_id FROM mailing_tag WHERE mailing_id = %s ORDER BY tag_id", (run.mailing_id,))
    if not tags:
        return f"{_ALL[:-8]}LIMIT 0", (run.owner_id, *span[:2])
    union = " UNION ".join([_TAGGED] * len(tags))
    values = [value for (tag_id,) in tags for value in (tag_id, *span)]
    return _OF_IDS.format(ids=f"{union} ORDER BY id LIMIT %s"), (*values, limit)
