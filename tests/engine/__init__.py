"""The engine against real databases, a real mail server and real deaths."""
