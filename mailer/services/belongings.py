"""Everything a person owns here, in one ZIP of CSV and JSON. Rows stream into a temporary file; no secret is in it."""

import csv
import io
import json
import zipfile
from collections.abc import Iterable
from datetime import date, datetime
from tempfile import SpooledTemporaryFile
from typing import IO, Any

from sqlalchemy import RowMapping, Select, case, select
from sqlalchemy.orm import Session

from mailer.models import (
    Attempt,
    AuditEntry,
    Client,
    ClientTag,
    Mailing,
    MailingClient,
    MailingTag,
    Message,
    MessageVersion,
    Post,
    Run,
    RunDomain,
    RunReason,
    RunTime,
    SignIn,
    Suppression,
    Tag,
    User,
    UserRole,
)
from mailer.orm import Base

IN_MEMORY = 4 * 1024 * 1024
AT_ONCE = 1000
WHO_AND_WHERE = frozenset({"actor", "address", "browser"})
# a spreadsheet takes such a cell for a formula (CWE-1236)
FORMULA = ("=", "+", "-", "@", "\t", "\r")


def pack(session: Session, user: User) -> IO[bytes]:
    """The archive, ready to be read from its start; the caller closes it."""
    # handed to the answer, which closes it: `with` would close it too early
    archive = SpooledTemporaryFile(max_size=IN_MEMORY)  # noqa: SIM115
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as box:
        for name, statement in parts_of(user).items():
            write = _write_json if name.endswith(".json") else _write_csv
            with box.open(name, "w", force_zip64=True) as raw, io.TextIOWrapper(raw, "utf-8", newline="") as file:
                result = session.execute(statement.execution_options(yield_per=AT_ONCE))
                write(file, list(result.keys()), result.mappings())
    archive.seek(0)
    return archive


def parts_of(user: User) -> dict[str, Select[Any]]:
    """File names and what stands in them. Ownership starts every query."""
    mine = user.id
    return {
        "profile.json": select(*_columns(User, "password_hash", "email_key", "username_key")).where(User.id == mine),
        "roles.csv": select(*_columns(UserRole, "user_id")).where(UserRole.user_id == mine),
        "clients.csv": select(*_columns(Client, "owner_id", "address_key")).where(Client.owner_id == mine),
        "client_tags.csv": select(Client.email, Tag.name)
        .join(ClientTag, ClientTag.client_id == Client.id)
        .join(Tag, Tag.id == ClientTag.tag_id)
        .where(Client.owner_id == mine),
        "suppressions.csv": select(*_columns(Suppression, "owner_id", "address_key")).where(
            Suppression.owner_id == mine
        ),
        "messages.json": select(*_columns(Message, "owner_id")).where(Message.owner_id == mine),
        "message_versions.json": select(*_columns(MessageVersion, "owner_id", "sha256")).where(
            MessageVersion.owner_id == mine
        ),
        "mailings.json": select(*_columns(Mailing, "owner_id", "disabled_by_id")).where(Mailing.owner_id == mine),
        "mailing_tags.csv": select(MailingTag.mailing_id, Tag.name)
        .join(Tag, Tag.id == MailingTag.tag_id)
        .where(Tag.owner_id == mine),
        "mailing_clients.csv": select(MailingClient.mailing_id, Client.email)
        .join(Client, Client.id == MailingClient.client_id)
        .where(Client.owner_id == mine),
        "runs.csv": select(*_columns(Run, "owner_id")).where(Run.owner_id == mine),
        **{f"{table.__tablename__}s.csv": _of_runs(table, mine) for table in (RunReason, RunDomain, RunTime)},
        "attempts.csv": select(*_columns(Attempt)).join(Run, Run.id == Attempt.run_id).where(Run.owner_id == mine),
        "posts.json": select(*_columns(Post, "author_id", "search_key")).where(Post.author_id == mine),
        "sessions.csv": select(*_columns(SignIn, "id_hash", "user_id")).where(SignIn.user_id == mine),
        "activity.csv": _activity(mine),
    }


def _activity(user_id: int) -> Select[Any]:
    """What concerns this account. Of a moderator's deed the archive tells no more than the page: not who, nor where."""
    is_anothers = AuditEntry.actor_id != user_id
    columns = [
        case((is_anothers, ""), else_=column).label(column.key) if column.key in WHO_AND_WHERE else column
        for column in _columns(AuditEntry, "actor_id", "user_id")
    ]
    return select(*columns).where(AuditEntry.user_id == user_id)


def _of_runs(table: type[RunReason | RunDomain | RunTime], owner_id: int) -> Select[Any]:
    return select(*_columns(table, "owner_id")).join(Run, Run.id == table.run_id).where(Run.owner_id == owner_id)


def _columns(table: type[Base], *but: str) -> list[Any]:
    return [column for column in table.__table__.columns if column.key not in but]


def _write_csv(file: IO[str], names: list[str], rows: Iterable[RowMapping]) -> None:
    file.write("\ufeff")  # or the usual spreadsheet takes UTF-8 for something else
    writer = csv.writer(file)
    writer.writerow(names)
    writer.writerows([_cell(row[name]) for name in names] for row in rows)


def _cell(value: Any) -> str:
    text = "" if value is None else str(_plain(value))
    return f"'{text}" if text.startswith(FORMULA) else text


def _write_json(file: IO[str], _names: list[str], rows: Iterable[RowMapping]) -> None:
    separator = "[\n"
    for row in rows:
        file.write(separator + json.dumps({key: _plain(value) for key, value in row.items()}, ensure_ascii=False))
        separator = ",\n"
    file.write("\n]\n" if separator == ",\n" else "[]\n")


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, datetime | date) else value
