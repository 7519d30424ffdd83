"""The journal survives its worker and can be believed, or it says nothing."""

import os
import resource
import signal
import struct
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from mailer.dispatch.journal import (
    ACCEPTED,
    DEFERRED,
    ENTRIES,
    HEADER,
    REGIONS,
    WRITING,
    Journal,
    new_worker_name,
    path_of,
)
from mailer.dispatch.remains import Life, examine, sweep


def read_dead(folder: Path, worker: str) -> dict[int, list[tuple[int, int]]] | None:
    """What a worker that is known to be dead left behind."""
    remains = examine(folder, worker)
    return remains.claims if remains.life is Life.DEAD else None


WORKER = """
import sys, time
from pathlib import Path
from mailer.dispatch.journal import Journal
journal = Journal.open(Path(sys.argv[1]), "worker")
slot = journal.begin(7, 3)
journal.mark(slot, 2, 250)
journal.mark(slot + 1, 1)
print("ready", flush=True)
time.sleep(600)
"""


def test_a_killed_worker_leaves_what_it_knew(tmp_path: Path) -> None:
    with subprocess.Popen([sys.executable, "-c", WORKER, str(tmp_path)], stdout=subprocess.PIPE) as worker:
        assert worker.stdout is not None
        assert worker.stdout.readline() == b"ready\n"
        assert examine(tmp_path, "worker").life is Life.ALIVE
        assert read_dead(tmp_path, "worker") is None
        os.kill(worker.pid, signal.SIGSTOP)
        assert examine(tmp_path, "worker").life is Life.ALIVE
        worker.kill()
        worker.wait()
    assert examine(tmp_path, "worker").life is Life.DEAD
    assert read_dead(tmp_path, "worker") == {7: [(ACCEPTED, 250), (WRITING, 0), (0, 0)]}


def test_our_own_journal_is_never_taken_for_a_dead_ones(tmp_path: Path) -> None:
    journal = Journal.open(tmp_path, "me")
    assert examine(tmp_path, "me").life is Life.ALIVE
    journal.close()


def test_regions_come_empty_and_go(tmp_path: Path) -> None:
    journal = Journal.open(tmp_path, "w")
    slots = {claim_id: journal.begin(claim_id, ENTRIES) for claim_id in range(1, REGIONS + 1)}
    with pytest.raises(ValueError, match="no room"):
        journal.begin(999, 1)
    journal.mark(slots[5] + ENTRIES - 1, DEFERRED, 451)
    journal.end(5)
    journal.end(12345)
    again = journal.begin(999, 2)
    assert again == slots[5]
    journal.mark(again + 1, ACCEPTED, 250)
    journal.close()
    found = read_dead(tmp_path, "w")
    assert found is not None
    assert 5 not in found
    assert found[999] == [(0, 0), (ACCEPTED, 250)]
    assert found[6] == [(0, 0)] * ENTRIES


def test_a_claim_too_big_for_a_region_is_refused(tmp_path: Path) -> None:
    journal = Journal.open(tmp_path, "w")
    with pytest.raises(ValueError, match="no room"):
        journal.begin(1, ENTRIES + 1)
    journal.close()


def test_a_name_is_used_once(tmp_path: Path) -> None:
    journal = Journal.open(tmp_path, "w")
    with pytest.raises(FileExistsError):
        Journal.open(tmp_path, "w")
    journal.close(remove=True)
    assert not list(tmp_path.iterdir())
    assert new_worker_name() != new_worker_name()
    assert "/" not in new_worker_name()


def boots_elsewhere(path: Path) -> None:
    content = bytearray(path.read_bytes())
    magic, _boot = HEADER.unpack_from(content)
    HEADER.pack_into(content, 0, magic, b"another boot")
    path.write_bytes(content)


def cut(path: Path) -> None:
    os.truncate(path, 4000)


def scribble(path: Path) -> None:
    with path.open("r+b") as file:
        file.write(struct.pack("16s", b"not a journal"))


def close_to_us(path: Path) -> None:
    """As another user's file is; that one itself would be open to root, who may run the tests."""
    path.unlink()
    path.mkdir()


@pytest.mark.parametrize("harm", [boots_elsewhere, cut, scribble, Path.unlink, close_to_us])
def test_what_cannot_be_believed_is_not_read(tmp_path: Path, harm) -> None:
    journal = Journal.open(tmp_path, "w")
    journal.begin(1, 1)
    journal.close()
    harm(path_of(tmp_path, "w"))
    assert examine(tmp_path, "w").life is Life.UNKNOWN
    assert read_dead(tmp_path, "w") is None


def test_a_journal_that_cannot_be_opened_just_now_is_waited_for(tmp_path: Path) -> None:
    Journal.open(tmp_path, "w").close()
    usual = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (0, usual[1]))
    try:
        life = examine(tmp_path, "w").life
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, usual)
    assert life is Life.ALIVE
    assert examine(tmp_path, "w").life is Life.DEAD


def test_old_journals_that_nobody_needs_are_swept(tmp_path: Path) -> None:
    for name in ("dead", "needed", "young"):
        Journal.open(tmp_path, name).close()
    alive = Journal.open(tmp_path, "alive")
    now = datetime.now(UTC)
    for name in ("dead", "needed", "alive"):
        an_hour_ago = (now - timedelta(hours=1)).timestamp()
        os.utime(path_of(tmp_path, name), (an_hour_ago, an_hour_ago))
    assert sweep(tmp_path, {"needed"}, now) == 1
    assert {path.stem for path in tmp_path.iterdir()} == {"needed", "young", "alive"}
    alive.close()
    assert sweep(tmp_path / "nowhere", (), now) == 0


def test_a_journal_that_cannot_be_opened_is_left_where_it_is_and_the_others_are_swept(tmp_path: Path) -> None:
    for name in ("a-dead", "b-closed", "c-dead"):
        Journal.open(tmp_path, name).close()
    close_to_us(path_of(tmp_path, "b-closed"))
    assert sweep(tmp_path, (), datetime.now(UTC) + timedelta(hours=1)) == 2
    assert [path.stem for path in tmp_path.iterdir()] == ["b-closed"]


def test_its_room_on_the_disk_is_taken_when_it_is_opened(tmp_path: Path) -> None:
    journal = Journal.open(tmp_path, "worker")
    found = journal.path.stat()
    journal.close(remove=True)
    # a file with holes is a SIGBUS (the whole process dies) at the first store into a hole of a full disk
    assert found.st_blocks * 512 >= found.st_size
