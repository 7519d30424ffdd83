"""Schedules, whole: the front door of the rooms behind it (clockwork, occurrences, upcoming, verdicts).
Everybody outside `rules/` imports from here."""

from mailer.rules.clockwork import day_ends_at, is_known_zone, known_zones, to_utc, to_wall
from mailer.rules.occurrences import (
    Frequency,
    Occurrence,
    Schedule,
    count_between,
    latest_by,
    next_after,
    occurrences,
)
from mailer.rules.upcoming import due_on, first_run_at, give_up_at, next_run_at, preview
from mailer.rules.verdicts import Due, Missed, MissedRun, Verdict, decide, due_now

__all__ = [
    "Due",
    "Frequency",
    "Missed",
    "MissedRun",
    "Occurrence",
    "Schedule",
    "Verdict",
    "count_between",
    "day_ends_at",
    "decide",
    "due_now",
    "due_on",
    "first_run_at",
    "give_up_at",
    "is_known_zone",
    "known_zones",
    "latest_by",
    "next_after",
    "next_run_at",
    "occurrences",
    "preview",
    "to_utc",
    "to_wall",
]
