"""A private PostgreSQL: its own data, a unix socket and no port. Databases are clones of one that is migrated once."""

import os
import pwd
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path

import psycopg
from psycopg import sql

from tests.support.processes import Server, missing, short_folder

TEMPLATE = "migrated"
# real letters, also of Cyrillic names, as on a real server; sorted by code point everywhere
LOCALE = "en_US.UTF-8" if sys.platform == "darwin" else "C.UTF-8"
FAST = ("fsync=off", "full_page_writes=off", "synchronous_commit=off", "max_wal_size=1GB")
DURABLE = ("fsync=on",)


def folders() -> Iterator[Path]:
    """Where the binaries may be, the newest version first."""
    debian = Path("/usr/lib/postgresql")
    yield from sorted(debian.glob("*/bin"), key=lambda path: float(path.parent.name), reverse=True)
    yield from sorted(Path("/opt/homebrew/opt").glob("postgresql@*/bin"), reverse=True)
    found = shutil.which("initdb")
    if found:
        yield Path(found).resolve().parent


def binaries() -> Path:
    """The folder of a PostgreSQL that runs and has its initdb beside it; skips or fails without one."""
    return next(filter(_is_whole, folders()), None) or missing("PostgreSQL")


def _is_whole(folder: Path) -> bool:
    return all(_runs(folder / name) for name in ("postgres", "initdb"))


def _runs(program: Path) -> bool:
    if not program.exists():
        return False
    done = subprocess.run([program, "--version"], capture_output=True, check=False)
    return done.returncode == 0 and b"PostgreSQL" in done.stdout


def unprivileged() -> str | None:
    """Whom to run as: PostgreSQL refuses root."""
    if os.geteuid() != 0:
        return None
    names = {entry.pw_name for entry in pwd.getpwall()}
    return "postgres" if "postgres" in names else "nobody"


class Postgres:
    """The running server; `url` names a database of it, `fresh` makes a migrated one."""

    def __init__(self, folder: Path, server: Server) -> None:
        self.folder = folder
        self.server = server
        self.numbers = count(1)
        self.is_migrated = False

    def url(self, database: str) -> str:
        """SQLAlchemy's address of a database."""
        return f"postgresql+psycopg://postgres@/{database}?host={self.folder}"

    def execute(self, statement: str, name: str = "", template: str = "") -> None:
        """Run one statement outside any transaction; `{name}` and `{template}` are quoted into it."""
        with psycopg.connect(host=str(self.folder), user="postgres", autocommit=True) as connection:
            words = {"name": sql.Identifier(name), "template": sql.Identifier(template)}
            connection.execute(sql.SQL(statement).format(**words))

    def create(self, template: str = "template1") -> str:
        """A new database's name."""
        name = f"test_{next(self.numbers)}"
        self.execute("CREATE DATABASE {name} TEMPLATE {template} STRATEGY file_copy", name, template)
        return name

    def drop(self, name: str) -> None:
        """Remove a database, whoever is still connected."""
        self.execute("DROP DATABASE IF EXISTS {name} WITH (FORCE)", name)

    @contextmanager
    def fresh(self, migrate: Callable[[str], None]) -> Iterator[str]:
        """The address of a migrated, empty database, dropped afterwards; `migrate(url)` is called once."""
        if not self.is_migrated:
            self.drop(TEMPLATE)  # a migration that failed half way has left one
            self.execute("CREATE DATABASE {name}", TEMPLATE)
            migrate(self.url(TEMPLATE))
            self.is_migrated = True
        name = self.create(TEMPLATE)
        try:
            yield self.url(name)
        finally:
            self.drop(name)


@contextmanager
def running_postgres(*, durable: bool = False) -> Iterator[Postgres]:
    """Start a new cluster. `durable` keeps fsync on, for tests that kill it."""
    folder_of_binaries, user = binaries(), unprivileged()
    with short_folder(user) as folder:
        data = folder / "data"
        initdb = [str(folder_of_binaries / "initdb"), "--no-sync", "-A", "trust", "-U", "postgres", "-D", str(data)]
        initdb += ["--encoding=UTF8", f"--locale={LOCALE}"]
        subprocess.run(initdb, user=user, cwd=folder, check=True, capture_output=True)
        settings = ("listen_addresses=", f"unix_socket_directories={folder}", *(DURABLE if durable else FAST))
        command = [str(folder_of_binaries / "postgres"), "-D", str(data)]
        command += [word for setting in settings for word in ("-c", setting)]
        server = Server(command, folder=folder, is_ready=lambda: _is_up(folder), user=user)
        server.start()
        try:
            yield Postgres(folder, server)
        finally:
            server.stop(signal.SIGQUIT)  # at once: its data is thrown away


def _is_up(folder: Path) -> bool:
    try:
        psycopg.connect(host=str(folder), user="postgres", dbname="postgres").close()
    except psycopg.OperationalError:
        return False
    return True
