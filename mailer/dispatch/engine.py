"""One engine per process: it serves all open runs in shifts, and slices of the queue allow it to go on.

Opens no runs (the tick does) and knows no queue.
"""

import gc
import logging
import threading
from collections import Counter
from contextlib import ExitStack
from dataclasses import dataclass, field
from email.utils import parseaddr
from pathlib import Path

from flask import Flask

from mailer.clock import utcnow
from mailer.config import Config, MailServer
from mailer.dispatch.journal import Journal, new_worker_name
from mailer.dispatch.ledger import LedgerUnavailable, open_ledger
from mailer.dispatch.letters import footers, unsubscribe_key
from mailer.dispatch.loop.parts import Parts
from mailer.dispatch.loop.rest import put_to_rest
from mailer.dispatch.loop.shift import Shift
from mailer.extensions import db
from mailer.mail.smtp.settings import Settings, Tls
from mailer.mail.wire import Limits, Server
from mailer.models import HeldReason
from mailer.rules.outcome import Outcome

GRACE_S = 10.0  # a shift may claim on for so long after its slice: the next slice is on its way
CLOSE_S = 30.0
NO_SERVER = "MAIL_SERVER is not set: there is nobody to hand letters to."

log = logging.getLogger(__name__)


class CannotBegin(Exception):
    """No room for a journal, or no file or thread to be had: the next tick tries again."""


@dataclass(frozen=True, slots=True)
class WorkReport:
    """What came of one call. `is_over`: nothing to do now; `is_elsewhere`: another process sends.

    `is_broken`: the sending broke off, and what it held waits for recovery.
    `is_stuck`: sending could not begin, and to try at once again would be in vain.
    `outcomes` counts rows written meanwhile (skips decided by the ledger are not among them).
    """

    is_over: bool
    is_elsewhere: bool = False
    is_stuck: bool = False
    is_taken: bool = False
    is_broken: bool = False
    trouble: str = ""
    outcomes: Counter[Outcome] = field(default_factory=Counter)


class Engine:
    """`work` and `close` may be called from any thread; forked children need an engine of their own."""

    def __init__(self, parts: Parts) -> None:
        self.parts = parts
        self._shift: Shift | None = None
        self._working = threading.Lock()
        self._closing = threading.Lock()
        self._is_closed = False

    def work(self, for_s: float = 10.0, *, mailing_id: int | None = None) -> WorkReport:
        """Send what is open until nothing is left or the time is up; a second call at once returns at once."""
        if self._is_closed or not self._working.acquire(blocking=False):
            return WorkReport(is_over=True, is_taken=True)
        try:
            return self._work(for_s, mailing_id)
        except LedgerUnavailable as error:
            return WorkReport(is_over=False, is_stuck=True, trouble=f"database: {error}")
        except CannotBegin as error:
            return WorkReport(is_over=True, is_stuck=True, trouble=str(error))
        finally:
            self._working.release()

    def begin(self, for_s: float = GRACE_S) -> None:
        """Start sending and return at once; nothing happens where it goes on already, or another process sends."""
        has_server = bool(self.parts.server.host)
        if has_server and not self._is_closed and self._working.acquire(blocking=False):
            try:
                self._running(self.parts.monotonic() + for_s, None)
            except CannotBegin:
                pass  # it is in the log, and the tick has other things to do
            finally:
                self._working.release()

    def close(self) -> None:
        """The gentle stop: nothing new is begun, what is on the wire is finished and written, under 30 s."""
        self._is_closed = True
        with self._closing:
            shift, self._shift = self._shift, None
            if shift is not None:
                shift.stop()
                shift.join(CLOSE_S)

    def _work(self, for_s: float, mailing_id: int | None) -> WorkReport:
        if not self.parts.server.host:
            put_to_rest(self.parts, mailing_id, HeldReason.SERVER, NO_SERVER)
            return WorkReport(is_over=True, trouble=NO_SERVER)
        until_s = self.parts.monotonic() + for_s
        shift = self._running(until_s + GRACE_S, mailing_id)
        if shift is None:
            return WorkReport(is_over=False, is_elsewhere=True)
        before = Counter(shift.books.totals)
        with shift.news:
            shift.news.wait_for(
                lambda: shift.is_idle or self._is_closed, max(0.0, until_s - self.parts.monotonic())
            )
        return WorkReport(
            is_over=shift.is_idle,
            is_broken=shift.is_ending and not shift.books.is_clean,
            trouble=shift.chores.trouble,
            outcomes=Counter(shift.books.totals) - before,
        )

    def _running(self, claim_until_s: float, mailing_id: int | None) -> Shift | None:
        """The shift that goes on, or a new one; None: this process may not send now. Raises CannotBegin."""
        shift = self._shift
        if shift is not None and shift.allow(claim_until_s):
            return shift
        if shift is not None:
            shift.join(CLOSE_S)
        worker = new_worker_name()
        with self._closing:  # a shift that began behind the back of `close` would be stopped by nobody
            if self._is_closed or not self.parts.ledger.take_sender(worker):
                return None
            try:
                self._shift = shift = self._begun(worker, claim_until_s, mailing_id)
            except (OSError, RuntimeError) as error:
                log.error("sending cannot begin: %s", error)
                raise CannotBegin(f"sending cannot begin: {error}") from error
        return shift

    def _begun(self, worker: str, claim_until_s: float, mailing_id: int | None) -> Shift:
        """A new shift at work; where one cannot be had, nothing of it is left behind."""
        with ExitStack() as undo:
            undo.callback(self.parts.ledger.leave_sender, worker)
            journal = Journal.open(self.parts.folder, worker)
            undo.callback(journal.close, remove=True)
            shift = Shift(self.parts, journal, worker, mailing_id=mailing_id)
            shift.start(claim_until_s)
            undo.pop_all()
        return shift


def build_engine(app: Flask) -> Engine:
    """The engine of this process, from the app's settings and its database."""
    config: Config = app.config["MAILER"]
    gc.collect()
    gc.freeze()  # what is imported stays: no collection needs to walk through it again
    with app.app_context():
        database = db.engine
    return Engine(
        Parts(
            config=config,
            database=database,
            ledger=open_ledger(
                database,
                new_user_daily_limit=config.sending.new_user_daily_limit,
                refused_brake_percent=config.sending.refused_brake_percent,
            ),
            server=server_of(config.mail),
            limits=Limits(connections=config.sending.connections),
            key=unsubscribe_key(database),
            footers=footers(app),
            folder=journal_folder(config),
            clock=utcnow,
        )
    )


def journal_folder(config: Config) -> Path:
    """Where this host's workers keep their journals."""
    return config.var_dir / "journal"


def server_of(mail: MailServer) -> Server:
    """The mail server as the wire wants it; our name in EHLO is the sender's domain."""
    tls = Tls.IMPLICIT if mail.use_ssl else Tls.STARTTLS if mail.use_tls else Tls.NONE
    settings = Settings(
        helo_name=parseaddr(mail.sender)[1].rpartition("@")[2] or "localhost",
        tls=tls,
        username=mail.username,
        password=mail.password,
        look_ahead=mail.look_ahead,
    )
    return Server(mail.host, mail.port, settings)
