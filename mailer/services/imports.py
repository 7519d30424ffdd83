"""Taking in many clients at once: what is new is added, what is known gets the tags, the rest is named with a reason.

Works in batches and commits each through the caller's `commit`, so that an import of a million lines
neither grows in memory nor keeps the senders waiting. Repeating an import changes nothing.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from itertools import islice
from typing import Any

from sqlalchemy import Result, text
from sqlalchemy.orm import Session

from mailer.services import addresses, batches, clients, tags
from mailer.services.addresses import Address

BATCH = 500
MOST_NAMED = 1000
HEADINGS = {
    "email": {"email", "e-mail", "mail", "address", "адрес", "почта", "эл. почта", "электронная почта"},
    "full_name": {"name", "full_name", "full name", "имя", "фио", "клиент", "ф.и.о."},
    "tags": {"tags", "tag", "метки", "метка", "теги", "тег", "группа"},
}
DEFAULT_ORDER = {"email": 0, "full_name": 1, "tags": 2}

_ADD = """
INSERT INTO client (owner_id, email, address_key, full_name, comment, created_at, updated_at)
SELECT :owner_id, email, address_key, full_name, '', :now, :now FROM {given} WHERE TRUE
ON CONFLICT DO NOTHING RETURNING address_key, id"""
_FIND = """
SELECT address_key, id FROM client
WHERE owner_id = :owner_id AND address_key IN (SELECT given.address_key FROM {given})"""
_TAG = """
INSERT INTO client_tag (client_id, tag_id) SELECT client_id, tag_id FROM {given} WHERE TRUE
ON CONFLICT DO NOTHING"""


class Reason(StrEnum):
    """Why a line was not taken."""

    NO_ADDRESS = "no_address"
    BAD_ADDRESS = "bad_address"
    TWICE = "twice"
    NAME_TOO_LONG = "name_too_long"
    TAG_TOO_LONG = "tag_too_long"


@dataclass(frozen=True, slots=True)
class Rejected:
    """One line that was not taken: its number in the file (from 1), what it said, and why not."""

    line: int
    said: str
    reason: Reason


@dataclass(slots=True)
class ImportReport:
    """What became of the lines; at most MOST_NAMED rejected ones are kept by name."""

    added: int = 0
    known: int = 0
    rejected_count: int = 0
    rejected: list[Rejected] = field(default_factory=list)

    @property
    def lines(self) -> int:
        """How many were looked at: neither blank nor a heading."""
        return self.added + self.known + self.rejected_count

    def reject(self, line: int, said: str, reason: Reason) -> None:
        """Count a line that cannot be taken, and name it while there is room."""
        self.rejected_count += 1
        if len(self.rejected) < MOST_NAMED:
            self.rejected.append(Rejected(line, said[:200], reason))


@dataclass(frozen=True, slots=True)
class _Line:
    address: Address
    full_name: str
    tag_names: tuple[str, ...]


def take_in(
    session: Session,
    owner_id: int,
    rows: Iterable[Sequence[str]],
    *,
    extra_tags: Sequence[str],
    now: datetime,
    commit: Callable[[], None],
) -> ImportReport:
    """Import `rows` (cells of a table, perhaps with a heading) for the owner; every client gets `extra_tags` too."""
    report = ImportReport()
    lines = _readable(rows, tuple(extra_tags), report)
    while batch := list(islice(lines, BATCH)):
        _store(session, owner_id, batch, report, now)
        commit()
    return report


def _readable(rows: Iterable[Sequence[str]], extra: tuple[str, ...], report: ImportReport) -> Iterator[_Line]:
    order, seen = DEFAULT_ORDER, set[str]()
    for number, row in enumerate(rows, 1):
        if not any(row):
            continue
        if number == 1 and (found := _heading(row)):
            order = found
            continue
        line = _read(row, order, extra)
        if isinstance(line, _Line) and line.address.key in seen:
            line = Reason.TWICE
        if isinstance(line, Reason):
            report.reject(number, ", ".join(row), line)
            continue
        seen.add(line.address.key)
        yield line


def _heading(row: Sequence[str]) -> dict[str, int] | None:
    cells = [cell.strip().casefold() for cell in row]
    found = {name: cells.index(cell) for name, words in HEADINGS.items() for cell in cells if cell in words}
    return found if "email" in found else None


def _read(row: Sequence[str], order: dict[str, int], extra: tuple[str, ...]) -> _Line | Reason:
    cell = {name: row[at] if at < len(row) else "" for name, at in order.items()}
    raw, name = cell["email"], " ".join(cell.get("full_name", "").split())
    if not raw:
        return Reason.NO_ADDRESS
    address = addresses.read(raw)
    if address is None:
        return Reason.BAD_ADDRESS
    if len(name) > 200:
        return Reason.NAME_TOO_LONG
    names = (*tags.names_in(cell.get("tags", "")), *extra)
    if any(len(tag) > tags.MAX_NAME for tag in names):
        return Reason.TAG_TOO_LONG
    printable = "".join(char for char in name if char.isprintable())
    return _Line(address, printable, names[: tags.MAX_PER_CLIENT])


def _store(session: Session, owner_id: int, batch: list[_Line], report: ImportReport, now: datetime) -> None:
    clients.take_book(session, owner_id)
    if session.get_bind().dialect.name == "postgresql":
        # a plan made while the book was small, a foreign key's too, would read the whole of it for every line
        session.execute(text("DISCARD PLANS"))
    rows = {line.address.key: _row(line) for line in batch}
    fresh = _ids(batches.run(session, _ADD, list(rows.values()), owner_id=owner_id, now=now))
    known = [row for key, row in rows.items() if key not in fresh]
    ids = fresh | _ids(batches.run(session, _FIND, known, owner_id=owner_id)) if known else fresh
    _tag(session, owner_id, batch, ids)
    report.added += len(fresh)
    report.known += len(known)


def _row(line: _Line) -> batches.Given:
    return {"email": line.address.email, "address_key": line.address.key, "full_name": line.full_name}


def _ids(found: Result[Any]) -> dict[str, int]:
    return {row.address_key: row.id for row in found}


def _tag(session: Session, owner_id: int, batch: list[_Line], ids: dict[str, int]) -> None:
    names = {name.casefold(): name for line in batch for name in line.tag_names}
    tag_ids = {tag.name_key: tag.id for tag in tags.ensure(session, owner_id, names.values())}
    pairs = [
        {"client_id": ids[line.address.key], "tag_id": tag_ids[name.casefold()]}
        for line in batch
        for name in line.tag_names
    ]
    if pairs:
        batches.run(session, _TAG, pairs)
