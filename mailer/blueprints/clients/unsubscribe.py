"""The page behind the link in every letter. No account, no cookie, no CSRF token (RFC 8058): a mail program may press
the button for its reader. Looking changes nothing, for scanners open every link."""

from flask import Blueprint, Response, g, make_response, render_template

from mailer.clock import utcnow
from mailer.extensions import csrf, db
from mailer.services import unsubscribing
from mailer.services.unsubscribing import Subscription
from mailer.web.locales import LOCALES

unsubscribe = Blueprint("unsubscribe", __name__)


@unsubscribe.get("/unsubscribe/<token>")
def ask(token: str) -> Response:
    """A button."""
    return _page(unsubscribing.read(db.session(), token), is_done=False)


@unsubscribe.post("/unsubscribe/<token>")
@csrf.exempt
def leave(token: str) -> Response:
    """One click. Answered at once and with no redirect: mail programs do not follow one (RFC 8058 §3.1)."""
    subscription = unsubscribing.read(db.session(), token)
    unsubscribing.unsubscribe(db.session(), subscription, now=utcnow())
    db.session.commit()
    return _page(subscription, is_done=True)


def _page(subscription: Subscription, *, is_done: bool) -> Response:
    version = subscription.run.version if subscription.run else None
    if version and version.locale in LOCALES:
        g.locale = version.locale  # the reader's: the letter was written in it
    response = make_response(
        render_template(
            "unsubscribe/page.html",
            sender=version.from_name if version else "",
            address=_masked(subscription.address.email) if subscription.address else "",
            is_done=is_done,
            menu=(),
        )
    )
    response.headers["X-Robots-Tag"] = "noindex"
    return response


def _masked(email: str) -> str:
    """Enough for its owner to know it; letters are passed on, and their links with them."""
    local, _, domain = email.rpartition("@")
    return f"{local[:1]}…@{domain}"
