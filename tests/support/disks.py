"""A small disk of a test's own, which really gets full: a tmpfs in a mount namespace that nobody else sees.

The namespace is that of the test's thread and of whatever it starts: threads, processes. It goes with the test.
"""

import ctypes
import errno
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

OWN_PLACE, NEW_MOUNTS = 0x0200, 0x0002_0000  # CLONE_FS, CLONE_NEWNS; os.unshare came with Python 3.12
PRIVATE = 0x4000 | 1 << 18  # MS_REC | MS_PRIVATE
FORBIDDEN = {errno.EPERM, errno.EACCES, errno.ENOSYS, errno.EINVAL, errno.ENOSPC}


@contextmanager
def small_disk(folder: Path, *, size: int) -> Iterator[Path]:
    """Mount one of so many bytes at `folder`; skips where this process may not, as in most containers."""
    if sys.platform != "linux":
        pytest.skip("mount namespaces are Linux's")
    outside, here = os.open("/proc/thread-self/ns/mnt", os.O_RDONLY | os.O_CLOEXEC), Path.cwd()
    try:
        _may("unshare", NEW_MOUNTS)
        try:
            _may("mount", b"none", b"/", None, PRIVATE, None)
            _may("mount", b"tmpfs", bytes(folder), b"tmpfs", 0, b"size=%d" % size)
            yield folder
        finally:
            _ask("unshare", OWN_PLACE)  # a thread that is about to end shares it with us, and nobody may leave it so
            _ask("setns", outside, NEW_MOUNTS)
            os.chdir(here)
    finally:
        os.close(outside)


def fill(folder: Path) -> Path:
    """Leave not a byte of this disk free; the file that takes the room."""
    ballast = folder / "ballast"
    with ballast.open("wb", buffering=0) as file:
        try:
            while file.write(bytes(4096)):
                pass
        except OSError as error:
            if error.errno != errno.ENOSPC:
                raise
    return ballast


def _may(call: str, *arguments: object) -> None:
    """Ask for what may be forbidden here."""
    try:
        _ask(call, *arguments)
    except OSError as error:
        if error.errno not in FORBIDDEN:
            raise
        pytest.skip(f"this process may not have a disk of its own: {call}: {error.strerror}")


def _ask(call: str, *arguments: object) -> None:
    """A call of the C library that answers 0 when it is granted."""
    if getattr(ctypes.CDLL(None, use_errno=True), call)(*arguments):
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number), call)
