#!/usr/bin/env python3
"""One command to run everything, one to test everything; it needs nothing but Python, and it parses on Python 3.6.

    python3 run.py               set up what is missing, then web, worker and local inbox together, until Ctrl-C
    python3 run.py test ...      the whole suite; what follows is handed to pytest
    python3 run.py web|worker    one of the two alone
"""

import hashlib
import os
import secrets
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from urllib.parse import urlsplit


def too_old(major: int, minor: int) -> str:
    """The sentence for a Python that cannot run the service; nothing for one that can."""
    sentence = (
        "This needs Python 3.11 or newer, and this is Python {}.{}. Install a newer one (Debian, Ubuntu: "
        "apt install python3.12; macOS: python.org or brew install python@3.12), then: python3.12 run.py"
    )
    return "" if (major, minor) >= (3, 11) else sentence.format(major, minor)


if too_old(*sys.version_info[:2]):  # before the first line that an old Python cannot evaluate
    sys.stderr.write(too_old(*sys.version_info[:2]) + "\n")
    sys.exit(2)

ROOT = Path(__file__).resolve().parent
ENV_FILE = ROOT / ".env"
VENV = Path(os.environ.get("MAILER_VENV") or ROOT / ".venv").absolute()
PYTHON = str(VENV / "bin" / "python")
HOST = "127.0.0.1"
FLASK = (PYTHON, "-m", "flask", "--app", "wsgi")
GUNICORN = (PYTHON, "-m", "gunicorn", "-w", "2", "--threads", "4", "--no-control-socket", "wsgi:app")
# -m 1: look into a SQLite queue at least once a second; -g TERM: on SIGTERM let the work in hand end
CONSUMER = (PYTHON, "-m", "huey.bin.huey_consumer", "tasks.huey", "-w1", "-kthread", "-m1", "-gTERM", "-t30")
PYTEST = (PYTHON, "-m", "pytest", "-n", str(min(os.cpu_count() or 2, 8)), "--dist", "worksteal")
STOP_TIMEOUT_S = 40  # more than the consumer's own 30 (-t), after which it still settles what it holds


class Stop(Exception):
    """Nothing can go on: one sentence that says what is wrong and what to do."""


def keep_output(*command: str) -> subprocess.CompletedProcess[str]:
    """Run to the end and keep both outputs."""
    return subprocess.run(command, text=True, errors="replace", capture_output=True, check=False)


def last_words(done: subprocess.CompletedProcess[str]) -> str:
    """What a failed program said last, preferring a line it calls an error itself."""
    said = [line.strip() for line in (done.stdout + done.stderr).splitlines() if line.strip()] or ["nothing"]
    return ([line for line in said if "ERROR: " in line or "Error: " in line] or said)[-1]


def check_folder() -> None:
    """Raise Stop unless files can be made beside this one."""
    if not os.access(ROOT, os.W_OK | os.X_OK):
        raise Stop(f"The folder {ROOT} cannot be written to. Copy the project to one of your own.")


def make_venv() -> None:
    """Make the virtual environment; one that was left half made, or lost its Python, is made anew."""
    if Path(PYTHON).exists() and keep_output(PYTHON, "-c", "import pip").returncode == 0:
        return
    if VENV.exists() and not (VENV / "pyvenv.cfg").exists():  # never empty a folder of somebody else's
        raise Stop(f"{VENV} is not a virtual environment. Move it away and start again.")
    print(f"Making the virtual environment {VENV}", flush=True)
    done = keep_output(sys.executable, "-m", "venv", "--clear", str(VENV))
    if done.returncode:
        raise Stop(
            f"Python could not make the virtual environment {VENV}. On Debian and Ubuntu its venv module is "
            f"missing: apt install python3-venv (as root), and start again. It said: {last_words(done)}"
        )


def install(requirements: str) -> None:
    """Install the pinned libraries, unless exactly these stand already for this Python."""
    pins = (ROOT / name for name in sorted({"requirements.txt", "constraints.txt", requirements}))
    wanted = hashlib.sha256(repr(sys.version_info[:2]).encode() + b"".join(pin.read_bytes() for pin in pins))
    mark = VENV / f"installed-{requirements}"
    if Path(PYTHON).exists() and mark.exists() and mark.read_text() == wanted.hexdigest():
        return
    check_folder()
    make_venv()
    print("Installing the libraries (once; it takes a minute or two)", flush=True)
    options = ("--disable-pip-version-check", "--no-input", "-r", requirements, "-c", "constraints.txt")
    done = keep_output(PYTHON, "-m", "pip", "install", *options)
    if done.returncode:
        raise Stop(
            "The libraries could not be downloaded or installed. Check the network (and HTTPS_PROXY, "
            f"if you are behind a proxy) and start again. The last words were: {last_words(done)}"
        )
    mark.write_text(wanted.hexdigest())


def setting(name: str) -> str:
    """As the service will see it: the environment wins over `.env` (plain NAME=value lines)."""
    text = ENV_FILE.read_text(encoding="utf-8") if ENV_FILE.exists() else ""
    pairs = (line.removeprefix("export ").split(" #")[0].partition("=") for line in text.splitlines())
    values = {key.strip(): value.strip().strip("'\"") for key, _equals, value in pairs}
    return os.environ.get(name) or values.get(name, "")


def is_development() -> bool:
    """Production is the default; only a first start, or a person, says otherwise."""
    return setting("APP_ENV") == "development"


def write_env() -> None:
    """Write the first `.env`, for development, unless the settings are there already."""
    if ENV_FILE.exists() or os.environ.get("SECRET_KEY") or os.environ.get("APP_ENV") == "production":
        return
    check_folder()
    with open(os.open(ENV_FILE, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
        file.write("# Written by run.py at its first start; all settings: .env.example\nAPP_ENV=development\n")
        file.write(f"SECRET_KEY={secrets.token_urlsafe(48)}\nPUBLIC_URL=http://{HOST}:{free_port(5000)}\n")
        file.write(f"MAIL_SERVER={HOST}\nMAIL_PORT={free_port(1025)}\nMAIL_DEFAULT_SENDER=news@example.org\n")


def answers(port: int) -> bool:
    """True when someone listens there."""
    with socket.socket() as caller:
        return caller.connect_ex((HOST, port)) == 0


def is_free(port: int) -> bool:
    """True when we may listen there and nobody else does."""
    try:
        socket.create_server((HOST, port)).close()
    except OSError:
        return False
    return not answers(port)  # macOS's AirPlay lets others listen beside it


def free_port(first: int, tries: int = 50) -> int:
    """`first`, or the next port that nobody has."""
    for port in range(first, min(first + tries, 65536)):
        if is_free(port):
            return port
    raise Stop(f"Port {first} is taken, and no other may be used. Stop what listens there and start again.")


def follow_the_port() -> int:
    """Choose the ports; links and letters of development follow them, through the children's environment."""
    if not is_development():  # a proxy points to it: it must not wander
        return free_port(8000, tries=1)
    if setting("MAIL_SERVER") in {"", HOST}:  # any other, localhost too, is a mail server of the person's own
        mail_port = setting("MAIL_PORT")
        os.environ.update(MAIL_SERVER=HOST, MAIL_PORT=str(free_port(int(mail_port) if mail_port.isdigit() else 1025)))
    url = urlsplit(setting("PUBLIC_URL") or f"http://{HOST}:5000")
    is_ours = url.hostname in {HOST, "localhost"}
    port = free_port((url.port if is_ours else None) or 5000)
    if is_ours:
        os.environ["PUBLIC_URL"] = f"http://{url.hostname}:{port}"
    return port


def services(port: int) -> dict[str, tuple[str, ...]]:
    """The commands that run together; the development web server never listens beyond this machine."""
    if not is_development():
        return {"web": (*GUNICORN, "--bind", f"{HOST}:{port}"), "worker": CONSUMER}
    inbox = {"inbox": (*FLASK, "inbox")} if setting("MAIL_SERVER") == HOST else {}
    return {**inbox, "web": (*FLASK, "run", "--host", HOST, "--port", str(port)), "worker": (*CONSUMER, "-q")}


def flask(*arguments: str) -> str:
    """What a flask command printed; raises Stop with its last line."""
    done = keep_output(*FLASK, *arguments)
    if done.returncode:
        raise Stop(f"flask {' '.join(arguments)}: {last_words(done)}")
    return done.stdout.strip()


def stop(running: dict[str, subprocess.Popen[bytes]]) -> None:
    """Ask all to end, wait for the letters on the wire, and only then use force."""
    for process in running.values():
        process.terminate()  # once: a second SIGTERM makes the consumer drop its work
    deadline = time.monotonic() + STOP_TIMEOUT_S
    for name, process in running.items():
        try:
            process.wait(max(0.1, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            print(f"{name} did not end in {STOP_TIMEOUT_S} s and was killed.", flush=True)
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def supervise(port: int, greeting: str) -> int:
    """Run all until a signal (0) or until one ends by itself (its exit code); nothing is left running."""
    asked, ended = list[int](), list[str]()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) is not signal.SIG_IGN:  # nohup
            signal.signal(number, lambda seen, _frame: asked.append(seen))
    lines, running = services(port), dict[str, subprocess.Popen[bytes]]()
    try:
        while not asked and not ended:
            for name in [name for name in lines if name not in running]:
                # a worker that finds no mail server pauses before it tries again: the inbox comes first
                if name != "worker" or "inbox" not in lines or answers(int(setting("MAIL_PORT"))):
                    # a session of its own: Ctrl-C reaches only this process, which passes on a gentle SIGTERM
                    running[name] = subprocess.Popen(lines[name], start_new_session=True)
            if greeting and answers(port):
                print(greeting, flush=True)
                greeting = ""
            time.sleep(0.2)
            ended = [name for name, process in running.items() if process.poll() is not None]
        print("Stopping ..." if asked else f"{ended[0]} ended by itself, so everything stops.", flush=True)
    finally:
        stop(running)
    return 0 if asked else abs(running[ended[0]].returncode) or 1


def main(verb: str = "all", *rest: str) -> int:
    """Do what was asked for; returns the exit code."""
    if verb not in {"all", "test", "web", "worker"}:
        raise Stop(f"run.py does not know '{verb}'.\n{__doc__}")
    os.chdir(ROOT)
    install("requirements-dev.txt" if verb == "test" else "requirements.txt")
    if verb == "test":
        os.execv(PYTHON, (*PYTEST, *rest))  # its signals and its exit code are then ours
    write_env()
    if verb == "worker":
        os.execv(PYTHON, (*CONSUMER, *rest))
    port = follow_the_port()
    flask("db", "upgrade")
    if verb == "web":
        os.execv(PYTHON, (*services(port)["web"], *rest))
    sign_in = flask("demo") if is_development() else ""
    return supervise(port, f"\nThe service runs at {setting('PUBLIC_URL')} (Ctrl-C stops it)\n{sign_in}\n")


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # while setting up it ends as on Ctrl-C
    try:
        sys.exit(main(*sys.argv[1:]))
    except (Stop, OSError) as sentence:  # a full disk, a folder without rights: the system's own words
        print(sentence, file=sys.stderr)
        sys.exit(2)
    except KeyboardInterrupt:
        sys.exit(130)
