"""What the panel calls the log's reasons and its own deeds."""

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
DEEDS: dict[str, LazyString] = {
    "account.block": _l("Account blocked"),
    "account.unblock": _l("Account unblocked"),
    "account.trust": _l("Account trusted"),
    "account.distrust": _l("Account trusted no longer"),
}


def skip_words(reason: str) -> LazyString | str:
    """Why somebody was not written to; an unknown reason as it is."""
    return SKIPS.get(reason, reason)


def deed_words(verb: str) -> LazyString | str:
    """What a moderator did; an unknown verb as it is."""
    return DEEDS.get(verb, verb)
