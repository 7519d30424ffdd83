"""Jobs of the web side, done inside the measured process: pages, a file out, a file in. No sockets: the app alone."""

import time
from collections.abc import Iterator, Sequence
from itertools import islice
from statistics import median
from typing import Any

from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import Engine, event

from mailer.bench.running import BenchError
from mailer.bench.sending_jobs import peak_mb
from mailer.clock import utcnow
from mailer.extensions import db
from mailer.models import SignIn
from mailer.services import imports
from mailer.tokens import new_token, token_hash

BASE = "https://mailer.example"


class _Statements:
    """Counts what one engine executes."""

    def __init__(self, engine: Engine) -> None:
        self.n = 0
        event.listen(engine, "before_cursor_execute", self._add)

    def _add(self, *_facts: object) -> None:
        self.n += 1


def pages(app: Flask, *, owner_id: int, paths: Sequence[str], repeats: int) -> dict[str, Any]:
    """Per path: the medians of milliseconds and of our own processor's, statements, the first time's milliseconds."""
    web = _signed_in(app, owner_id) if owner_id else app.test_client()
    with app.app_context():
        count = _Statements(db.engine)
    return {path: _timed(web, path, repeats, count) for path in paths}


def export(app: Flask, *, owner_id: int, path: str) -> dict[str, float]:
    """Read a streamed file to its end: rows, seconds, and how much memory it took more than before."""
    web = _signed_in(app, owner_id)
    before_mb, begun_s, lines = peak_mb(), time.monotonic(), 0
    response = web.get(path, base_url=BASE, buffered=False)
    if response.status_code != 200:
        raise BenchError(f"{path} answered {response.status_code}")
    for piece in response.iter_encoded():
        lines += piece.count(b"\n")
    response.close()
    return {"rows": lines - 1, "wall_s": time.monotonic() - begun_s, "more_mb": peak_mb() - before_mb}


def take_in(app: Flask, *, owner_id: int, lines: int) -> dict[str, float]:
    """Import so many new clients with a tag, as the page does."""
    before_mb, begun_s = peak_mb(), time.monotonic()
    with app.app_context():
        session = db.session()
        report = imports.take_in(
            session, owner_id, islice(_table(), lines), extra_tags=["bench"], now=utcnow(), commit=session.commit
        )
    if report.added != lines:
        raise BenchError(f"{report.added} of {lines} clients were taken in")
    return {"lines": lines, "wall_s": time.monotonic() - begun_s, "more_mb": peak_mb() - before_mb}


def _timed(web: FlaskClient, path: str, repeats: int, count: _Statements) -> dict[str, float]:
    spent, worked = [], []
    for _ in range(repeats + 1):
        count.n, begun_s, cpu_s = 0, time.perf_counter(), time.process_time()
        response = web.get(path, base_url=BASE)
        worked.append((time.process_time() - cpu_s) * 1000)
        spent.append((time.perf_counter() - begun_s) * 1000)
        if response.status_code != 200:
            raise BenchError(f"{path} answered {response.status_code}")
    return {"ms": median(spent[1:]), "cpu_ms": median(worked[1:]), "first_ms": spent[0], "statements": count.n}


def _signed_in(app: Flask, owner_id: int) -> FlaskClient:
    """A browser with a session, as a right password would give it."""
    token, at = new_token(), utcnow()
    with app.app_context():
        db.session.add(SignIn(id_hash=token_hash(token), user_id=owner_id, created_at=at, last_seen_at=at))
        db.session.commit()
    web = app.test_client()
    with web.session_transaction(base_url=BASE) as cookie:
        cookie.permanent = True
        cookie.update({"sid": token, "_user_id": str(owner_id), "_fresh": True})
    return web


def _table() -> Iterator[list[str]]:
    n = 0
    while True:
        n += 1
        yield [f"reader{n}@example.net", f"Читатель {n}", "лавка"]
