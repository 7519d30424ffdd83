"""What an e-mail address is to us: how it is written to, and the key that says whether two are the same.

The key is the case-folded NFC local part @ the lower-case A-label of the domain.
"""

import unicodedata
from dataclasses import dataclass

from email_validator import EmailNotValidError, validate_email

MAX_LENGTH = 254  # RFC 5321 §4.5.3.1.3, less the angle brackets


@dataclass(frozen=True, slots=True)
class Address:
    """`email` is what letters are addressed to (domain as A-label), `key` what is compared."""

    email: str
    key: str


def read(raw: str) -> Address | None:
    """The address in `raw`, or None when it cannot be one. Asks no name server."""
    text = raw.strip()
    if not text or len(text) > MAX_LENGTH:
        return None
    try:
        found = validate_email(text, check_deliverability=False)
    except EmailNotValidError:
        return None
    domain = (found.ascii_domain or found.domain).lower()
    local = unicodedata.normalize("NFC", found.local_part)
    email, key = f"{local}@{domain}", f"{local.casefold()}@{domain}"
    # a non-ASCII local part may grow when folded or encoded; columns and servers count
    too_long = len(key) > MAX_LENGTH or len(email.encode()) > MAX_LENGTH
    return None if too_long else Address(email, key)
