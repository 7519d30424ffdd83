"""Times, dates and numbers in the reader's language and zone. The zone's name stands beside every time."""

from datetime import date, datetime
from fractions import Fraction
from zoneinfo import ZoneInfo

from babel.dates import format_datetime
from babel.units import format_unit
from flask import Flask
from flask_babel import format_date, format_decimal, get_locale

from mailer.web.locales import chosen_zone


def install(app: Flask) -> None:
    """Register the filters: the functions below, by their names."""
    app.jinja_env.filters.update(moment=moment, wall=wall, clock=clock, day=day, number=number, percent=percent)
    app.jinja_env.filters.update(zoned=zoned, month=month, weekday=weekday, size=size, share=share)


def moment(at: datetime | None, zone: str | None = None, *, seconds: bool = False) -> str:
    """An aware moment as local date and time with the zone's name; a dash for none."""
    if at is None:
        return "—"
    name = zone or chosen_zone()
    return f"{_format(at.astimezone(ZoneInfo(name)), seconds=seconds)} ({name})"


def wall(at: datetime | None, zone: str) -> str:
    """A wall-clock moment of a schedule, with the name of its own zone."""
    return "—" if at is None else f"{_format(at, seconds=False)} ({zone})"


def clock(at: datetime | None, zone: str | None = None, *, seconds: bool = False) -> str:
    """Date and time without the zone's name, for columns whose label is `zoned`."""
    return "—" if at is None else _format(at.astimezone(ZoneInfo(zone or chosen_zone())), seconds=seconds)


def zoned(label: str) -> str:
    """The label of a column of times, with the name of the reader's zone: for the head, and for each cell's own."""
    return f"{label} ({chosen_zone()})"


def _format(at: datetime, *, seconds: bool) -> str:
    pattern = "d MMM y, HH:mm:ss" if seconds else "d MMM y, HH:mm"
    return format_datetime(at, pattern, tzinfo=at.tzinfo, locale=get_locale() or "ru")


def day(on: date | None) -> str:
    """A date as people write it."""
    return "—" if on is None else format_date(on, "d MMM y", rebase=False)


def month(on: date) -> str:
    """The month of a date, as a heading."""
    return format_date(on, "LLLL y", rebase=False)


def weekday(on: date, *, is_short: bool = False) -> str:
    """The name of a date's day of the week, by itself or short for the head of a column."""
    return format_date(on, "cccccc" if is_short else "cccc", rebase=False)


def number(value: float | None) -> str:
    """A number with the language's own group marks."""
    return "—" if value is None else format_decimal(value)


def percent(part: int, whole: int) -> str:
    """`part` of `whole` with one decimal; a dash for nothing of nothing."""
    return "—" if not whole else f"{format_decimal(share(part, whole))} %"


def share(part: int, whole: int) -> float:
    """Percent with one decimal. One of a million is not none, and all but one are not all; shares of two parts add up
    to a hundred, for halves are rounded to even."""
    tenths = round(Fraction(1000 * part, whole)) if whole else 0
    return (min(max(tenths, 1), 999) if 0 < part < whole else tenths) / 10


def size(octets: int) -> str:
    """The size of a file, in the unit that suits it."""
    each, unit = (1_000_000, "megabyte") if octets >= 1_000_000 else (1_000, "kilobyte")
    if octets < 1_000:
        each, unit = 1, "byte"
    return str(format_unit(round(octets / each, 1), f"digital-{unit}", length="short", locale=get_locale() or "ru"))
