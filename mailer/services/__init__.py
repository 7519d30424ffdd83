"""Verbs with a session: what owners and moderators can do, one file per noun. They never commit."""
