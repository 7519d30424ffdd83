"""Pages that tell what became of letters: the overview, a mailing's runs, one run, and the log itself."""

from mailer.blueprints.reports import log, overview, runs
from mailer.blueprints.reports.room import reports

__all__ = ["log", "overview", "runs"]
blueprints = (reports,)
