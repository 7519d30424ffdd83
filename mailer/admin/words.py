"""What the panel calls the log's reasons."""

from flask_babel import lazy_gettext as _l
from flask_babel.speaklater import LazyString

from mailer.rules.outcome import SkipReason

SKIPS: dict[str, LazyString] = {
    SkipReason.SUPPRESSED: _l("on the suppression list"),
    SkipReason.UNSUBSCRIBED: _l("unsubscribed"),
    SkipReason.ADDRESS_CHANGED: _l("address changed"),
    SkipReason.CLIENT_DELETED: _l("client deleted"),
    SkipReason.DAILY_LIMIT: _l("daily limit"),
    SkipReason.OWNER_BLOCKED: _l("owner blocked"),
    SkipReason.STOPPED: _l("mailing stopped"),
    SkipReason.CANCELLED: _l("run cancelled"),
    SkipReason.TOO_LATE: _l("too late"),
    SkipReason.GAVE_UP: _l("given up"),
    SkipReason.UNFILLABLE: _l("a placeholder could not be filled"),
    SkipReason.BAD_ADDRESS: _l("bad address"),
    SkipReason.TOO_LARGE: _l("letter too large"),
}


def skip_words(reason: str) -> LazyString | str:
    """Why somebody was not written to; an unknown reason as it is."""
    return SKIPS.get(reason, reason)
