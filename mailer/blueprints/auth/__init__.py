"""Pages of accounts: sign-up, sign-in, passwords, profile, sessions, leaving. Each file adds to one blueprint."""

from mailer.blueprints.auth import devices, entry, leaving, passwords, profile, signup
from mailer.blueprints.auth.room import auth

blueprints = (auth,)
__all__ = ["auth", "blueprints", "devices", "entry", "leaving", "passwords", "profile", "signup"]
