"""The web's side of the audit: fills in who acts, from which address and with which browser."""

from typing import Any

from flask import request
from flask_login import current_user

from mailer.clock import utcnow
from mailer.extensions import db
from mailer.services.audit import record


def audit(verb: str, **facts: Any) -> None:
    """Write `verb` down for the person behind this request; `facts` as `services.audit.record` takes them."""
    facts.setdefault("now", utcnow())
    facts.setdefault("actor", current_user._get_current_object() if current_user.is_authenticated else None)
    facts.setdefault("address", visitor_address())
    facts.setdefault("browser", request.user_agent.string)
    record(db.session(), verb, **facts)


def visitor_address() -> str:
    """The visitor's network address; of proxies only the configured hops are believed (TRUSTED_PROXIES)."""
    return (request.remote_addr or "")[:45]
