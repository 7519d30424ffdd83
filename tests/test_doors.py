"""What stops the service is said in one clear line, whichever door is opened."""

import os
import secrets
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from mailer.config import ROOT, Config, ConfigError
from mailer.dispatch.engine import server_of

PRODUCTION = {
    "APP_ENV": "production",
    "SECRET_KEY": "kJ3vb8-Zq0_pL5sXw7Rt2Yn6Hd9Gf1Ac",
    "PUBLIC_URL": "https://mailer.example.org",
    "MAIL_SERVER": "127.0.0.1",
    "MAIL_DEFAULT_SENDER": "news@example.org",
}


def run(*command: str, folder: Path, **settings: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(Path(sys.executable).with_name(command[0])), *command[1:]],
        cwd=ROOT,
        env={"PATH": os.environ["PATH"], "INSTANCE_DIR": str(folder), "VAR_DIR": str(folder), **PRODUCTION, **settings},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"SECRET_KEY": ""}, "SECRET_KEY is missing"),
        ({"SECRET_KEY": "short"}, "SECRET_KEY is too short"),
        ({"SECRET_KEY": "a" * 64}, "too simple"),
        ({"SECRET_KEY": "1234567890" * 4}, "too simple"),
        ({"SECRET_KEY": "0123456789abcdef" * 2}, "too simple"),
        ({"SECRET_KEY": "change-me-please-change-me-please-now"}, "too simple"),
        ({"SECRET_KEY": "My-Secret-kJ3vb8-Zq0_pL5sXw7Rt2Yn6"}, "too simple"),
        ({"PUBLIC_URL": "http://mailer.example.org"}, "PUBLIC_URL must begin with https"),
        ({"PUBLIC_URL": "ftp://mailer.example.org"}, "PUBLIC_URL must begin with http"),
        ({"PUBLIC_URL": "https://"}, "PUBLIC_URL must begin with http"),
        ({"PUBLIC_URL": "https:// x"}, "must name a host"),
        ({"PUBLIC_URL": "https://?"}, "must name a host"),
        ({"PUBLIC_URL": "https://:443"}, "must name a host"),
        ({"PUBLIC_URL": "https://mailer.example.org/a b"}, "must name a host"),
        ({"PUBLIC_URL": "https://mailer.example.org?a=b"}, "must name a host"),
        ({"PUBLIC_URL": "https://me@mailer.example.org"}, "must name a host"),
        ({"MAIL_SERVER": ""}, "MAIL_SERVER is missing"),
        ({"MAIL_USERNAME": "me"}, "go together"),
        ({"MAIL_USERNAME": "me", "MAIL_PASSWORD": "secret"}, "never sent in the clear"),
        ({"MAIL_USE_TLS": "yes", "MAIL_USE_SSL": "yes"}, "exclude each other"),
        ({"MAIL_PORT": "many"}, "MAIL_PORT"),
        ({"SEND_CONNECTIONS": "251"}, "SEND_CONNECTIONS is “251”; it must be a whole number from 1 to 250"),
        ({"DATABASE_URL": "mysql://x/y"}, "only sqlite and postgresql"),
        ({"DATABASE_URL": "::"}, "DATABASE_URL cannot be read"),
        ({"DATABASE_URL": "sqlite://"}, "must name a SQLite file"),
        ({"APP_ENV": "prod"}, "APP_ENV"),
        ({"TIME_ZONE": "Mars/Phobos"}, "TIME_ZONE"),
    ],
    ids=str,
)
def test_settings_that_cannot_be_used_are_named(settings: dict[str, str], words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        Config.from_env(PRODUCTION | settings)


def test_good_production_settings_are_taken() -> None:
    assert Config.from_env(PRODUCTION).is_https
    assert Config.from_env(PRODUCTION | {"SEND_CONNECTIONS": "250"}).sending.connections == 250


@pytest.mark.parametrize(("settings", "is_ahead"), [({}, True), ({"MAIL_LOOK_AHEAD": "no"}, False)])
def test_look_ahead_can_be_switched_off(settings: dict[str, str], is_ahead: bool) -> None:
    assert server_of(Config.from_env(PRODUCTION | settings).mail).settings.look_ahead is is_ahead


HOSTS = ("mailer.example.org", "Mailer.example.org:8443/news/", "localhost", "192.0.2.1", "[2001:db8::1]", "почта.рф")


@pytest.mark.parametrize("host", HOSTS)
def test_a_site_may_have_any_address(host: str) -> None:
    assert Config.from_env(PRODUCTION | {"PUBLIC_URL": f"https://{host}"}).public_url == f"https://{host.rstrip('/')}"


@pytest.mark.parametrize("make", [secrets.token_hex, secrets.token_urlsafe], ids=["hex", "urlsafe"])
def test_random_keys_are_taken(make: Callable[[int], str]) -> None:
    for _n in range(100):
        Config.from_env(PRODUCTION | {"SECRET_KEY": make(32)})


def test_a_door_says_in_one_line_why_it_stays_shut(tmp_path: Path) -> None:
    found = run("flask", "send", folder=tmp_path, SECRET_KEY="short")
    assert found.returncode != 0
    assert "SECRET_KEY is too short" in found.stderr
    assert len(found.stderr.strip().splitlines()) == 1


def test_the_server_of_the_pages_ends_with_that_line_too(tmp_path: Path) -> None:
    found = run("gunicorn", "--no-control-socket", "--bind", "127.0.0.1:0", "wsgi:app", folder=tmp_path, SECRET_KEY="x")
    assert found.returncode != 0
    assert found.stderr.count("SECRET_KEY is too short") == 1
    assert "Traceback" not in found.stderr


def test_production_does_not_start_with_debug_on(tmp_path: Path) -> None:
    found = run("flask", "send", folder=tmp_path, FLASK_DEBUG="1")
    assert found.returncode != 0
    assert "FLASK_DEBUG is on" in found.stderr
    assert len(found.stderr.strip().splitlines()) == 1


def test_a_database_that_is_not_migrated_is_one_line(tmp_path: Path) -> None:
    found = run("flask", "send", folder=tmp_path)
    assert found.returncode != 0
    assert "flask db upgrade" in found.stderr
    assert "Traceback" not in found.stderr


def test_a_database_that_is_not_there_is_one_line(tmp_path: Path) -> None:
    found = run("flask", "db", "upgrade", folder=tmp_path, DATABASE_URL="postgresql://nobody@127.0.0.1:1/none")
    assert found.returncode != 0
    assert "the database cannot be used" in found.stderr
    assert "Traceback" not in found.stderr
