"""Real consumers and real `flask send`, as processes of their own."""

import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

from flask import Flask
from sqlalchemy import Engine, text
from sqlalchemy.exc import OperationalError

from mailer.config import ROOT, Config

CONSUMER = (sys.executable, "-m", "huey.bin.huey_consumer", "tasks.huey")
FLASK = ("flask", "--app", "wsgi", "send")
GENTLE = ("-w", "1", "-k", "thread", "-m", "1", "-g", "TERM", "-t", "30")


def environment(app: Flask, **changes: str) -> dict[str, str]:
    """What a process needs to serve the same database, queue and mail server as this app."""
    config: Config = app.config["MAILER"]
    return {
        **os.environ,
        "APP_ENV": "development",
        "SECRET_KEY": config.secret_key,
        "DATABASE_URL": config.database_url,
        "REDIS_URL": config.redis_url,
        "INSTANCE_DIR": str(config.instance_dir),
        "VAR_DIR": str(config.var_dir),
        "MAIL_SERVER": config.mail.host,
        "MAIL_PORT": str(config.mail.port),
        "MAIL_DEFAULT_SENDER": config.mail.sender,
        "PUBLIC_URL": config.public_url,
        **changes,
    }


def start_consumer(app: Flask, log: Path, *options: str, **changes: str) -> subprocess.Popen[bytes]:
    """`huey_consumer tasks.huey` with these options; its words go to `log`."""
    with log.open("ab") as words:
        return subprocess.Popen(
            [*CONSUMER, *options], cwd=ROOT, env=environment(app, **changes), stdout=words, stderr=words
        )


def flask_send(
    app: Flask, *options: str, module: Sequence[str] = FLASK, **changes: str
) -> subprocess.CompletedProcess[str]:
    """`flask send` to its end; `module` is one that runs it in its own way."""
    return subprocess.run(
        [sys.executable, "-m", *module, *options],
        cwd=ROOT,
        env=environment(app, **changes),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def put_to_sleep(process: subprocess.Popen[bytes], database: Engine) -> None:
    """SIGSTOP, but not in a transaction: who sleeps with a lock keeps everybody waiting, and that is another story."""
    while _is_stopped_inside_a_transaction(process, database):
        process.send_signal(signal.SIGCONT)


def _is_stopped_inside_a_transaction(process: subprocess.Popen[bytes], database: Engine) -> bool:
    process.send_signal(signal.SIGSTOP)
    _pid, status = os.waitpid(process.pid, os.WUNTRACED)
    assert os.WIFSTOPPED(status), "it has ended"
    try:
        if database.dialect.name == "sqlite":
            with closing(sqlite3.connect(str(database.url.database), timeout=0)) as other:
                other.execute("BEGIN IMMEDIATE")
        else:
            with database.connect() as connection:
                connection.execute(text("SELECT id FROM run FOR UPDATE NOWAIT"))
    except (OperationalError, sqlite3.OperationalError):
        return True
    return False
