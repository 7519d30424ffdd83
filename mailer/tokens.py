"""Random and keyed tokens; standard library only."""

import hashlib
import secrets


def new_token() -> str:
    """43 url-safe characters, 256 random bits."""
    return secrets.token_urlsafe(32)


def token_hash(token: str) -> str:
    """SHA-256 in hex: what is kept of a token."""
    return hashlib.sha256(token.encode()).hexdigest()
