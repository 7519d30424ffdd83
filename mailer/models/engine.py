"""The engine room's own small tables: what is in flight, who is tried again, who sends, what was counted."""

from datetime import date

from sqlalchemy import ForeignKey, Index, LargeBinary, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from mailer.extensions import Model
from mailer.orm import BigId, Id, Moment, stored_by_value
from mailer.rules.outcome import Outcome


class Claim(Model):
    """The recipients a worker has in its hands now, as JSON `[[client_id, number, address], …]`."""

    __tablename__ = "claim"
    __table_args__ = {"sqlite_autoincrement": True}

    id: Mapped[Id]
    run_id: Mapped[int] = mapped_column(ForeignKey("run.id", ondelete="CASCADE"), index=True)
    worker: Mapped[str] = mapped_column(String(120), index=True)
    recipients: Mapped[str] = mapped_column(Text)
    claimed_at: Mapped[Moment]
    leased_until: Mapped[Moment]


class Retry(Model):
    """Who of a run is to be tried (again), as attempt `number`, and when. The row goes when it is claimed."""

    __tablename__ = "retry"
    __table_args__ = (Index("ix_retry_run_id_due_at", "run_id", "due_at"), {"sqlite_with_rowid": False})

    run_id: Mapped[int] = mapped_column(
        BigId, ForeignKey("run.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    client_id: Mapped[int] = mapped_column(BigId, primary_key=True, autoincrement=False)
    number: Mapped[int]
    address: Mapped[str] = mapped_column(String(254))
    due_at: Mapped[Moment]


class DailyTotal(Model):
    """Kept counters for charts and limits: an owner's outcomes per local day."""

    __tablename__ = "daily_total"

    owner_id: Mapped[int] = mapped_column(ForeignKey("user.id", ondelete="CASCADE"), primary_key=True)
    counted_on: Mapped[date] = mapped_column(primary_key=True)
    outcome: Mapped[Outcome] = mapped_column(stored_by_value(Outcome, name="outcome"), primary_key=True)
    n: Mapped[int] = mapped_column(default=0)


class Sender(Model):
    """Who is sending. On SQLite exactly one process: the one whose lease stands."""

    __tablename__ = "sender"

    name: Mapped[str] = mapped_column(String(40), primary_key=True)
    worker: Mapped[str] = mapped_column(String(120))
    leased_until: Mapped[Moment]


class Heartbeat(Model):
    """When something that must happen regularly last happened (the tick)."""

    __tablename__ = "heartbeat"

    name: Mapped[str] = mapped_column(String(40), primary_key=True)
    beat_at: Mapped[Moment]


class Secret(Model):
    """Keys made by the first migration, so that a new SECRET_KEY kills no unsubscribe link."""

    __tablename__ = "secret"

    name: Mapped[str] = mapped_column(String(40), primary_key=True)
    value: Mapped[bytes] = mapped_column(LargeBinary(64))
