"""What this worker has done with each recipient in its hands, in a small memory-mapped file of its own.

A store into memory survives `kill -9` (not a power cut, hence the boot id). The worker holds a lock on the file
for life: whoever gets that lock on the same boot knows that the worker is dead and may believe what is written.
"""

import errno
import fcntl
import mmap
import os
import struct
import subprocess
import sys
from collections.abc import Callable
from functools import cache, partial
from operator import setitem
from pathlib import Path
from typing import Final

UNTOUCHED: Final = 0
WRITING: Final = 1
ACCEPTED: Final = 2
REFUSED: Final = 3
DEFERRED: Final = 4

MAGIC = b"mailer-journal-1"
HEADER = struct.Struct("=16s64s")  # magic, boot id
REGION = struct.Struct("=QQ")  # claim id (0: free), number of entries
ENTRIES = 512  # of four bytes each, see `entry`
REGION_SIZE = REGION.size + 4 * ENTRIES
REGIONS = 256
FIRST = 128  # the header, rounded up
_SIZE = FIRST + REGIONS * REGION_SIZE

# of one claim: (state, reply code) in the order of its recipients
States = list[tuple[int, int]]


class Journal:
    """One per worker; `put` is for the hot path, begin and end for once in a window. Not for several threads.

    `put(slot, entry(…))` is one aligned store of four bytes: never half written.
    """

    def __init__(self, path: Path, file: int, memory: mmap.mmap) -> None:
        """Use `open`."""
        self.path = path
        self._file = file
        self._memory = memory
        self._view = memoryview(memory)
        self._entries = self._view.cast("I")
        self.put: Callable[[int, int], None] = partial(setitem, self._entries)
        self._free = list(range(REGIONS - 1, -1, -1))
        self._taken: dict[int, int] = {}

    @classmethod
    def open(cls, folder: Path, worker: str) -> "Journal":
        """A new, empty journal for this worker, locked until `close` or death. The name must never have been used."""
        folder.mkdir(parents=True, exist_ok=True)
        path = path_of(folder, worker)
        file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            # locked before anything is in it: an empty file is one whose worker is not ready
            fcntl.flock(file, fcntl.LOCK_EX)
            # its room is taken now: a store into a hole of a disk that is full by then would be a SIGBUS
            if os.pwrite(file, bytes(_SIZE), 0) < _SIZE:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(path))
            memory = mmap.mmap(file, _SIZE)
            HEADER.pack_into(memory, 0, MAGIC, boot_id().encode())
        except OSError:
            path.unlink()
            os.close(file)
            raise
        return cls(path, file, memory)

    def begin(self, claim_id: int, n: int) -> int:
        """Set aside `n` untouched entries; the slot of the first, the others follow. At most 512 in 256 claims."""
        if n > ENTRIES or not self._free:
            raise ValueError(f"no room in the journal for claim {claim_id} of {n}")
        region = self._free.pop()
        start = FIRST + region * REGION_SIZE
        first = start + REGION.size
        self._memory[first : first + 4 * n] = bytes(4 * n)
        # the claim's id last: a death half way leaves a region that nobody reads
        REGION.pack_into(self._memory, start, 0, n)
        REGION.pack_into(self._memory, start, claim_id, n)
        self._taken[claim_id] = region
        return first // 4

    def mark(self, slot: int, state: int, code: int = 0) -> None:
        """Put down what happened to one recipient."""
        self.put(slot, entry(state, code))

    def end(self, claim_id: int) -> None:
        """The claim is settled and committed: forget it. An unknown one is no error."""
        region = self._taken.pop(claim_id, None)
        if region is not None:
            REGION.pack_into(self._memory, FIRST + region * REGION_SIZE, 0, 0)
            self._free.append(region)

    def close(self, *, remove: bool = False) -> None:
        """Let the lock go; `remove` when no claim of ours is left, so that nobody needs the file. Twice is no error."""
        if self._memory.closed:
            return
        try:
            if remove:
                self.path.unlink(missing_ok=True)
        finally:  # a disk that can be read only by now keeps the file, but nobody's claims
            self._entries.release()
            self._view.release()
            self._memory.close()
            os.close(self._file)


def entry(state: int, code: int = 0) -> int:
    """A state and the reply's code as they are kept."""
    return state << 16 | code


def path_of(folder: Path, worker: str) -> Path:
    """Where this worker's journal lies."""
    return folder / f"{worker}.journal"


def new_worker_name() -> str:
    """Never used before and fit for a file name: host, process, and eight random bytes."""
    host = "".join(c if c.isalnum() or c in "-." else "-" for c in os.uname().nodename)
    return f"{host[:60]}-{os.getpid()}-{os.urandom(8).hex()}"


@cache
def boot_id() -> str:
    """What changes when this machine starts again, and then only; raises OSError where there is no such thing."""
    if sys.platform == "darwin":
        asked = subprocess.run(
            ["/usr/sbin/sysctl", "-n", "kern.bootsessionuuid"], capture_output=True, check=True, text=True
        )
        return asked.stdout.strip()
    return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
