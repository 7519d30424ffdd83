"""Commands of the terminal: `flask send · user · demo · inbox · mail · bench`."""

from flask import Flask


def install(app: Flask) -> None:
    """Add our commands to `flask`."""
