"""Runs and the log: one row per occurrence sent, one row per conversation or decision about a recipient."""

from datetime import date
from enum import StrEnum

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, Text, UniqueConstraint, and_, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from mailer.extensions import Model
from mailer.models.mailings import Mailing
from mailer.models.messages import MessageVersion
from mailer.orm import BigId, Id, Moment, one_of, stored_by_value
from mailer.rules.outcome import Outcome, SkipReason


class RunState(StrEnum):
    """Where a run stands."""

    OPEN = "open"
    DONE = "done"
    CANCELLED = "cancelled"
    MISSED = "missed"


class HeldReason(StrEnum):
    """Why an open run waits."""

    PAUSED = "paused"
    DISABLED = "disabled"
    BRAKE = "brake"
    SERVER = "server"
    SENDER_REFUSED = "sender_refused"


class Run(Model):
    """One occurrence being sent, sent, or missed. The counters are kept with the rows, in one transaction."""

    __tablename__ = "run"
    __table_args__ = (
        UniqueConstraint("mailing_id", "due_on"),
        CheckConstraint(
            "total >= 0 AND accepted >= 0 AND refused >= 0 AND skipped >= 0 AND unanswered >= 0 AND deferred >= 0",
            name="counters",
        ),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[Id]
    mailing_id: Mapped[int] = mapped_column(ForeignKey("mailing.id", ondelete="CASCADE"))
    owner_id: Mapped[int] = mapped_column(ForeignKey("user.id", ondelete="CASCADE"))
    due_on: Mapped[date]
    scheduled_for: Mapped[Moment]
    version_id: Mapped[int | None] = mapped_column(ForeignKey("message_version.id", ondelete="RESTRICT"))
    state: Mapped[RunState] = mapped_column(stored_by_value(RunState, name="state"), default=RunState.OPEN)
    # how many occurrences a missed row stands for
    missed_count: Mapped[int] = mapped_column(default=0)
    held_reason: Mapped[HeldReason | None] = mapped_column(stored_by_value(HeldReason, name="held_reason"))
    held_at: Mapped[Moment | None]
    # a run that waits for a broken server: the server's words, how often, and when to try again
    held_words: Mapped[str] = mapped_column(String(1000), default="")
    held_count: Mapped[int] = mapped_column(default=0)
    held_until: Mapped[Moment | None]
    # a moderator looked and let it go on: the brake does not stop it again
    brake_released_at: Mapped[Moment | None]
    # set: everybody not yet claimed is written down as skipped for this reason
    drain_reason: Mapped[SkipReason | None] = mapped_column(stored_by_value(SkipReason, name="drain_reason"))
    cursor: Mapped[int] = mapped_column(BigId, default=0)
    upto_client_id: Mapped[int] = mapped_column(BigId, default=0)
    is_exhausted: Mapped[bool] = mapped_column(default=False)
    expected: Mapped[int | None]
    total: Mapped[int] = mapped_column(default=0)
    accepted: Mapped[int] = mapped_column(default=0)
    refused: Mapped[int] = mapped_column(default=0)
    skipped: Mapped[int] = mapped_column(default=0)
    unanswered: Mapped[int] = mapped_column(default=0)
    # recipients that wait for another try now
    deferred: Mapped[int] = mapped_column(default=0)
    give_up_at: Mapped[Moment | None]
    opened_at: Mapped[Moment]
    finished_at: Mapped[Moment | None]
    # the owner was told of a missed, waiting or troubled run
    noticed_at: Mapped[Moment | None]
    # its figures are kept (models/summaries.py), as far as the client `summarised_upto`. 0 and below: from the start,
    # and each time that the log of a closed run changes another number, so that a count under way sees it
    summarised_at: Mapped[Moment | None]
    summarised_upto: Mapped[int] = mapped_column(BigId, default=0, server_default=text("0"))

    mailing: Mapped[Mailing] = relationship()
    version: Mapped[MessageVersion | None] = relationship()


Index("ix_run_owner_id_scheduled_for", Run.owner_id, Run.scheduled_for)
Index(
    "ix_run_open",
    Run.id,
    sqlite_where=Run.state == RunState.OPEN,
    postgresql_where=Run.state == RunState.OPEN,
)
WANTS_SUMMARY = and_(Run.state.in_([RunState.DONE, RunState.CANCELLED]), Run.summarised_at.is_(None))
Index("ix_run_unsummarised", Run.id, sqlite_where=WANTS_SUMMARY, postgresql_where=WANTS_SUMMARY)


class Attempt(Model):
    """The log. Append-only; no foreign keys, so that it outlives the client; never edited but for a learned truth."""

    __tablename__ = "attempt"
    __table_args__ = (
        CheckConstraint(one_of(Outcome, "outcome", "= 'accepted'"), name="outcome"),
        CheckConstraint(one_of(SkipReason, "reason", "IS NULL"), name="reason"),
        {"sqlite_with_rowid": False},
    )

    run_id: Mapped[int] = mapped_column(BigId, primary_key=True, autoincrement=False)
    client_id: Mapped[int] = mapped_column(BigId, primary_key=True, autoincrement=False)
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    address: Mapped[str] = mapped_column(String(254))
    started_at: Mapped[Moment]
    took_ms: Mapped[int] = mapped_column(default=0)
    outcome: Mapped[Outcome] = mapped_column(stored_by_value(Outcome, name="outcome", is_checked=False))
    reason: Mapped[SkipReason | None] = mapped_column(stored_by_value(SkipReason, name="reason", is_checked=False))
    reply_code: Mapped[int | None]
    reply_text: Mapped[str] = mapped_column(Text, default="")
    # the server's own words were lost with the worker; only the code is known, or nothing
    is_rebuilt: Mapped[bool] = mapped_column(default=False)
    resent_at: Mapped[Moment | None]


Index(
    "ix_attempt_troubled",
    Attempt.run_id,
    Attempt.outcome,
    Attempt.client_id,
    Attempt.number,
    sqlite_where=Attempt.outcome != Outcome.ACCEPTED,
    postgresql_where=Attempt.outcome != Outcome.ACCEPTED,
)
