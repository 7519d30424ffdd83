"""Between the clock on somebody's wall and UTC, through every change of clocks.
Knows nothing of mailings; never reads the time."""

from bisect import bisect_left
from datetime import UTC, date, datetime, time, timedelta
from functools import cache, lru_cache
from zoneinfo import ZoneInfo, available_timezones


@cache
def known_zones() -> frozenset[str]:
    """IANA names that this host can compute with; read from disk once per process."""
    return frozenset(available_timezones())


def is_known_zone(name: str) -> bool:
    """Exact spelling: macOS would also open "europe/moscow", Linux would not."""
    return name in known_zones()


@lru_cache(maxsize=4096)  # a tick asks for the same few walls again and again
def to_utc(wall: datetime, zone: str) -> datetime:
    """A naive wall time as a moment: the first one after a spring gap, the first of a repeated autumn hour.

    Never goes back as `wall` goes on. Raises ValueError for an aware `wall`.
    """
    if wall.tzinfo is not None:
        raise ValueError("a wall time carries no zone of its own")
    local = wall.replace(tzinfo=ZoneInfo(zone), fold=0)
    at = local.astimezone(UTC)
    if to_wall(at, zone) == wall.replace(fold=0):
        return at
    # In a gap PEP 495 reads fold=1 with the offset after it, which is a moment before it.
    return _first_after_gap(local.replace(fold=1, microsecond=0).astimezone(UTC), at, ZoneInfo(zone))


def to_wall(at: datetime, zone: str) -> datetime:
    """What the clock on the wall shows at this moment, naive. Raises ValueError for a naive `at`."""
    if at.tzinfo is None:
        raise ValueError("a moment needs a zone")
    return at.astimezone(ZoneInfo(zone)).replace(tzinfo=None, fold=0)


def day_ends_at(day: date, zone: str) -> datetime:
    """The first moment of the next local day, which is not always midnight on the wall."""
    return to_utc(datetime.combine(day + timedelta(days=1), time.min), zone)


def _first_after_gap(before: datetime, after: datetime, zone: ZoneInfo) -> datetime:
    """Clocks change on whole seconds: the first second between the two with another offset than `before`."""
    offset = before.astimezone(zone).utcoffset()

    def has_changed(second: int) -> bool:
        return (before + timedelta(seconds=second)).astimezone(zone).utcoffset() != offset

    span_s = int((after - before).total_seconds())
    return before + timedelta(seconds=bisect_left(range(span_s), True, key=has_changed))
