"""The first two minutes: from a fresh copy and README's first command to a letter in the inbox, in a real browser.

What the commands do when something is missing is in test_run.py; here everything is there.
"""

import os
import re
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

import run
from tests.support.chromium import Complaints
from tests.support.processes import wait_until
from tests.test_run import PLAIN, Started
from tests.test_run import checkout as fresh_checkout

checkout = fresh_checkout
PATIENCE_MS = 120_000


def first_command() -> str:
    """What README tells a newcomer to type first."""
    found = re.search(r"^python3 .*$", (run.ROOT / "README.md").read_text("utf-8"), re.MULTILINE)
    assert found
    return found[0]


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty home folder."""
    monkeypatch.setitem(PLAIN, "HOME", str(tmp_path))
    return tmp_path


@pytest.fixture
def service(checkout: Path, home: Path) -> Iterator[Started]:
    """Everything that the first command starts."""
    assert first_command() == "python3 run.py"
    with Started(checkout) as started:
        started.address()
        wait_until(lambda: "with the password" in started.said, what="the sign-in")
        yield started
    sys.stdout.write(started.said)  # shown when the test fails


def sign_in(page: Page, said: str) -> None:
    found = re.search(r"with the password (\S+)\s+(\S+@\S+)", said)
    assert found, said
    page.goto("/auth/login")
    page.get_by_label("E-mail or user name", exact=False).fill(found[2])
    page.locator("[name=password]").fill(found[1])
    page.locator("main [type=submit]").click()
    page.wait_for_url(lambda url: "/auth/login" not in url)


@pytest.mark.browser
def test_a_newcomer_sees_a_letter_arrive(service: Started, browser: Browser, home: Path) -> None:
    address = service.address()
    context = browser.new_context(base_url=address, locale="en-GB", timezone_id="Europe/London")
    page = context.new_page()
    complaints = Complaints(page, address)
    page.goto("/inbox/")
    first = page.locator("#letters tbody a").first
    first.wait_for(timeout=PATIENCE_MS)  # nobody reloads: the list asks for itself
    first.click()
    assert page.frame_locator("iframe").get_by_role("heading").first.inner_text()
    sign_in(page, service.said)
    for path in ("/", "/clients/", "/messages/", "/mailings/", "/reports/", "/blog/"):
        answer = page.goto(path)
        assert answer
        assert answer.ok, path
    context.close()
    assert not complaints.seen
    assert service.end(signal.SIGTERM) == 0, service.said
    assert "Traceback" not in service.said
    assert "trouble" not in service.said, "the worker found its mail server at the first try"
    # pip asks rustc for its version, and where rustup stands in for it, that makes its folder: not ours
    assert set(os.listdir(home)) <= {".rustup"}


def test_production_is_not_started_with_what_is_known_to_everybody(checkout: Path) -> None:
    production = {"APP_ENV": "production", "SECRET_KEY": "k3" * 20, "PUBLIC_URL": "https://mailer.example.org"}
    for verb in ("inbox", "demo"):
        done = run.subprocess.run(
            [run.sys.executable, "-m", "flask", "--app", "wsgi", verb],
            cwd=checkout,
            env=PLAIN | production | {"MAIL_SERVER": "127.0.0.1"},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode != 0, done.stdout
        assert "Traceback" not in done.stderr
