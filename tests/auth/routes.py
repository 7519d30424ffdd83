"""Who may come to which page: one row per endpoint. A route without a row fails tests/auth/test_matrix.py."""

from dataclasses import dataclass
from enum import Enum, auto

from mailer.rules.access import Role


class Door(Enum):
    """Whom a page lets in."""

    PUBLIC = auto()  # everybody
    SIGNED_IN = auto()  # whoever is signed in: the page holds only one's own things
    OWNED = auto()  # the owner of the thing in its address; for everybody else it is missing
    MAIL_STAFF = auto()
    BLOG_STAFF = auto()
    STAFF = auto()
    ADMIN = auto()


KEYS: dict[Door, frozenset[Role]] = {
    Door.MAIL_STAFF: frozenset({Role.MAIL_MODERATOR, Role.ADMIN}),
    Door.BLOG_STAFF: frozenset({Role.BLOG_MODERATOR, Role.ADMIN}),
    Door.STAFF: frozenset(Role),
    Door.ADMIN: frozenset({Role.ADMIN}),
}


@dataclass(frozen=True, slots=True)
class Row:
    """`is_tokenless`: a POST without a CSRF token, by design. `codes`: what else a page that is fine may answer."""

    door: Door
    is_tokenless: bool = False
    codes: frozenset[int] = frozenset()


PUBLIC, SIGNED_IN, OWNED = Row(Door.PUBLIC), Row(Door.SIGNED_IN), Row(Door.OWNED)

# an endpoint, or "blueprint.*" for a whole room
ROWS: dict[str, Row] = {
    "static": PUBLIC,
    "web.language": PUBLIC,
    "web.health": Row(Door.PUBLIC, codes=frozenset({503})),  # no tick has ever beaten here
    "auth.login": PUBLIC,
    "auth.logout": PUBLIC,
    "auth.register": PUBLIC,
    "auth.sent": PUBLIC,
    "auth.resend": PUBLIC,
    "auth.confirm": PUBLIC,
    "auth.confirmed": PUBLIC,
    "auth.reset": PUBLIC,
    "auth.choose": PUBLIC,
    "auth.prove_email": PUBLIC,
    "auth.email_proven": PUBLIC,
    "auth.end_session": Row(Door.SIGNED_IN, codes=frozenset({404})),  # the request names no session
    "auth.*": SIGNED_IN,
    "clients.index": SIGNED_IN,
    "clients.create": SIGNED_IN,
    "clients.find": SIGNED_IN,
    "clients.*": OWNED,
    "imports.*": SIGNED_IN,
    "suppressions.index": SIGNED_IN,
    "suppressions.create": SIGNED_IN,
    "suppressions.*": OWNED,
    "messages.index": SIGNED_IN,
    "messages.create": SIGNED_IN,
    "messages.*": OWNED,
    "mailings.index": SIGNED_IN,
    "mailings.create": SIGNED_IN,
    "mailings.*": OWNED,
    "reports.index": SIGNED_IN,
    "reports.attempts": SIGNED_IN,
    "reports.attempts_csv": SIGNED_IN,
    "reports.*": OWNED,
    "unsubscribe.ask": PUBLIC,
    "unsubscribe.leave": Row(Door.PUBLIC, is_tokenless=True),  # RFC 8058: the mail program has no session
    "admin.*": Row(Door.STAFF),
    "blog.create": Row(Door.BLOG_STAFF),
    "blog.edit": Row(Door.BLOG_STAFF),
    "blog.delete": Row(Door.BLOG_STAFF),
    "blog.*": PUBLIC,
}


def row_of(endpoint: str) -> Row | None:
    """The row of an endpoint: its own, else its room's."""
    return ROWS.get(endpoint) or ROWS.get(endpoint.partition(".")[0] + ".*")
