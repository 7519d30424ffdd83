"""How Alembic finds our tables and writes migrations that never import app code."""

from logging.config import fileConfig
from typing import Any

import sqlalchemy as sa
from alembic import context
from flask import current_app

from mailer.extensions import db
from mailer.orm import UTCDateTime

config = context.config
if config.config_file_name is not None:
    fileConfig(config.config_file_name, disable_existing_loggers=False)
target_metadata = db.metadata


def render_item(kind: str, obj: Any, autogen_context: Any) -> str | bool:
    """Print our column types as SQLAlchemy's own."""
    if kind == "type" and isinstance(obj, UTCDateTime):
        return "sa.DateTime(timezone=True)"
    return False


def compare_type(_context: Any, _inspected: Any, _column: Any, inspected_type: Any, metadata_type: Any) -> bool | None:
    """SQLite keeps our moments as DATETIME without a zone; that is no difference."""
    if isinstance(metadata_type, UTCDateTime) and isinstance(inspected_type, sa.DateTime):
        return False
    return None


def run_migrations_offline() -> None:
    """Print the SQL instead of running it."""
    url = db.engine.url.render_as_string(hide_password=False)
    context.configure(url=url, target_metadata=target_metadata, literal_binds=True, render_item=render_item)
    with context.begin_transaction():
        context.run_migrations()


def run_migrations_online() -> None:
    """Run the migrations over one connection."""
    with db.engine.connect() as connection:
        context.configure(
            connection=connection,
            target_metadata=target_metadata,
            render_item=render_item,
            **(current_app.extensions["migrate"].configure_args | {"compare_type": compare_type}),
        )
        with context.begin_transaction():
            context.run_migrations()


if context.is_offline_mode():
    run_migrations_offline()
else:
    run_migrations_online()
