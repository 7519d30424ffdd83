"""Who is next: the statements that read retries and the next page of an audience, each recipient marked.

The LIMIT stands inside, before anything is joined: PostgreSQL else joins the whole address book first (28 ms for 0.5).
"""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import compress, repeat
from typing import Any

from mailer.dispatch.ledger.drivers import Answer, Row, Transaction
from mailer.dispatch.ledger.facts import RunRow
from mailer.dispatch.ledger.rows import claim_list, list_recipients
from mailer.dispatch.ledger.types import Recipients
from mailer.models import Audience

# why not to write to client c; asked per row, by the unique index, for a join may choose to read the whole list
_STOPPED = """(SELECT CASE s.reason WHEN 'unsubscribed' THEN 'unsubscribed' ELSE 'suppressed' END
  FROM suppression s WHERE s.owner_id = %s AND s.address_key = c.address_key)"""
_CHANGED = "CASE WHEN c.address_changed_at > %s THEN 'address_changed' END"
_SKIP = f"coalesce({_STOPPED}, {_CHANGED})"
# whether there is anybody on the owner's list is asked once for the whole page: who is first on it, which is one step
# into the index, while PostgreSQL may look for anybody from the table's beginning to its end
_SKIP_OF_PAGE = f"""coalesce(
  CASE WHEN (SELECT min(o.address_key) FROM suppression o WHERE o.owner_id = %s) IS NOT NULL THEN {_STOPPED} END,
  {_CHANGED})"""  # noqa: S608 — our own constants

# clients are asked per row too: of a limit it does not know yet PostgreSQL expects a tenth of all retries, and may join
# the whole address book (21 ms for 1 at 300,000)
_RETRIES = f"""
SELECT t.client_id, t.number, t.address, (SELECT c.full_name FROM client c WHERE c.id = t.client_id) AS full_name,
  nullif(coalesce((SELECT coalesce({_SKIP}, '') FROM client c WHERE c.id = t.client_id), 'client_deleted'), '')
    AS reason
FROM (SELECT client_id, number, address, due_at FROM retry
  WHERE run_id = %s AND due_at <= %s ORDER BY due_at, client_id LIMIT %s) t
ORDER BY t.due_at, t.client_id"""  # noqa: S608 — our own constants

_PAGE = f"""
SELECT c.id AS client_id, c.email AS address, c.full_name, {_SKIP_OF_PAGE} AS reason
FROM ({{page}}) c"""  # noqa: S608

_COLUMNS = "k.id, k.email, k.full_name, k.address_key, k.address_changed_at"
_OF_OWNER = "FROM client k WHERE k.owner_id = %s AND k.id > %s AND k.id <= %s"
_ALL = f"SELECT {{columns}} {_OF_OWNER} ORDER BY k.id LIMIT %s"
_EVERYBODY = 1 << 60
_OF_IDS = "SELECT {columns} FROM ({ids}) i JOIN client k ON k.id = i.id"
_PICKED = (
    "SELECT client_id AS id FROM mailing_client"
    " WHERE mailing_id = %s AND client_id > %s AND client_id <= %s ORDER BY client_id LIMIT %s"
)
# a page of each tag's own index range: the smallest of all are among them
_TAGGED = (
    "SELECT id FROM (SELECT client_id AS id FROM client_tag"
    " WHERE tag_id = %s AND client_id > %s AND client_id <= %s ORDER BY client_id LIMIT %s) AS t"
)


@dataclass(frozen=True, slots=True)
class Page:
    """The next of an audience in the order of their ids, as columns; `reasons`: why not to write to them, or None.

    `listed` is a claim's list of all of them.
    """

    client_ids: Sequence[int]
    addresses: Sequence[str]
    names: Sequence[str]
    reasons: Sequence[str | None]
    listed: str

    def sendable(self) -> tuple[Recipients, str]:
        """Whom nothing speaks against, and a claim's list of them: the database has written it, if that is all."""
        people = Recipients(self.client_ids, (1,) * len(self.client_ids), self.addresses, self.names)
        if not any(self.reasons):
            return people, self.listed
        free = [reason is None for reason in self.reasons]
        people = Recipients(*([*compress(column, free)] for column in people.columns))
        return people, list_recipients(people)

    @property
    def rows(self) -> list[Row]:
        """Shaped as `retries`."""
        return [*zip(self.client_ids, repeat(1), self.addresses, self.names, self.reasons, strict=False)]


def retries(work: Transaction, run: RunRow, until: datetime, limit: int) -> Answer:
    """Who is due to be tried (again) until that moment: (client_id, number, address, name, skip reason)."""
    moment = work.driver.moment
    values = (run.owner_id, moment(run.opened_at), run.run_id, moment(until), limit)
    answer = work.gather(_RETRIES, ("client_id", "number", "address", "full_name", "reason"), values)
    return lambda: [*zip(*map(json.loads, answer()), strict=True)]


def page(work: Transaction, run: RunRow, limit: int) -> Callable[[], Page]:
    """The next `limit` of the audience above the cursor."""
    inner, values = audience(work, run, limit)
    values = (run.owner_id, run.owner_id, work.driver.moment(run.opened_at), *values)
    answer = work.gather(_PAGE.format(page=inner), ("client_id", "address", "full_name", "reason"), values)
    return lambda: _read(answer())


def _read(texts: Sequence[str]) -> Page:
    client_ids, addresses, names = map(json.loads, texts[:3])
    reasons = json.loads(texts[3]) if '"' in texts[3] else [None] * len(client_ids)
    if client_ids == sorted(client_ids):
        numbers = f"[{','.join('1' * len(client_ids))}]"
        return Page(client_ids, addresses, names, reasons, claim_list(texts[0], numbers, texts[1]))
    # the cursor rests on this order, and a database keeps a subquery's by habit, not by promise
    columns = [*zip(*sorted(zip(client_ids, addresses, names, reasons, strict=True)), strict=True)]
    return _read([json.dumps(column) for column in columns])


def audience(work: Transaction, run: RunRow, limit: int, columns: str = _COLUMNS) -> tuple[str, Sequence[Any]]:
    """SQL and values of one page of clients; `columns` of client k."""
    span = (run.cursor, run.upto_client_id, limit)
    if run.audience == Audience.ALL:
        return _ALL.format(columns=columns), (run.owner_id, *span)
    if run.audience == Audience.PICKED:
        return _OF_IDS.format(columns=columns, ids=_PICKED), (run.mailing_id, *span)
    tags = work.rows("SELECT tag_id FROM mailing_tag WHERE mailing_id = %s ORDER BY tag_id", (run.mailing_id,))
    if not tags:
        return f"{_ALL[:-8]}LIMIT 0".format(columns=columns), (run.owner_id, *span[:2])
    union = " UNION ".join([_TAGGED] * len(tags))
    values = [value for (tag_id,) in tags for value in (tag_id, *span)]
    return _OF_IDS.format(columns=columns, ids=f"{union} ORDER BY id LIMIT %s"), (*values, limit)


def how_many(work: Transaction, run: RunRow) -> int:
    """The whole audience above the cursor; where all are meant, in half the time that a page without end takes."""
    if run.audience == Audience.ALL:
        return int(work.rows(f"SELECT count(*) {_OF_OWNER}", (run.owner_id, run.cursor, run.upto_client_id))[0][0])
    inner, values = audience(work, run, _EVERYBODY, "k.id")
    return int(work.rows(f"SELECT count(*) FROM ({inner}) a", values)[0][0])  # noqa: S608 — our own constants
