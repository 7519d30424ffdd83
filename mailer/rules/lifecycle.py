"""The status of a mailing, computed from stored facts, and the whole table of what may be done in which.
A verb that does not fit is hidden on the page and answers 409; services ask here before they act."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class MailingStatus(StrEnum):
    """What people are shown."""

    DRAFT = "draft"
    SCHEDULED = "scheduled"
    ACTIVE = "active"
    PAUSED = "paused"
    FINISHED = "finished"
    STOPPED = "stopped"
    DISABLED = "disabled"


class Verb(StrEnum):
    """What can be done to a mailing: disable and enable by a moderator, the rest by its owner."""

    EDIT = "edit"
    DELETE = "delete"
    PAUSE = "pause"
    RESUME = "resume"
    STOP = "stop"
    SEND_NOW = "send_now"
    DISABLE = "disable"
    ENABLE = "enable"


MODERATOR_VERBS = frozenset({Verb.DISABLE, Verb.ENABLE})
OWNER_VERBS = frozenset(Verb) - MODERATOR_VERBS

# A finished mailing may be edited: a new end brings it back. Stopping is for good.
# A disabled one can only be deleted by its owner: nothing of it may be changed behind the moderator's back.
TABLE: dict[MailingStatus, frozenset[Verb]] = {
    MailingStatus.DRAFT: frozenset({Verb.EDIT, Verb.DELETE, Verb.DISABLE}),
    MailingStatus.SCHEDULED: frozenset({Verb.EDIT, Verb.DELETE, Verb.PAUSE, Verb.STOP, Verb.SEND_NOW, Verb.DISABLE}),
    MailingStatus.ACTIVE: frozenset({Verb.EDIT, Verb.DELETE, Verb.PAUSE, Verb.STOP, Verb.SEND_NOW, Verb.DISABLE}),
    MailingStatus.PAUSED: frozenset({Verb.EDIT, Verb.DELETE, Verb.RESUME, Verb.STOP, Verb.DISABLE}),
    MailingStatus.FINISHED: frozenset({Verb.EDIT, Verb.DELETE, Verb.DISABLE}),
    MailingStatus.STOPPED: frozenset({Verb.DELETE, Verb.DISABLE}),
    MailingStatus.DISABLED: frozenset({Verb.DELETE, Verb.ENABLE}),
}


@dataclass(frozen=True, slots=True)
class MailingFacts:
    """What is stored about a mailing, as far as it decides; `has_runs` counts missed ones too."""

    is_draft: bool = False
    paused_at: datetime | None = None
    stopped_at: datetime | None = None
    disabled_at: datetime | None = None
    archived_at: datetime | None = None
    next_run_at: datetime | None = None
    has_runs: bool = False
    has_open_run: bool = False


def status_of(facts: MailingFacts, now: datetime) -> MailingStatus:
    """The first fact that holds decides: off, over, not begun, resting, and then what is still to come."""
    decisive = (
        (facts.disabled_at is not None and facts.archived_at is None, MailingStatus.DISABLED),
        (facts.stopped_at is not None, MailingStatus.STOPPED),
        (facts.archived_at is not None, MailingStatus.FINISHED),
        (facts.is_draft, MailingStatus.DRAFT),
        (facts.paused_at is not None, MailingStatus.PAUSED),
        (facts.next_run_at is None and not facts.has_open_run, MailingStatus.FINISHED),
        (_is_yet_to_begin(facts, now), MailingStatus.SCHEDULED),
    )
    return next((status for holds, status in decisive if holds), MailingStatus.ACTIVE)


def verbs(status: MailingStatus, *, has_open_run: bool = False) -> frozenset[Verb]:
    """What fits now: while a run is open, another cannot be sent. Deleting then stops it first."""
    return TABLE[status] - {Verb.SEND_NOW} if has_open_run else TABLE[status]


def may(verb: Verb, status: MailingStatus, *, has_open_run: bool = False) -> bool:
    """Whether this one verb fits; who may say it is decided elsewhere."""
    return verb in verbs(status, has_open_run=has_open_run)


def verbs_of(facts: MailingFacts, now: datetime) -> frozenset[Verb]:
    """The same from the facts; an archived mailing is gone for everybody, only its log stays."""
    if facts.archived_at is not None:
        return frozenset()
    return verbs(status_of(facts, now), has_open_run=facts.has_open_run)


def _is_yet_to_begin(facts: MailingFacts, now: datetime) -> bool:
    return not facts.has_runs and facts.next_run_at is not None and facts.next_run_at > now
