"""The blueprint of the reports, and how they say a length of time and a reason."""

from datetime import timedelta

from flask import Blueprint
from flask_babel import format_timedelta

from mailer.blueprints.reports.advice import reason_words
from mailer.services.progress import done_of, recipients
from mailer.services.silences import in_words

reports = Blueprint("reports", __name__, url_prefix="/reports")
reports.add_app_template_filter(reason_words, "skip_words")
reports.add_app_template_filter(in_words)
reports.add_app_template_filter(recipients)
reports.add_app_template_filter(done_of)


@reports.app_template_filter("span")
def span(length: timedelta) -> str:
    """Rounded to one unit, in the reader's language: 3 minutes."""
    return str(format_timedelta(length, granularity="second", threshold=1.5))
