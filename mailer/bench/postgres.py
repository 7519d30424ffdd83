"""A PostgreSQL of the benchmark's own: found, started with fsync on and no port, stopped, its data thrown away."""

import os
import pwd
import shutil
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg

from mailer.bench.running import BenchError, Child, wait_until

SETTINGS = ("fsync=on", "synchronous_commit=on", "full_page_writes=on", "max_wal_size=2GB", "listen_addresses=")


def binaries() -> Path | None:
    """The folder of a PostgreSQL that has its initdb beside it, the newest first; None: there is none."""
    debian = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: path.parent.name, reverse=True)
    homebrew = sorted(Path("/opt/homebrew/opt").glob("postgresql@*/bin"), reverse=True)
    found = shutil.which("initdb")
    folders = [*debian, *homebrew, *([Path(found).resolve().parent] if found else [])]
    whole = (folder for folder in folders if (folder / "postgres").exists() and (folder / "initdb").exists())
    return next(whole, None)


@contextmanager
def private_cluster(folder: Path) -> Iterator[Path]:
    """Run a new cluster in `folder`, which becomes its socket's folder too (its path must be short)."""
    programs, user = binaries(), _unprivileged()
    if programs is None:
        raise BenchError("PostgreSQL is not installed")
    folder.mkdir(mode=0o755)
    if user:
        shutil.chown(folder, user)
    data = folder / "data"
    initdb = [str(programs / "initdb"), "--no-sync", "-A", "trust", "-U", "postgres", "-E", "UTF8", "-D", str(data)]
    done = subprocess.run(initdb, user=user, cwd=folder, capture_output=True, check=False)  # noqa: S603
    if done.returncode:
        raise BenchError(f"initdb: {done.stderr.decode(errors='replace').strip()}")
    settings = [word for one in (*SETTINGS, f"unix_socket_directories={folder}") for word in ("-c", one)]
    server = Child([str(programs / "postgres"), "-D", str(data), *settings], cwd=folder, user=user)
    try:
        wait_until(lambda: _is_up(folder, server), what="PostgreSQL to start", pause_s=0.05)
        yield folder
    finally:
        server.end(signal.SIGQUIT)  # at once: its data is thrown away


def create_database(folder: Path, name: str, template: str) -> str:
    """Make a copy of `template`; its address as SQLAlchemy wants it."""
    with psycopg.connect(host=str(folder), user="postgres", dbname="postgres", autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name} TEMPLATE {template}")
    return f"postgresql+psycopg://postgres@/{name}?host={folder}"


def _is_up(folder: Path, server: Child) -> bool:
    if not server.is_running:
        raise BenchError("PostgreSQL ended at its start")
    try:
        psycopg.connect(host=str(folder), user="postgres", dbname="postgres").close()
    except psycopg.OperationalError:
        return False
    return True


def _unprivileged() -> str | None:
    """Whom to run as: PostgreSQL refuses root."""
    if os.geteuid() != 0:
        return None
    names = {entry.pw_name for entry in pwd.getpwall()}
    return "postgres" if "postgres" in names else "nobody"
