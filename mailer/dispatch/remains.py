"""What a dead worker left behind: its journal, read only under the lock that its worker held for life."""

import fcntl
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

# a claim may appear after its worker's death, when its last statement was still running
KEEP_FOR = timedelta(minutes=15)


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
    """Try the worker's lock. UNKNOWN: of another host or another boot, or its journal is gone."""
    try:
        file = os.open(path_of(folder, worker), os.O_RDWR)
    except FileNotFoundError:
        return Remains(Life.UNKNOWN, {})
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return _read(os.pread(file, os.fstat(file).st_size, 0))
    except BlockingIOError:
        return Remains(Life.ALIVE, {})
    finally:
        os.close(file)


def sweep(folder: Path, needed: Collection[str], now: datetime) -> int:
    """Delete journals of workers that are gone for a while and hold no claim; how many."""
    paths = folder.glob("*.journal") if folder.is_dir() else ()
    return sum(_is_swept(folder, path, now) for path in paths if path.stem not in needed)


def _is_swept(folder: Path, path: Path, now: datetime) -> bool:
    try:
        untouched_for = now.timestamp() - path.stat().st_mtime
        if untouched_for < KEEP_FOR.total_seconds() or examine(folder, path.stem).life is Life.ALIVE:
            return False
        path.unlink()
    except FileNotFoundError:  # another recovery was faster
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
