"""What `python3 run.py` does for a person: sentences where it cannot go on, and nothing left behind when it ends.

Whole starts work on a fresh copy of the tree, with this environment's libraries (MAILER_VENV) to spare the download.
"""

import ast
import os
import re
import shutil
import signal
import subprocess
import sys
import threading
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

import run
from tests.support.ports import free_socket, turn_to_start
from tests.support.processes import short_folder, wait_until

PINS = ("run.py", "requirements.txt", "requirements-dev.txt", "constraints.txt")
NOT_COPIED = (".*", "instance", "var", "node_modules", "__pycache__", "tests")
PLAIN = {name: os.environ[name] for name in ("PATH", "HOME", "LANG", "TMPDIR") if name in os.environ}


def start(folder: Path, *words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run the folder's run.py to its end."""
    command = [sys.executable, "run.py", *words]
    return subprocess.run(
        command, cwd=folder, env=PLAIN | environment, capture_output=True, text=True, timeout=120, check=False
    )


def assert_one_sentence(done: subprocess.CompletedProcess[str], *words: str) -> None:
    assert done.returncode == 2, done.stderr
    assert "Traceback" not in done.stderr
    assert len(done.stderr.splitlines()) == 1
    for word in words:
        assert word in done.stderr


@pytest.fixture
def pins(tmp_path: Path) -> Path:
    """A folder with run.py and the lists of libraries, and nothing else."""
    for name in PINS:
        shutil.copy(run.ROOT / name, tmp_path)
    return tmp_path


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A place for `.env`, and an environment that says nothing."""
    monkeypatch.setattr(run, "ENV_FILE", tmp_path / ".env")
    for name in ("APP_ENV", "SECRET_KEY", "PUBLIC_URL"):
        monkeypatch.setenv(name, "so that whatever the test sets is undone")
        monkeypatch.delenv(name)
    return tmp_path / ".env"


def test_an_old_python_can_read_the_file_and_is_told_what_to_do() -> None:
    ast.parse(Path(run.__file__).read_text(), feature_version=(3, 6))
    assert "3.11 or newer" in run.too_old(3, 10)
    assert "this is Python 3.6" in run.too_old(3, 6)
    assert [run.too_old(3, minor) for minor in (11, 12, 14)] == ["", "", ""]


def test_an_unknown_word_is_answered_with_those_that_are_known(pins: Path) -> None:
    done = start(pins, "launch")
    assert done.returncode == 2
    assert "python3 run.py test" in done.stderr


def test_a_missing_venv_module_names_the_package_to_install(pins: Path) -> None:
    broken = pins / "broken"
    broken.mkdir()
    (broken / "venv.py").write_text("raise ModuleNotFoundError(\"No module named 'venv'\")\n")
    assert_one_sentence(start(pins, PYTHONPATH=str(broken)), "apt install python3-venv")


def test_a_download_that_fails_is_said_and_tried_again_next_time(pins: Path) -> None:
    nowhere = {"PIP_INDEX_URL": "http://127.0.0.1:1/simple", "PIP_RETRIES": "0", "PIP_CONFIG_FILE": os.devnull}
    assert_one_sentence(start(pins, **nowhere), "Check the network", "ERROR: ")
    again = start(pins, **nowhere)
    assert "Installing" in again.stdout
    assert "Making" not in again.stdout


def test_a_folder_of_somebody_elses_is_never_emptied(pins: Path) -> None:
    (pins / "letters").mkdir()
    (pins / "letters" / "precious").touch()
    assert_one_sentence(start(pins, MAILER_VENV=str(pins / "letters")), "not a virtual environment")
    assert (pins / "letters" / "precious").exists()


def test_a_folder_that_cannot_be_written_to_is_named() -> None:
    with short_folder() as folder:
        for name in PINS:
            shutil.copy(run.ROOT / name, folder)
        folder.chmod(0o555)
        # root may write anywhere, so it becomes nobody, once all modules are loaded
        become_nobody = "os.geteuid() or os.setresuid(65534, 65534, 65534)"
        code = f"import os, pkgutil, runpy, run; {become_nobody}; runpy.run_path('run.py', run_name='__main__')"
        done = subprocess.run(
            [sys.executable, "-c", code], cwd=folder, env=PLAIN, capture_output=True, text=True, check=False
        )
    assert_one_sentence(done, str(folder), "cannot be written to")


def test_the_next_free_port_is_taken() -> None:
    with free_socket() as listener:
        taken = listener.getsockname()[1]
        assert run.free_port(taken) > taken
        with pytest.raises(run.Stop, match=f"Port {taken} is taken"):
            run.free_port(taken, tries=1)


def test_the_first_settings_are_for_development_and_private(settings: Path) -> None:
    run.write_env()
    assert settings.stat().st_mode & 0o777 == 0o600
    assert run.is_development()
    assert len(run.setting("SECRET_KEY")) >= 32
    assert re.fullmatch(r"http://127\.0\.0\.1:5\d\d\d", run.setting("PUBLIC_URL"))
    before = settings.read_text()
    run.write_env()
    assert settings.read_text() == before


@pytest.mark.parametrize("known", [{"SECRET_KEY": "x" * 40}, {"APP_ENV": "production"}], ids=["a key", "production"])
def test_settings_given_by_the_environment_need_no_file(
    settings: Path, known: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in known.items():
        monkeypatch.setenv(name, value)
    run.write_env()
    assert not settings.exists()


def test_links_follow_the_port_really_taken_and_the_file_stays(settings: Path) -> None:
    with free_socket() as listener:
        taken = listener.getsockname()[1]
        settings.write_text(f"export APP_ENV='development' # mine\nPUBLIC_URL=http://localhost:{taken}\n")
        port = run.follow_the_port()
    assert port > taken
    assert os.environ["PUBLIC_URL"] == f"http://localhost:{port}"
    assert f"localhost:{taken}" in settings.read_text()


def test_in_production_the_server_behind_the_proxy_is_started(settings: Path) -> None:
    settings.write_text("APP_ENV=production\nPUBLIC_URL=https://mailer.example.org\n")
    assert "gunicorn" in run.services(8000)["web"]
    assert run.setting("PUBLIC_URL") == "https://mailer.example.org"


@pytest.fixture
def checkout() -> Iterator[Path]:
    """A fresh copy of the tree, as after a clone."""
    with short_folder() as folder:
        copy = folder / "mailer"
        shutil.copytree(run.ROOT, copy, ignore=shutil.ignore_patterns(*NOT_COPIED))
        yield copy


class Started:
    """A whole `python3 run.py`. Its output is a pipe that only closes when the last of its processes is gone.

    Use it in a `with`: a failed test leaves nothing running. Two at once could choose the same ports: they take turns.
    """

    def __init__(self, folder: Path) -> None:
        self.said = ""
        self._turn = turn_to_start()
        command, out = [sys.executable, "run.py"], subprocess.PIPE
        environment = PLAIN | {"MAILER_VENV": sys.prefix}
        self.process = subprocess.Popen(
            command, cwd=folder, env=environment, stdout=out, stderr=subprocess.STDOUT, text=True
        )
        self.listener = threading.Thread(target=self._listen)
        self.listener.start()

    def __enter__(self) -> "Started":
        return self

    def __exit__(self, *_error: object) -> None:
        with self._turn:
            if self.process.poll() is None:
                self.end(signal.SIGTERM)

    def _listen(self) -> None:
        assert self.process.stdout
        with self.process.stdout as lines:
            for line in lines:
                self.said += line

    def address(self) -> str:
        """Where the service runs, once it says so."""
        wait_until(lambda: "runs at" in self.said or not self.listener.is_alive(), what="a greeting", timeout_s=120)
        found = re.search(r"The service runs at (\S+)", self.said)
        assert found, self.said
        return found[1]

    def end(self, how: int | None = None) -> int:
        """The exit code after this signal, or by itself; fails when one of its processes outlives it."""
        if how is not None:
            self.process.send_signal(how)
        code = self.process.wait(timeout=60)
        self.listener.join(timeout=5)
        assert not self.listener.is_alive(), f"a process was left behind:\n{self.said}"
        return code


def test_one_command_brings_the_service_up_and_a_signal_ends_all_of_it(checkout: Path) -> None:
    with Started(checkout) as first:
        address = first.address()
        with urllib.request.urlopen(f"{address}/auth/login", timeout=30) as answer:
            assert answer.status == 200
        assert first.end(signal.SIGTERM) == 0, first.said
    assert "@example." in first.said, "the demo's sign-in is printed"
    written = (checkout / ".env").read_text()
    assert f"PUBLIC_URL={address}\n" in written
    with Started(checkout) as second:
        second.address()
        assert second.end(signal.SIGINT) == 0, second.said
    assert "Installing" not in second.said
    assert (checkout / ".env").read_text() == written


def test_a_start_moves_from_a_taken_port_and_leaves_the_settings_alone(checkout: Path) -> None:
    with free_socket() as listener:
        taken = listener.getsockname()[1]
        mine = f"APP_ENV=development\nSECRET_KEY={'k' * 40}\nPUBLIC_URL=http://127.0.0.1:{taken}\n"
        (checkout / ".env").write_text(mine)
        with Started(checkout) as started:
            assert int(started.address().rpartition(":")[2]) > taken
            assert started.end(signal.SIGTERM) == 0, started.said
    assert (checkout / ".env").read_text() == mine


def test_the_worker_starts_when_its_mail_server_listens(tmp_path: Path) -> None:
    with free_socket() as chosen:
        port = chosen.getsockname()[1]
    place = ("127.0.0.1", port)
    inbox = f"import socket, time; time.sleep(2); door = socket.create_server({place}); time.sleep(60)"
    worker = f"import socket, sys; sys.exit(7 if socket.socket().connect_ex({place}) == 0 else 8)"
    lines = {"worker": (sys.executable, "-c", worker), "inbox": (sys.executable, "-c", inbox)}
    code = f"import run, sys; run.services = lambda port: {lines}; sys.exit(run.supervise(1, ''))"
    done = subprocess.run(
        [sys.executable, "-c", code], env=PLAIN | {"MAIL_PORT": str(port)}, cwd=run.ROOT, timeout=60, check=False
    )
    assert done.returncode == 7


def test_when_one_process_dies_the_others_are_stopped_and_its_code_is_told(checkout: Path) -> None:
    (checkout / "tasks.py").write_text("raise SystemExit(7)\n")
    with Started(checkout) as started:
        assert started.end() == 7, started.said
    assert "worker ended by itself" in started.said


def test_a_database_that_cannot_be_reached_is_one_sentence(checkout: Path) -> None:
    address = "postgresql://nobody@127.0.0.1:1/nothing"
    assert_one_sentence(start(checkout, MAILER_VENV=sys.prefix, DATABASE_URL=address), "flask db upgrade", "refused")
