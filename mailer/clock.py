"""The one place that reads the wall clock; everybody else is told the time as `now`."""

from datetime import UTC, datetime


def utcnow() -> datetime:
    """Aware, in UTC. Called in views, tasks and commands only."""
    return datetime.now(UTC)
