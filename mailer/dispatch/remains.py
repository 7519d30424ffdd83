"""What a dead worker left behind: its journal, read only under the lock that its worker held for life."""

import errno
import fcntl
import logging
import os
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum, auto
from pathlib import Path

from mailer.dispatch.journal import (
    FIRST,
    HEADER,
    MAGIC,
    REGION,
    REGION_SIZE,
    REGIONS,
    States,
    boot_id,
    path_of,
)

log = logging.getLogger(__name__)

# a claim may appear after its worker's death, when its last statement was still running
KEEP_FOR = timedelta(minutes=15)
PASSING = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOMEM})


class Life(Enum):
    """What is known of a worker."""

    ALIVE = auto()
    DEAD = auto()
    UNKNOWN = auto()


@dataclass(frozen=True, slots=True)
class Remains:
    """`claims` are believable when the worker is DEAD, and empty otherwise."""

    life: Life
    claims: dict[int, States]


def examine(folder: Path, worker: str) -> Remains:
    """Try the worker's lock. UNKNOWN: of another host or another boot, or its journal is gone or another user's."""
    try:
        return _look(path_of(folder, worker))
    except FileNotFoundError:
        return Remains(Life.UNKNOWN, {})
    except OSError as error:
        log.warning("the journal of %s cannot be read: %s", worker, error)
        # what may be read in a minute is worth waiting for: without it a whole claim is unanswered
        return Remains(Life.ALIVE if error.errno in PASSING else Life.UNKNOWN, {})


def _look(path: Path) -> Remains:
    file = os.open(path, os.O_RDWR)
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return _read(os.pread(file, os.fstat(file).st_size, 0))
    except BlockingIOError:
        return Remains(Life.ALIVE, {})
    finally:
        os.close(file)


def peek(folder: Path, worker: str) -> dict[int, States]:
    """What stands in a journal whose worker may be alive and go on writing: for measuring, no recovery believes it."""
    return dict(_regions(path_of(folder, worker).read_bytes()))


def sweep(folder: Path, needed: Collection[str], now: datetime) -> int:
    """Delete journals of workers that are gone for a while and hold no claim; how many."""
    paths = folder.glob("*.journal") if folder.is_dir() else ()
    return sum(_is_swept(path, now) for path in paths if path.stem not in needed)


def _is_swept(path: Path, now: datetime) -> bool:
    try:
        untouched_for = now.timestamp() - path.stat().st_mtime
        if untouched_for < KEEP_FOR.total_seconds() or _look(path).life is Life.ALIVE:
            return False
        path.unlink()
    except OSError:  # another recovery was faster, or it is another user's, who may be alive
        return False
    return True


def _read(content: bytes) -> Remains:
    if len(content) < FIRST + REGIONS * REGION_SIZE:
        return Remains(Life.UNKNOWN, {})
    magic, boot = HEADER.unpack_from(content)
    if magic != MAGIC or boot.rstrip(b"\0").decode() != boot_id():
        return Remains(Life.UNKNOWN, {})
    return Remains(Life.DEAD, dict(_regions(content)))


def _regions(content: bytes) -> list[tuple[int, States]]:
    found = []
    for start in range(FIRST, FIRST + REGIONS * REGION_SIZE, REGION_SIZE):
        claim_id, n = REGION.unpack_from(content, start)
        if claim_id:
            first = start + REGION.size
            entries = memoryview(content[first : first + 4 * n]).cast("I")
            found.append((claim_id, [(entry >> 16, entry & 0xFFFF) for entry in entries]))
    return found
