"""Small chores of each minute that keep the account tables small, and finish what a departure began."""

from collections.abc import Callable
from datetime import datetime

from sqlalchemy.orm import Session

from mailer.config import Config
from mailer.services import account_letters, account_links, departure, post_writing, sign_ins, throttle

# once an hour is often enough: only a death in mid-upload, or a departure, leaves files behind
PHOTOS_AT_MINUTE = 17


def do(session: Session, *, now: datetime, config: Config, commit: Callable[[], None]) -> None:
    """Drop what is over, then erase a little of those who left; `commit` after each small step."""
    throttle.sweep(session, now=now)
    account_links.sweep(session, now=now)
    account_letters.sweep(session, now=now)
    sign_ins.sweep(session, config=config, now=now)
    commit()
    departure.erase_some(session, now=now, commit=commit)
    if now.minute == PHOTOS_AT_MINUTE:
        post_writing.sweep_photos(session, config.media_dir, now=now)
