"""What is kept of a closed run for reports: its reasons, domains and times, counted once from the log.

The log stays the truth: these rows may be thrown away and counted again. No address stands in them.
"""

from sqlalchemy import ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from mailer.extensions import Model
from mailer.orm import BigId, Moment, stored_by_value
from mailer.rules.outcome import Outcome, SkipReason

# the one width of a run's times that all runs have: every zone's hours begin at such a quarter
QUARTER_S = 900


class RunReason(Model):
    """Attempts of a run that were not accepted, grouped by what was said. 0 and "" stand for none."""

    __tablename__ = "run_reason"
    __table_args__ = {"sqlite_with_rowid": False}

    run_id: Mapped[int] = mapped_column(
        BigId, ForeignKey("run.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    outcome: Mapped[Outcome] = mapped_column(
        stored_by_value(Outcome, name="outcome", is_checked=False), primary_key=True
    )
    # a SkipReason, or ""
    reason: Mapped[SkipReason | str] = mapped_column(String(20), primary_key=True)
    reply_code: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    enhanced: Mapped[str] = mapped_column(String(11), primary_key=True)
    n: Mapped[int]
    # one example of the server's words, without addresses
    words: Mapped[str] = mapped_column(String(500))


class RunDomain(Model):
    """Attempts of a run by the domain of the address; "" is all that are not shown by name."""

    __tablename__ = "run_domain"
    __table_args__ = {"sqlite_with_rowid": False}

    run_id: Mapped[int] = mapped_column(
        BigId, ForeignKey("run.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    domain: Mapped[str] = mapped_column(String(254), primary_key=True)
    accepted: Mapped[int]
    deferred: Mapped[int]
    refused: Mapped[int]
    unanswered: Mapped[int]
    skipped: Mapped[int]


class RunTime(Model):
    """Attempts of a run by the time at which they began: in quarters of an hour, and finer in short runs."""

    __tablename__ = "run_time"
    __table_args__ = {"sqlite_with_rowid": False}

    run_id: Mapped[int] = mapped_column(
        BigId, ForeignKey("run.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    width_s: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    begins_at: Mapped[Moment] = mapped_column(primary_key=True)
    owner_id: Mapped[int] = mapped_column(ForeignKey("user.id", ondelete="CASCADE"))
    accepted: Mapped[int]
    deferred: Mapped[int]
    refused: Mapped[int]
    unanswered: Mapped[int]
    skipped: Mapped[int]


Index(
    "ix_run_time_owner_id_begins_at",
    RunTime.owner_id,
    RunTime.begins_at,
    sqlite_where=RunTime.width_s == QUARTER_S,
    postgresql_where=RunTime.width_s == QUARTER_S,
)
