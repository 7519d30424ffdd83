"""Reading words, numbers and flags from environment variables, with one clear sentence for what cannot be read."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Protocol

from sqlalchemy import make_url
from sqlalchemy.exc import ArgumentError

TRUE = frozenset({"1", "true", "yes", "on"})
FALSE = frozenset({"0", "false", "no", "off", ""})


class Number(Protocol):
    """Reads a whole number within bounds."""

    def __call__(self, name: str, default: int, least: int, most: int) -> int: ...


class Flag(Protocol):
    """Reads a yes or no."""

    def __call__(self, name: str, *, default: bool) -> bool: ...


def reader(environ: Mapping[str, str]) -> tuple[Callable[[str, str], str], Number, Flag]:
    """Three readers over `environ`: word, number, flag. Each raises ValueError with a sentence."""

    def word(name: str, default: str) -> str:
        return environ.get(name, "").strip() or default

    def number(name: str, default: int, least: int, most: int) -> int:
        raw = word(name, str(default))
        if not raw.isascii() or not raw.isdigit() or not least <= int(raw) <= most:
            raise ValueError(f"{name} is “{raw}”; it must be a whole number from {least} to {most}.")
        return int(raw)

    def flag(name: str, *, default: bool) -> bool:
        raw = word(name, "yes" if default else "no").lower()
        if raw not in TRUE | FALSE:
            raise ValueError(f"{name} is “{raw}”; it must be yes or no.")
        return raw in TRUE

    return word, number, flag


def database_url(raw: str, instance: Path) -> str:
    """The URL SQLAlchemy wants: `postgres://` put right, SQLite given an absolute path.

    Raises ValueError for anything but SQLite files and PostgreSQL.
    """
    if not raw:
        return f"sqlite:///{instance.absolute() / 'mailer.db'}"
    if raw.startswith("postgres://"):
        raw = "postgresql://" + raw.removeprefix("postgres://")
    try:
        url = make_url(raw)
    except ArgumentError:
        raise ValueError("DATABASE_URL cannot be read as a database address.") from None
    kind = url.get_backend_name()
    if kind not in {"sqlite", "postgresql"}:
        raise ValueError(f"DATABASE_URL names “{kind}”; only sqlite and postgresql are supported.")
    if kind == "postgresql":
        return url.set(drivername="postgresql+psycopg").render_as_string(hide_password=False)
    if not url.database or url.database == ":memory:":
        raise ValueError("DATABASE_URL must name a SQLite file: several processes share it.")
    return url.set(database=str(Path(url.database).absolute())).render_as_string(hide_password=False)
