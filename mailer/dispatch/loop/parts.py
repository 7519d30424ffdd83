"""What a shift is made of, gathered once per process."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from sqlalchemy import Engine as Database

from mailer.config import Config
from mailer.dispatch.ledger.interface import Ledger
from mailer.dispatch.letters import Footer
from mailer.mail.wire import Lessons, Limits, Server


@dataclass(frozen=True, slots=True)
class Parts:
    """`folder` is where journals live, `key` signs unsubscribe links, `clock` is the wall clock.

    `stop_s` is what a silent server may take on a gentle stop, before its letters are unanswered.
    """

    config: Config
    database: Database
    ledger: Ledger
    server: Server
    limits: Limits
    key: bytes
    footers: dict[str, Footer]
    folder: Path
    clock: Callable[[], datetime]
    monotonic: Callable[[], float] = time.monotonic
    lessons: Lessons = field(default_factory=Lessons)
    stop_s: float = 25.0
