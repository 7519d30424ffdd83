"""The blueprint of the reports, and how they say a length of time."""

from datetime import timedelta

from flask import Blueprint
from flask_babel import format_timedelta

reports = Blueprint("reports", __name__, url_prefix="/reports")


@reports.app_template_filter("span")
def span(length: timedelta) -> str:
    """Rounded to one unit, in the reader's language: 3 minutes."""
    return str(format_timedelta(length, granularity="second", threshold=1.5))
