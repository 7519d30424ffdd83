"""The web's side of the throttle: count a try for good, even if what follows fails, and refuse one too many."""

import ipaddress
import logging

from mailer.clock import utcnow
from mailer.extensions import db
from mailer.rules.errors import TooMany
from mailer.services import throttle
from mailer.services.throttle import Limit
from mailer.web.acting import audit, visitor_address

log = logging.getLogger(__name__)


def spend(*tries: tuple[Limit, str], user_id: int | None = None) -> None:
    """Count one try of each subject; raises TooMany when any of them has had enough. `user_id`: whose account it is."""
    now, session = utcnow(), db.session()
    wait_s = max(throttle.hit(session, limit, subject, now=now) for limit, subject in tries)
    # commit before the password is looked at: parallel tries must see each other
    session.commit()
    if wait_s:
        names = ", ".join(limit.name for limit, _subject in tries)
        _note(f"{names} {tries[0][1]} {visitor_network()}", names, user_id)
        log.warning("too many tries (%s) from %s: refused for %s s", names, visitor_network(), wait_s)
        raise TooMany(wait_s)


def _note(storm: str, names: str, user_id: int | None) -> None:
    """One row for a storm of refusals: writing each down would be a way to fill the disk."""
    session = db.session()
    if not throttle.hit(session, throttle.REFUSAL_NOTED, storm, now=utcnow()):
        audit("limit.refuse", **({"user_id": user_id} if user_id else {}), detail=names)
    session.commit()


def visitor_network() -> str:
    """Who is counted as one visitor: an IPv4 address, or the /64 that an IPv6 visitor has to themselves."""
    raw = visitor_address()
    try:
        address = ipaddress.ip_address(raw)
    except ValueError:
        return raw
    if isinstance(address, ipaddress.IPv4Address):
        return raw
    mapped = address.ipv4_mapped
    return str(mapped or ipaddress.ip_network((address, 64), strict=False))
