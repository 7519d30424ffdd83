"""Where figures are taken: a migrated, empty SQLite file and a private PostgreSQL, in a folder that goes afterwards."""

import os
import secrets
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

from dotenv import dotenv_values
from sqlalchemy import Engine, create_engine

from mailer import orm
from mailer.bench import postgres
from mailer.bench.running import Child
from mailer.config import ROOT

MIGRATE_S = 120.0
SENDER = "news@example.org"
ROOF = "/tmp"  # noqa: S108 - a path as short as unix sockets want it
FLASK = (sys.executable, "-m", "flask", "--app", "wsgi")


@dataclass(frozen=True, slots=True)
class Place:
    """One database, and the settings of processes that serve it."""

    name: str
    url: str
    folder: Path

    def env(self, **changes: str) -> dict[str, str]:
        """A whole environment: nothing of the app's own settings shines through."""
        own = {"INSTANCE_DIR": "instance", "VAR_DIR": "var", "MEDIA_DIR": "var/media"}
        return {
            **_foreign(),
            **{name: str(self.folder / path) for name, path in own.items()},
            "APP_ENV": "production",
            "SECRET_KEY": secrets.token_hex(32),
            "DATABASE_URL": self.url,
            "REDIS_URL": "",
            "PUBLIC_URL": "https://mailer.example",
            "MAIL_SERVER": "127.0.0.1",
            "MAIL_PORT": "2525",
            "MAIL_DEFAULT_SENDER": SENDER,
            "TIME_ZONE": "UTC",
            "DEFAULT_LOCALE": "en",
            "LOG_LEVEL": "ERROR",
            **changes,
        }

    @contextmanager
    def database(self) -> Iterator[Engine]:
        """An engine as the app's own, for building worlds and counting rows."""
        engine = create_engine(self.url)
        orm.prepare(engine)
        try:
            yield engine
        finally:
            engine.dispose()


@dataclass
class Workshop:
    """Makes fresh places in `root`; `lacks` says in sentences what this machine does not have."""

    root: Path
    stack: ExitStack
    lacks: list[str] = field(default_factory=list)
    _cluster: Path | None = None
    _numbers: Iterator[int] = field(default_factory=lambda: count(1))
    _templates: dict[str, Place] = field(default_factory=dict)

    def places(self) -> list[Place]:
        """A fresh SQLite, and a fresh PostgreSQL where there is one."""
        made = [self._sqlite()]
        if postgres.binaries() is not None:
            made.append(self._postgres())
        return made

    def best_place(self) -> Place:
        """PostgreSQL where there is one, else SQLite."""
        return self.places()[-1]

    def log(self, name: str) -> Path:
        """Where a process may write its words."""
        return self.root / f"{name}.log"

    def _sqlite(self) -> Place:
        folder = self._folder()
        place = Place("SQLite", f"sqlite:///{folder / 'mailer.db'}", folder)
        if place.name not in self._templates:
            self._templates[place.name] = self._migrated(place)
            return self._sqlite()
        shutil.copy(self._templates[place.name].folder / "mailer.db", folder)
        return place

    def _postgres(self) -> Place:
        if self._cluster is None:
            self._cluster = self.stack.enter_context(postgres.private_cluster(self.root / "pg"))
        folder = self._folder()
        template = self._templates.get("PostgreSQL")
        url = postgres.create_database(self._cluster, folder.name, template.folder.name if template else "template1")
        place = Place("PostgreSQL", url, folder)
        if template is None:
            self._templates[place.name] = self._migrated(place)
            return self._postgres()
        return place

    def _folder(self) -> Path:
        folder = self.root / f"place{next(self._numbers)}"
        folder.mkdir()
        return folder

    def _migrated(self, place: Place) -> Place:
        """Once per database; the others are copies of it."""
        Child([*FLASK, "db", "upgrade"], env=place.env(), log=self.log("migrate")).wait(MIGRATE_S)
        return place


@contextmanager
def workshop() -> Iterator[Workshop]:
    """A folder that is removed afterwards, with all servers in it ended."""
    root = Path(tempfile.mkdtemp(prefix="mb-", dir=ROOF))
    root.chmod(0o755)  # PostgreSQL runs as somebody else than root
    with ExitStack() as stack:
        stack.callback(shutil.rmtree, root, ignore_errors=True)
        made = Workshop(root, stack)
        if postgres.binaries() is None:
            made.lacks.append("PostgreSQL is not installed: its figures are missing.")
        yield made


def _foreign() -> dict[str, str]:
    """What processes need of this one's environment: paths, languages, nothing of ours."""
    kept = ("PATH", "HOME", "LANG", "LC_ALL", "VIRTUAL_ENV", "TMPDIR", "PYTHONPATH", "COVERAGE_PROCESS_START")
    # what .env says is said empty here, else the app would read it there
    return dict.fromkeys(dotenv_values(ROOT / ".env"), "") | {
        name: os.environ[name] for name in kept if name in os.environ
    }
