"""What a reply means in plain language, and what the owner can do about it. Judged by the enhanced code where there
is one (RFC 3463), by the reply code where not; the server's own words always stand beside it."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from flask import current_app
from flask_babel import get_locale
from flask_babel import gettext as _

from mailer.rules.outcome import Outcome, SkipReason, is_dead_address
from mailer.services.troubles import Trouble

# the enhanced code without its class (5 for good, 4 for now), or the beginning of it
_BY_DETAIL = {
    "1.8": "sender",
    "1.7": "sender",
    "2.1": "switched_off",
    "2.2": "full",
    "2.3": "too_big",
    "3.4": "too_big",
    "4.": "network",
    "6.": "content",
    "7.": "policy",
}
_BY_CODE = {552: "full", 554: "policy"}


@dataclass(frozen=True, slots=True)
class Advice:
    """One group of attempts with its meaning and what to do."""

    trouble: Trouble
    title: str
    text: str


def advised(groups: Sequence[Trouble]) -> list[Advice]:
    """Every group in words, in the order given."""
    return [Advice(group, *_sentences(group)) for group in groups]


def reason_words(reason: SkipReason | None) -> str:
    """Why a recipient was not written to, in a few words."""
    return _skips(*_reader())[reason][0] if reason else ""


def _sentences(group: Trouble) -> tuple[str, str]:
    if group.reason is not None:
        return _skips(*_reader())[group.reason]
    if group.outcome is Outcome.UNANSWERED:
        return (
            _("The server fell silent, or the sending was cut off"),
            _("The letter was on its way and nobody said what became of it: it may have arrived or not. It is never "
              "sent again by itself. You can send these again by hand."),
        )  # fmt: skip
    return _replies(_reader()[0])[kind_of(group.code, group.enhanced)]


def kind_of(code: int | None, enhanced: str) -> str:
    """Which of the sentences fits a reply; "later" and "refused" where the server was not clear."""
    if code and is_dead_address(code, enhanced):
        return "dead"
    is_later = bool(code and code < 500)
    if detail := enhanced.partition(".")[2]:
        exact = _BY_DETAIL.get(detail) or _BY_DETAIL.get(detail.partition(".")[0] + ".")
        if exact:
            return "greylisted" if exact == "policy" and is_later else exact
    return "later" if is_later else _BY_CODE.get(code or 0, "refused")


def _reader() -> tuple[str, str]:
    """What the sentences depend on: the reader's language, and whom to ask."""
    return str(get_locale()), current_app.config["MAILER"].contact


# a page of the log asks for them fifty times, and each asking would translate all of them
@lru_cache(maxsize=8)
def _replies(_locale: str) -> dict[str, tuple[str, str]]:
    return {
        "dead": (
            _("There is no such mailbox"),
            _("Look for a typing mistake in the address. If it is right, the person has left: delete the client."),
        ),
        "full": (
            _("The mailbox is full"),
            _("Nothing is wrong with your letter. It will work again when the person has tidied up."),
        ),
        "switched_off": (
            _("The mailbox is switched off"),
            _("Often for a while only. If it stays so for some weeks, delete the client."),
        ),
        "too_big": (
            _("The letter is too big for this server"),
            _("Make the pictures smaller, or link to them instead."),
        ),
    } | _replies_about_the_way()


def _replies_about_the_way() -> dict[str, tuple[str, str]]:
    return {
        "network": (
            _("The mail could not be passed on"),
            _("The trouble lies between mail servers. If it lasts, check the part of the address after the @."),
        ),
        "content": (
            _("The server cannot take a letter of this form"),
            _("Send yourself a test letter, and show the server's words to whoever runs this service."),
        ),
        "policy": (
            _("The server's rules refuse the letter"),
            _(
                "It was taken for spam, or the sending domain is not trusted. Whoever runs this service should check "
                "SPF, DKIM and DMARC; the server's words often hold a link that explains more."
            ),
        ),
        "greylisted": (
            _("The server asks to come back later"),
            _("Many servers do so with senders they do not know yet. We try again by ourselves."),
        ),
        "sender": (
            _("The server does not accept the sender's address"),
            _("This is not about your client. Whoever runs this service should check MAIL_DEFAULT_SENDER."),
        ),
        "later": (
            _("The server could not take it just then"),
            _("We try again by ourselves, with growing pauses, until the day's time is over."),
        ),
        "refused": (
            _("The server refuses the letter"),
            _("It did not say clearly why: see its words. If one address is refused again and again, delete it."),
        ),
    }  # fmt: skip


@lru_cache(maxsize=8)
def _skips(_locale: str, contact: str) -> dict[SkipReason, tuple[str, str]]:
    return {
        SkipReason.SUPPRESSED: (
            _("On the suppression list"),
            _("You, or this service, decided never to write to these addresses again."),
        ),
        SkipReason.UNSUBSCRIBED: (_("Unsubscribed"), _("These people asked not to be written to.")),
        SkipReason.ADDRESS_CHANGED: (
            _("The address changed meanwhile"),
            _("It was edited after the sending began. The next letter goes to the new address."),
        ),
        SkipReason.CLIENT_DELETED: (_("The client was deleted meanwhile"), _("There is nothing to do.")),
        SkipReason.DAILY_LIMIT: _daily_limit(contact),
        SkipReason.OWNER_BLOCKED: (_("The account was blocked"), _("Please ask whoever runs this service.")),
        SkipReason.STOPPED: (_("The mailing was stopped early"), _("The rest was not written to, as you wished.")),
        SkipReason.CANCELLED: (_("The run was cancelled"), _("The rest was not written to.")),
        SkipReason.TOO_LATE: (
            _("Its time was over"),
            _("The sending began too late or took too long. The next run writes to these clients again."),
        ),
        SkipReason.GAVE_UP: (
            _("Tried again in vain"),
            _("The server put it off until the day's time was over. The last words are shown."),
        ),
        SkipReason.UNFILLABLE: (
            _("The letter could not be made for this client"),
            _("A placeholder has no value that can stand there. Give it a fallback: {{ name | friend }}."),
        ),
        SkipReason.BAD_ADDRESS: (
            _("This cannot be an address"),
            _("No mail server would take it. Correct it in the address book."),
        ),
        SkipReason.TOO_LARGE: (
            _("The letter is too big for our own mail server"),
            _("Make the pictures smaller, or link to them instead."),
        ),
    }


def _daily_limit(contact: str) -> tuple[str, str]:
    why = _("New users may write to a certain number of clients a day, until a moderator trusts them.")
    whom = _("Questions: %(contact)s", contact=contact)
    return _("The day's limit was reached"), f"{why} {whom}"
