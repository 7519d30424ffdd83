"""Who may come to which page: one row per endpoint. A route without a row fails tests/auth/test_matrix.py."""

from dataclasses import dataclass
from enum import Enum, auto

from mailer.rules.access import Role


class Door(Enum):
    """Whom a page lets in."""

    PUBLIC = auto()  # everybody
    SIGNED_IN = auto()  # whoever is signed in: the page holds only one's own things
    OWNED = auto()  # the owner of the thing in its address, and `roles`; for everybody else it is missing


@dataclass(frozen=True, slots=True)
class Row:
    """`is_tokenless`: a POST without a CSRF token, by design. `codes`: what else a page that is fine may answer."""

    door: Door
    is_tokenless: bool = False
    codes: frozenset[int] = frozenset()
    roles: frozenset[Role] = frozenset()
    is_owners: bool = True


def panel(*roles: Role, codes: tuple[int, ...] = (302, 404)) -> Row:
    """A room of the panel: the owner has no key to it. Of Flask-Admin's own addresses most are walled up: 404."""
    return Row(Door.OWNED, codes=frozenset(codes), roles=frozenset({Role.ADMIN, *roles}), is_owners=False)


MISSING = frozenset({404})
PUBLIC, SIGNED_IN, OWNED = Row(Door.PUBLIC), Row(Door.SIGNED_IN), Row(Door.OWNED)
MAIL, BLOG = Role.MAIL_MODERATOR, Role.BLOG_MODERATOR
WRITER = Row(Door.OWNED, roles=frozenset({BLOG, Role.ADMIN}))

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
    "auth.end_session": Row(Door.SIGNED_IN, codes=MISSING),  # the request names no session
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
    "mailings.audience": SIGNED_IN,
    "mailings.*": OWNED,
    "reports.index": SIGNED_IN,
    "reports.attempts": SIGNED_IN,
    "reports.attempts_csv": SIGNED_IN,
    "reports.*": OWNED,
    "unsubscribe.ask": PUBLIC,
    "unsubscribe.leave": Row(Door.PUBLIC, is_tokenless=True),  # RFC 8058: the mail program has no session
    "blog.create": SIGNED_IN,
    "blog.mine": SIGNED_IN,
    "blog.edit": WRITER,
    "blog.delete": WRITER,
    "blog.photo": Row(Door.PUBLIC, codes=MISSING),  # there is no photo in this world
    "blog.*": PUBLIC,
    "admin.index": panel(MAIL, BLOG, codes=()),
    "admin_users.index_view": panel(MAIL, codes=()),
    "admin_users.person": panel(MAIL, codes=()),
    "admin_users.*": panel(MAIL),
    "admin_mailings.index_view": panel(MAIL, codes=()),
    "admin_mailings.plan": panel(MAIL, codes=()),
    "admin_mailings.*": panel(MAIL),
    "admin_messages.index_view": panel(MAIL, codes=()),
    "admin_messages.message": panel(MAIL, codes=()),
    "admin_messages.preview": panel(MAIL, codes=()),
    "admin_messages.*": panel(MAIL),
    "admin_log.*": panel(MAIL, codes=()),
    "admin_posts.index_view": panel(BLOG, codes=()),
    "admin_posts.*": panel(BLOG),
    "admin_staff.index_view": panel(codes=()),
    "admin_staff.*": panel(),
    "admin_suppressions.index_view": panel(codes=()),
    "admin_suppressions.*": panel(),
    "admin_audit.index_view": panel(codes=()),
    "admin_audit.*": panel(),
    "inbox.*": PUBLIC,  # exists in development only
}


def row_of(endpoint: str) -> Row | None:
    """The row of an endpoint: its own, else its room's."""
    return ROWS.get(endpoint) or ROWS.get(endpoint.partition(".")[0] + ".*")
