"""What a reply means at which step, and when to try again."""

from enum import StrEnum


class Outcome(StrEnum):
    """What became of one attempt."""

    ACCEPTED = "accepted"
    DEFERRED = "deferred"
    REFUSED = "refused"
    UNANSWERED = "unanswered"
    SKIPPED = "skipped"


class SkipReason(StrEnum):
    """Why a recipient was decided about without a conversation."""

    SUPPRESSED = "suppressed"
    UNSUBSCRIBED = "unsubscribed"
    ADDRESS_CHANGED = "address_changed"
    DAILY_LIMIT = "daily_limit"
    OWNER_BLOCKED = "owner_blocked"
    STOPPED = "stopped"
    CANCELLED = "cancelled"
    TOO_LATE = "too_late"
    GAVE_UP = "gave_up"
    UNFILLABLE = "unfillable"
    BAD_ADDRESS = "bad_address"
    TOO_LARGE = "too_large"
