"""Kept figures of closed runs: reasons, domains, times. What is closed already is counted minute by minute.
And the index of what was not accepted in the log's own order, so that a page of it is never sorted.

Revision: 0002, after: 0001
"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

BIG_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
OUTCOMES = ("accepted", "deferred", "refused", "unanswered", "skipped")
WANTS_SUMMARY = sa.text("state IN ('done', 'cancelled') AND summarised_at IS NULL")
IS_TROUBLED = sa.text("outcome != 'accepted'")
IS_QUARTER = sa.text("width_s = 900")


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "run_domain",
        sa.Column("run_id", BIG_ID, autoincrement=False, nullable=False),
        sa.Column("domain", sa.String(length=254), nullable=False),
        *_counts(),
        _of_run("run_domain"),
        sa.PrimaryKeyConstraint("run_id", "domain", name=op.f("pk_run_domain")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "run_reason",
        sa.Column("run_id", BIG_ID, autoincrement=False, nullable=False),
        sa.Column("outcome", sa.Enum(*OUTCOMES, name="outcome", native_enum=False, length=20), nullable=False),
        sa.Column("reason", sa.String(length=20), nullable=False),
        sa.Column("reply_code", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("enhanced", sa.String(length=11), nullable=False),
        sa.Column("n", sa.Integer(), nullable=False),
        sa.Column("words", sa.String(length=500), nullable=False),
        _of_run("run_reason"),
        sa.PrimaryKeyConstraint(
            "run_id", "outcome", "reason", "reply_code", "enhanced", name=op.f("pk_run_reason")
        ),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "run_time",
        sa.Column("run_id", BIG_ID, autoincrement=False, nullable=False),
        sa.Column("width_s", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("begins_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("owner_id", BIG_ID, nullable=False),
        *_counts(),
        sa.ForeignKeyConstraint(["owner_id"], ["user.id"], name=op.f("fk_run_time_owner_id"), ondelete="CASCADE"),
        _of_run("run_time"),
        sa.PrimaryKeyConstraint("run_id", "width_s", "begins_at", name=op.f("pk_run_time")),
        sqlite_with_rowid=False,
    )
    op.create_index(
        "ix_run_time_owner_id_begins_at",
        "run_time",
        ["owner_id", "begins_at"],
        unique=False,
        sqlite_where=IS_QUARTER,
        postgresql_where=IS_QUARTER,
    )
    # no batch: SQLite adds and drops these in place, and a copied table would lose what hangs on it
    op.add_column("run", sa.Column("summarised_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("run", sa.Column("summarised_upto", BIG_ID, server_default=sa.text("0"), nullable=False))
    op.create_index(
        "ix_run_unsummarised",
        "run",
        ["id"],
        unique=False,
        sqlite_where=WANTS_SUMMARY,
        postgresql_where=WANTS_SUMMARY,
    )
    _index_troubled("run_id", "outcome", "client_id", "number")


def downgrade() -> None:
    """Take back."""
    _index_troubled("run_id", "outcome", "client_id")
    op.drop_index("ix_run_unsummarised", table_name="run")
    op.drop_column("run", "summarised_upto")
    op.drop_column("run", "summarised_at")
    op.drop_table("run_time")
    op.drop_table("run_reason")
    op.drop_table("run_domain")


def _counts() -> list[sa.Column[int]]:
    return [sa.Column(outcome, sa.Integer(), nullable=False) for outcome in OUTCOMES]


def _of_run(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(["run_id"], ["run.id"], name=op.f(f"fk_{table}_run_id"), ondelete="CASCADE")


def _index_troubled(*columns: str) -> None:
    op.drop_index("ix_attempt_troubled", table_name="attempt")
    op.create_index(
        "ix_attempt_troubled",
        "attempt",
        list(columns),
        unique=False,
        sqlite_where=IS_TROUBLED,
        postgresql_where=IS_TROUBLED,
    )
